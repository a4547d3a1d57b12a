"""The preference: from files, set before it is known, switched at any time."""

import pytest
from brian2_process import run_brian2

from optional_libraries import import_library

brian2 = import_library("brian2")
growing = import_library("cppdynarray.brian2")
arrays = import_library("cppdynarray.brian2.arrays")
NAME = "cppdynarray.enabled"


def makes_ours():
    """Whether a dynamic array that is made now is one of ours."""
    monitor = brian2.StateMonitor(brian2.NeuronGroup(1, "v : 1"), "v", record=True)
    return isinstance(monitor.variables["v"].device.arrays[monitor.variables["v"]], arrays.DynamicArray)


def test_disabled_by_default():
    assert brian2.prefs[NAME] is None  # as code is: by Brian2
    assert not makes_ours()


def test_enable_disable_enable():
    for _ in range(2):
        growing.enable()
        assert brian2.prefs[NAME] is True
        assert makes_ours()
        growing.disable()
        assert brian2.prefs[NAME] is False
        assert not makes_ours()


def test_the_preference_alone_does_it():
    brian2.prefs[NAME] = True
    assert makes_ours()
    brian2.prefs.cppdynarray.enabled = False
    assert not makes_ours()


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("value", [False, True])
def test_for_a_block_and_put_back_after_it(before, value):
    brian2.prefs[NAME] = before
    with growing.enabled(value):
        assert makes_ours() == value
    assert makes_ours() == before
    with pytest.raises(ZeroDivisionError), growing.enabled(value):
        raise ZeroDivisionError
    assert brian2.prefs[NAME] is before


def test_blocks_may_be_nested():
    with growing.enabled(), growing.enabled(False), growing.enabled():
        assert makes_ours()
    assert not makes_ours()


@pytest.mark.parametrize("value", [1, "yes"])
def test_only_true_false_and_none(value):
    with pytest.raises(brian2.PreferenceError):
        brian2.prefs[NAME] = value
    with pytest.raises(brian2.PreferenceError), growing.enabled(value):
        pass
    assert brian2.prefs[NAME] is None


def test_resetting_all_preferences_disables():
    growing.enable()
    brian2.prefs.reset_to_defaults()
    assert not makes_ours()


def test_importing_the_modules_again_changes_nothing(tmp_path):
    """In a process of its own: a class that was made twice is no more what its name says, as a pickle notices."""
    code = f"""
        import importlib, brian2
        import cppdynarray.brian2 as growing
        growing.enable()
        device = brian2.get_device()
        for name in ("preference", "device"):
            importlib.reload(importlib.import_module(f"cppdynarray.brian2.{{name}}"))
        importlib.reload(growing)
        print(brian2.get_device() is device)
        print(brian2.prefs["{NAME}"])
    """
    assert run_brian2(code, tmp_path) == ["True", "True"]


def files_may_name_devices():
    """Whether the files that Brian2 reads by itself may name devices that it doesn't know yet."""
    brian2.prefs.prefs_unvalidated["devices.unknown.enabled"] = True
    try:
        brian2.prefs.do_validation()
    except brian2.PreferenceError:
        return False
    finally:
        del brian2.prefs.prefs_unvalidated["devices.unknown.enabled"]
    return True


FILES_MAY_NAME_DEVICES = pytest.mark.skipif(
    not files_may_name_devices(),
    reason="in its own preference files this version of Brian2 refuses all that it doesn't know",
)


@FILES_MAY_NAME_DEVICES
@pytest.mark.parametrize("first", ["brian2", "cppdynarray.brian2"])
@pytest.mark.parametrize("value", [False, True])
def test_a_preference_file_is_heeded_whatever_is_imported_first(first, value, tmp_path):
    (tmp_path / "brian_preferences").write_text(f"devices.cppdynarray.enabled = {value}\n")
    code = f"""
        import {first}, cppdynarray.brian2, brian2
        brian2.prefs.check_all_validated()
        print(brian2.prefs["{NAME}"])
        brian2.prefs.reset_to_defaults()
        print(brian2.prefs["{NAME}"])
    """
    assert run_brian2(code, tmp_path) == [str(value), "None"]


@FILES_MAY_NAME_DEVICES
def test_a_wrong_value_in_a_preference_file_is_an_error_of_brian2s(tmp_path):
    (tmp_path / "brian_preferences").write_text("[devices.cppdynarray]\nenabled = 'certainly'\n")
    code = """
        import brian2
        try:
            import cppdynarray.brian2
        except brian2.PreferenceError as error:
            print(error)
    """
    (message,) = run_brian2(code, tmp_path)
    assert "certainly" in message


def test_a_preference_file_that_the_user_reads(tmp_path):
    path = tmp_path / "preferences"
    path.write_text("[cppdynarray]\nenabled = True\n")
    brian2.prefs.read_preference_file(str(path))
    assert makes_ours()


def test_it_is_among_the_documented_preferences():
    assert "enabled" in brian2.prefs.get_documentation("cppdynarray")
    assert "[cppdynarray]" in brian2.prefs.as_file
