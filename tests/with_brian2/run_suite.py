"""
Run Brian2's own tests on arrays that grow in place.

    python tests/with_brian2/run_suite.py [--target numpy] [--stock] [test_monitor.py::test_rate_monitor_1 ...]
    python tests/with_brian2/run_suite.py --target direct --whole

Every dynamic array that the tests make has to be one of ours (with --stock: Brian2's own); with the target `direct`,
which is Brian2's Cython target with cppdynarray.brian2.direct, code objects have to run natively. The exit status is 0
if the tests pass, but for those in EXCEPTIONS, which have to fail.
"""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

import brian2
import kept_cache
import pytest
from brian2.core.variables import DynamicArrayVariable
from brian2.devices.device import RuntimeDevice
from brian2.memory import dynamicarray
from brian2.tests import PreferencePlugin

import cppdynarray.brian2
from cppdynarray.brian2 import arrays
from cppdynarray.brian2.device import GrowingRuntimeDevice

FOLDER = Path(brian2.__file__).parent / "tests"
# All that makes dynamic arrays or depends on how they grow.
NUMPY_TESTS = [
    f"test_{name}.py"
    for name in (
        "memory", "monitor", "synapses", "spikegenerator", "subgroup", "poissongroup", "poissoninput", "spikequeue",
        "refractory", "thresholder", "variables", "devices",
    )
]
# For compiled code those that need few modules of their own: compiling one takes seconds.
CYTHON_TESTS = [
    "test_memory.py", "test_spikequeue.py", "test_monitor.py",
    *(
        f"test_synapses.py::test_{name}"
        for name in (
            "connection_arrays", "connection_string_deterministic_full", "incoming_outgoing", "transmission_simple",
        )
    ),
]
# Native code is quick to compile: whole files. By day those that take few minutes, and with --whole all that it can do.
DIRECT_TESTS = [
    f"test_{name}.py"
    for name in ("memory", "monitor", "thresholder", "refractory", "spikegenerator", "poissoninput", "clocks")
]
# GSL and C++ standalone mode run their own code.
WHOLE_DIRECT_TESTS = sorted(
    file.name for file in FOLDER.glob("test_*.py") if not file.name.startswith(("test_GSL", "test_cpp_standalone"))
)
# Left out of these: between them they need 28 modules.
MANY_MODULES = "test_synapses_delay_monitor or test_state_monitor_synapses"
# Tests that fail, and why.
EXCEPTIONS = {}
# With native code; these fail with Brian2's Cython code too.
DIRECT_EXCEPTIONS = {
    "test_neurongroup.py::test_integer_variables_and_mod": (
        "asks for the same bits from two ways to compute v % (i + 1); Brian2 runs it on numpy code alone"
    )
}
if not hasattr(RuntimeDevice, "get_capsule"):
    for name in ("up_down", "down_up"):
        EXCEPTIONS[f"test_memory.py::test_dynamic_array_2d_resize_{name}"] = (
            "other columns on resize: newer versions of Brian2 refuse them too, and it never asks for them"
        )


class OnOurArrays:
    """Marks the exceptions, and counts the dynamic arrays that are made: ours, and Brian2's own."""

    def __init__(self):
        self.made = Counter()

    def pytest_collection_modifyitems(self, items):
        for item in items:
            test = f"{item.path.name}::{item.name}"
            reason = EXCEPTIONS.get(test) or (self.direct and DIRECT_EXCEPTIONS.get(test))
            if reason and not self.stock:
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))

    def count(self):
        add_array = GrowingRuntimeDevice.add_array

        def add_and_count(device, var):
            add_array(device, var)
            if isinstance(var, DynamicArrayVariable):
                self.made[isinstance(device.arrays[var], arrays.DynamicArray)] += 1

        GrowingRuntimeDevice.add_array = add_and_count


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--target", choices=["numpy", "cython", "direct"], default="numpy", help="how Brian2 runs its code")  # noqa: E501
    parser.add_argument("--stock", action="store_true", help="run them on Brian2's own arrays, to compare")
    parser.add_argument("--whole", action="store_true", help="for native code: all of the files, which takes long")
    parser.add_argument("tests", nargs="*", help="files of brian2/tests, or tests in them")
    options = parser.parse_args()

    direct = options.target == "direct"
    if direct and not cppdynarray.brian2.direct.is_supported():
        print(f"Brian2 {brian2.__version__}: native code needs a newer one")
        return 0
    prefs = brian2.prefs
    prefs.reset_to_defaults()
    prefs["codegen.target"] = prefs["codegen.string_expression_target"] = "cython" if direct else options.target
    kept_cache.use()
    if direct:
        cppdynarray.brian2.direct.enable()
    if "logging.warn_for_unused_objects" in prefs:
        prefs["logging.warn_for_unused_objects"] = False
    if not options.stock:
        cppdynarray.brian2.enable()
        # test_memory.py takes the classes from here.
        dynamicarray.DynamicArray = dynamicarray.DynamicArray1D = arrays.DynamicArray

    plugin = OnOurArrays()
    plugin.stock, plugin.direct = options.stock, direct
    plugin.count()
    direct_tests = WHOLE_DIRECT_TESTS if options.whole else DIRECT_TESTS
    tests = options.tests or {"numpy": NUMPY_TESTS, "cython": CYTHON_TESTS, "direct": direct_tests}[options.target]
    tests = [test for test in tests if (FOLDER / test.partition("::")[0]).exists()]
    status = pytest.main(
        [
            *(str(FOLDER / test) for test in tests), "-q", "-c", str(FOLDER / "pytest.ini"),
            "--confcutdir", str(FOLDER.parent), "-p", "no:cacheprovider", "-p", "no:xdist", "--durations=8",
            "-m", "not standalone_only and not long and not gsl",
            *(["-k", f"not ({MANY_MODULES})"] if options.target == "cython" and not options.tests else []),
        ],
        plugins=[PreferencePlugin(prefs), plugin],
    )
    ours, others = plugin.made[True], plugin.made[False]
    print(
        f"Brian2 {brian2.__version__}, {options.target} target: "
        f"{ours} dynamic arrays of cppdynarray, {others} of Brian2's own"
    )
    if direct:
        report = cppdynarray.brian2.direct.report()
        reasons = Counter(f"{template}: {reason}" for _, template, reason in report.fallbacks)
        print(f"{report.native_count} code objects ran natively, {report.fallback_count} were left to Brian2:")
        for reason, count in reasons.most_common():
            print(f"  {count} x {reason}")
        if not report.native_count:
            status = status or 1
    wrong = ours if options.stock else others or not ours
    return status or (1 if wrong else 0)


if __name__ == "__main__":
    os.environ.setdefault("MPLBACKEND", "agg")
    sys.exit(main())
