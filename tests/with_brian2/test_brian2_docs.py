"""The examples in the package and in docs/brian2.md run."""

import base64
import doctest
import hashlib
import importlib.metadata
import pkgutil
import re
from pathlib import Path

import pytest
import run_examples
from brian2_process import run_brian2

from optional_libraries import import_library
from pages import code_blocks

growing = import_library("cppdynarray.brian2")
prefs = import_library("brian2").prefs
PAGE = Path(__file__).parents[2] / "docs" / "brian2.md"
MODULES = [
    growing,
    *(importlib.import_module(f"{growing.__name__}.{name}") for _, name, _ in pkgutil.iter_modules(growing.__path__)),
    importlib.import_module(f"{growing.__name__}.direct.reporting"),
]
# (where it is to be found, its name) of each public function
PUBLIC = [
    *((growing, name) for name in growing.__all__ if name != "direct"),
    *((growing.direct, name) for name in growing.direct.__all__),
]
NATIVE = growing.direct.is_supported()  # otherwise enable() refuses
FINDER = doctest.DocTestFinder(exclude_empty=True)
EXAMPLES = {test.name: test for module in MODULES for test in FINDER.find(module) if test.examples}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name):
    if ".direct." in name and not NATIVE:
        pytest.skip("native code needs Brian2 2.11")
    output = []
    failed = doctest.DocTestRunner(verbose=False).run(EXAMPLES[name], out=output.append).failed
    assert failed == 0, "".join(output)


@pytest.mark.parametrize(("module", "name"), PUBLIC, ids=[f"{module.__name__}.{name}" for module, name in PUBLIC])
def test_every_public_name_has_an_example(module, name):
    assert f"{getattr(module, name).__module__}.{name}" in EXAMPLES


def test_code_on_the_page_runs():
    pytest.importorskip("matplotlib", reason="the page draws")
    blocks = [block for block in code_blocks(PAGE.read_text()) if NATIVE or ".direct." not in block]
    first = ["import os, tempfile", "os.environ['MPLBACKEND'] = 'agg'", "os.chdir(tempfile.mkdtemp())"]
    run_brian2("\n".join(first + blocks))


def test_the_page_names_what_there_is():
    page = PAGE.read_text()
    assert set(re.findall(r"cppdynarray\.brian2\.(\w+)", page)) == set(growing.__all__)
    assert set(re.findall(r"cppdynarray\.brian2\.direct\.(\w+)", page)) == set(growing.direct.__all__)


def test_the_page_names_all_preferences():
    preferences, _ = prefs.pref_register["cppdynarray"]
    assert set(re.findall(r'prefs\["cppdynarray\.(\w+)"\]', PAGE.read_text())) == set(preferences)


