"""show_config(): what it says is what the system, NumPy and the options say."""

import platform
import re
import sys

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray._core._array import memory_of
from subprocesses import linux_only, run_python


def config():
    return cda.show_config(mode="dicts")


def test_versions():
    assert config()["versions"] == {
        "cppdynarray": cda.__version__,
        "numpy": np.__version__,
        "python": f"CPython {platform.python_version()}",
        "platform": platform.platform(),
    }


def test_build():
    build = config()["build"]
    assert re.fullmatch(r"(GCC|Clang|MSVC) \d+.*", build["compiler"])
    assert int(build["cython"].split(".")[0]) >= 3
    built, least = (int(number, 16) for number in re.findall("0x[0-9a-f]+", build["numpy_c_api"]))
    assert built >= least


@pytest.mark.parametrize("changes", [{"backend": "heap"}, {"reserve_bytes": 1 << 30, "growth_factor": 1.5}])
def test_options_and_what_they_do(changes):
    cda._core._memory.trim()  # a new array may get a released block, with the reservation of its time
    with cda.options(**changes):
        shown = config()
        assert shown["options"] == cda.get_options()
        cda._core._memory.trim()
        memory = memory_of(cda.DynamicArray())
    assert shown["new_array"] == {name: memory[name] for name in shown["new_array"]}
    cda._core._memory.trim()


def test_arrays_count():
    before = config()["arrays"]
    kept = [cda.zeros(100_000) for _ in range(10)]
    after = config()["arrays"]
    assert after["mapped_blocks"] == before["mapped_blocks"] + len(kept)
    # Not more than before where they lie in slabs that were mapped already.
    assert after["mapped_bytes"] >= max(before["mapped_bytes"], sum(array.nbytes for array in kept))


@linux_only
def test_system():
    import resource

    system = config()["system"]
    assert system["page_size"] == resource.getpagesize()
    for name, file in (
        ("max_mappings", "/proc/sys/vm/max_map_count"),
        ("overcommit_memory", "/proc/sys/vm/overcommit_memory"),
        ("huge_page_size", "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"),
    ):
        with open(file) as setting:
            assert int(system[name]) == int(setting.read()), name


@linux_only
def test_address_space_is_what_the_limit_leaves():
    limit = 1 << 40
    shown = run_python(f"""
        import resource
        resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))
        import cppdynarray as cda
        print(cda.show_config(mode="dicts")["system"]["address_space_bytes"])
    """)
    assert int(shown) == limit


def test_settings_that_the_system_does_not_have(monkeypatch):
    monkeypatch.setattr(sys.modules["cppdynarray._config"], "_HUGE_PAGES", "/no/such/file")
    assert config()["system"]["huge_pages"] == "unknown"


def test_what_is_printed_is_what_is_returned(capsys):
    assert cda.show_config() is None
    printed = capsys.readouterr().out
    assert printed == "".join(
        f"{section}:\n" + "".join(f"  {name}: {value}\n" for name, value in values.items())
        for section, values in config().items()
    )


def test_other_modes_are_refused():
    with pytest.raises(ValueError, match="mode"):
        cda.show_config(mode="yaml")
