"""Machines that stop while files are written; see power_cuts.py, which does as many as you like."""

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("there are no arrays on files on Windows", allow_module_level=True)

import power_cuts


@pytest.mark.parametrize("part", range(4))
def test_after_a_power_cut_every_file_opens_with_what_was_synced(rng, part):
    """A thousand cuts in all. See to it that many rows are proved which were not synced: else this says little."""
    proved = sum(power_cuts.run_program(int(seed), 25) for seed in rng.integers(1 << 30, size=10))
    print("rows proved beside those synced:", proved)
    assert proved > 0


def test_the_cuts_find_what_believes_too_much(monkeypatch):
    """The header's number alone is too much to believe."""
    real = power_cuts.cda.files._files

    class Believing:
        def __getattr__(self, name):
            return getattr(real, name)

        def prove(self, file, text, count, limit, *layout):
            return limit

    monkeypatch.setattr(power_cuts.cda.files, "_files", Believing())
    with pytest.raises(AssertionError, match="was never there"):
        for seed in range(100):
            power_cuts.run_program(seed, 25)