# What the page says, paragraph by paragraph, in some of its words, and what holds it: tests, in the files of this
# folder, and programs that measure or compare.
HELD = {
    "no preference needs to be": ["direct_defaults::one_call_and_no_preference_are_enough"],
    "no file of Brian2 is changed": ["brian2_docs::no_file_of_brian2_is_changed"],
    "with any target and older versions": ["brian2_networks::several_runs"],
    "as a multiple of native code's processor time": ["compare_native.py"],
    "`tests/with_brian2/compare_native.py` measures this": ["compare_native.py"],
    "Ten of Brian2's own examples": ["brian2_docs::the_number_of_examples", "run_examples.py"],
    "one small C++ file with all that isn't compiled yet": ["direct_cache::all_that_is_missing_is_one_library"],
    "values, sizes and names compile nothing": ["direct_cache::other_names_sizes_and_values_compile_nothing"],
    "nothing changed since its last run generates no code": ["direct_second_run::a_change_is_noticed"],
    "share nothing, and run at the same time": [
        "direct_threads::timed_arrays_are_each_networks_own", "direct_threads::synapses_are_each_networks_own",
        "direct_runs::a_thread_reads_states_while_steps_run",
    ],
    "Many steps without Python between them": ["direct_runs::values_are_those_of_cython"],
    "a recording can be looked at while the network runs": [
        "brian2_views::the_array_itself_grows_while_the_network_runs",
        "direct_runs::a_thread_reads_spikes_while_steps_run",
    ],
    "`direct` needs Brian2 2.11": ["direct_cache::older_versions_are_refused"],
    "Here they stay valid, and live": [
        "brian2_views::values_of_monitors_that_are_gone", "brian2_views::times_held_across_another_run",
        "brian2_views::weights_of_before_another_connect",
    ],
    "1.01 times their 160 MB": ["compare_with_stock.py"],
    "Looking at it while it runs": ["brian2_views::the_array_itself_grows_while_the_network_runs"],
    "work with a `PopulationRateMonitor` too": ["brian2_networks::store_and_restore"],
    "`dynamic_array(monitor, name)` gives the array itself": ["brian2_views::only_what_grows_and_is_ours_is_given"],
    "they keep their length": ["brian2_arrays::a_view_of_the_data_is_plain_keeps_its_length_and_stays_live"],
    "whose rows are whole": ["brian2_table::a_monitor_is_a_table"],
    "a time is there with all of its values": ["brian2_table::rows_are_whole_beside_a_network_that_runs"],
    "What exists keeps its arrays": ["brian2_device::what_exists_stays_as_it_is_and_runs_when_switched"],
    "the arrays are ours while `direct` is on": [
        "direct_defaults::enabling_it_enables_the_arrays_unless_they_are_disabled_afterwards"
    ],
    "`ValueError` that names the variables": ["brian2_compiled::arrays_of_both_kinds_in_one_code_object_are_an_error"],
    "Numpy code takes any mix": ["brian2_compiled::arrays_of_both_kinds_are_no_matter_for_numpy_code"],
    "In a preference file of your own": ["brian2_preference::a_preference_file_that_the_user_reads"],
    "`devices.cppdynarray.enabled = True`": [
        "brian2_preference::a_preference_file_is_heeded_whatever_is_imported_first"
    ],
    "is kept apart": [
        "brian2_compiled::code_for_the_two_kinds_of_arrays_is_kept_apart_in_one_cache",
        "brian2_compiled::names_of_capsules_tell_the_headers_apart",
    ],
    "record to files": ["recording::files_have_what_memory_has"],
    "What was recorded outlives the process however it ends": [
        "recording::a_run_that_is_killed_keeps_what_it_recorded", "recording::others_follow_while_it_runs",
        "recording::whole_rows_wherever_a_recording_is_killed",
    ],
    "What exists is not overwritten": ["recording::files_are_not_overwritten_unless_that_is_asked_for"],
    "A full disk ends the run": ["recording::a_full_disk_ends_the_run_with_an_oserror"],
    "all that is missing is compiled together": ["direct_cache::all_that_is_missing_is_one_library"],
    "a triple of the code object, its": ["direct_cache::a_function_without_cpp_falls_back_alone"],
    "each code object by itself, with the same results": ["direct_cache::a_function_without_cpp_falls_back_alone"],
    "and with it strings such as": ["direct_runs::strings_are_numpys_unless_their_target_is_cython"],
    "functions without an implementation in C++": [
        "direct_cache::a_function_without_cpp_falls_back_alone",
        "direct_cache::a_function_with_a_python_object_falls_back_alone", "direct_gsl::gsl_comes_to_the_same",
    ],
    "a dynamic array of Brian2's own": ["direct_defaults::what_was_made_before_is_told_and_runs_by_brian2"],
    "what the compiler refuses": [
        "direct_cache::a_compile_error_warns_and_falls_back",
        "direct_cache::what_the_compiler_refuses_is_compiled_without",
    ],
    "Brian2 decides only then": ["direct_defaults::what_was_made_before_is_told_and_runs_by_brian2"],
    "a call makes steps for 20 ms": [
        "brian2_docs::the_page_says_for_how_long_steps_are_made", "direct_runs::reports_come_in_time",
        "direct_runs::stop_from_a_thread", "direct_runs::ctrl_c_leaves_whole_steps",
    ],
    "one call a step for native objects": [
        "direct_runs::what_python_has_nothing_to_do_between_is_one_call_a_step"
    ],
    "and profiling need Python": [
        "direct_runs::profiling_is_per_object", "direct_runs::a_subclass_that_overrides_run_is_called",
        "direct_runs::steps_with_python_between_are_the_same",
    ],
    "by default in the folder": [
        "direct_cache::by_default_the_directory_is_in_the_users_cache_directory",
        "direct_cache::without_a_home_the_directory_is_a_temporary_one",
        "direct_cache::other_processes_find_it_and_may_run_at_the_same_time",
    ],
    'b2.clear_cache("cppdynarray")': ["direct_cache::clear_cache_knows_the_directory"],
    "including those of TimedArrays": ["direct_cache::other_names_sizes_and_values_compile_nothing"],
    "is compiled again and not loaded": ["direct_cache::a_library_that_is_not_what_was_written_is_not_loaded"],
    "Equations, and numbers in them, are the model": ["direct_cache::equations_and_numbers_in_them_are_compiled"],
    "States, weights and delays may change": ["direct_second_run::a_change_is_noticed"],
    "it counts as changed": ["direct_second_run::what_cannot_be_compared_counts_as_changed"],
    "unless objects of Brian2 were created or deleted": [
        "direct_second_run::an_object_that_belongs_to_no_network_is_told_of_as_ever"
    ],
    "so that no number comes twice": [
        "direct_threads::no_random_number_is_given_twice",
        "direct_threads::what_one_thread_draws_afterwards_is_the_devices_again",
    ],
    "gives `inf` or `nan`": ["direct_runs::division_by_zero"],
    "In single precision": ["direct_runs::single_precision"],
    "differently under `-ffast-math`": ["brian2_docs::brian2s_flags_are_as_the_page_says"],
    "The gallery has": [],  # what it links to, the site's build follows
    "g++ or clang": ["direct_compilers::cc_and_cxx_may_be_scripts_that_run_a_compiler"],
    "on Windows Visual Studio's build tools": ["direct_compilers::what_is_done_with_visual_studio"],
    "Python's headers aren't needed": ["direct_compilers::pythons_headers_are_not_needed"],
    "`report().no_compiler` say so": ["direct_defaults::without_a_compiler_brian2_runs_all_and_says_so"],
    "`pip install ziglang` brings one": [
        "direct_compilers::ziglang", "direct_compilers::cc_and_cxx_may_be_scripts_that_run_a_compiler"
    ],
    "can be taken to a machine without a compiler": [
        "direct_defaults::what_was_compiled_elsewhere_runs_without_a_compiler"
    ],
    "then every number has to be the same": ["direct_runs::values_are_those_of_cython", "run_examples.py"],
    "These programs compare": ["run_suite.py", "run_examples.py", "models.py"],
    "2.9, which knows no C++ arrays": ["brian2_compiled::code_for_the_two_kinds_of_arrays_is_kept_apart_in_one_cache"],
    "an `ImportError` that says what is missing": [
        "brian2_device::a_brian2_without_what_is_needed_is_an_error_that_says_so"
    ],
    "nothing changes there": ["direct_beside_cython::it_comes_to_the_same"],
}


def paragraphs(page):
    """Those of prose, each item of a list as one of its own."""
    text = re.sub(r"^```.*?^```$", "", page, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^(#|\||<!--|!\[).*$", "", text, flags=re.MULTILINE)
    return [" ".join(each.split()) for each in re.split(r"\n\n+|\n(?=- )", text) if each.strip()]


@pytest.mark.parametrize("paragraph", paragraphs(PAGE.read_text()), ids=lambda each: each[:40])
def test_a_paragraph_says_what_is_held(paragraph):
    if paragraph.endswith(":") and len(paragraph) < 120:
        return  # what it leads to says it
    assert [words for words in HELD if words in paragraph], "no test holds it: see HELD"


@pytest.mark.parametrize("words", HELD)
def test_what_holds_it_is_there(words):
    assert sum(words in paragraph for paragraph in paragraphs(PAGE.read_text())) == 1
    for holding in HELD[words]:
        if holding.endswith(".py"):
            assert (Path(__file__).parent / holding).exists()
        else:
            file, name = holding.split("::")
            assert f"\ndef test_{name}(" in (Path(__file__).parent / f"test_{file}.py").read_text()


def test_no_file_of_brian2_is_changed():
    distribution = importlib.metadata.distribution("brian2")
    hashed = [file for file in distribution.files if file.hash and file.suffix in (".py", ".pyx", ".cpp", ".h")]
    assert len(hashed) > 200
    for file in hashed:
        digest = hashlib.new(file.hash.mode, file.read_binary()).digest()
        assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == file.hash.value, file


def test_the_number_of_examples():
    numbers = "No One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve".split()
    (number,) = re.findall(r"(\w+) of Brian2's own examples", PAGE.read_text())
    assert numbers.index(number) == len(run_examples.EXAMPLES)


def test_the_page_says_for_how_long_steps_are_made():
    if not NATIVE:
        pytest.skip("native code needs Brian2 2.11")
    from cppdynarray.brian2.direct import run

    (milliseconds,) = re.findall(r"a call makes steps for (\d+) ms", PAGE.read_text())
    assert int(milliseconds) == run.SLICE * 1000


def test_brian2s_flags_are_as_the_page_says():
    preferences, _ = prefs.pref_register["codegen.cpp"]
    assert {"-ffast-math", "-march=native"} <= set(preferences["extra_compile_args_gcc"].default)


def test_the_pages_commands_can_be_given():
    for command in code_blocks(PAGE.read_text(), "sh"):
        for line in command.splitlines():
            python, program, *options = line.partition("#")[0].split()
            text = (PAGE.parents[1] / program).read_text()
            assert python == "python3" and all(f'"{each}"' in text for each in options if each.startswith("--"))
