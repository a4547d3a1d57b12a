"""What a bug report should say of an installation."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

from cppdynarray._core import _memory
from cppdynarray._core._array import DynamicArray, memory_of
from cppdynarray._version import __version__
from cppdynarray.options import get_options

__all__ = ["show_config"]

# Linux says here what it grants; other systems have no such files.
_HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/enabled"
_OVERCOMMIT = "/proc/sys/vm/overcommit_memory"


def _system_setting(file: str) -> str:
    """What a file of the system says in one line."""
    try:
        return Path(file).read_text().strip()
    except OSError:
        return "unknown"


def _config() -> dict[str, dict[str, Any]]:
    statistics = _memory.statistics()
    new = memory_of(DynamicArray()) or {}
    return {
        "versions": {
            "cppdynarray": __version__,
            "numpy": np.__version__,
            "python": f"{platform.python_implementation()} {platform.python_version()}",
            "platform": platform.platform(),
        },
        "build": _memory.build(),
        "options": dict(get_options()),
        "new_array": {name: new[name] for name in ("reserved_bytes", "committed_bytes", "on_heap")},
        "arrays": {name: statistics.pop(name) for name in ("mapped_blocks", "mapped_bytes")},
        "system": statistics
        | {"huge_pages": _system_setting(_HUGE_PAGES), "overcommit_memory": _system_setting(_OVERCOMMIT)},
    }


@overload
def show_config(mode: Literal["stdout"] = "stdout") -> None: ...
@overload
def show_config(mode: Literal["dicts"]) -> dict[str, dict[str, Any]]: ...
def show_config(mode: str = "stdout") -> dict[str, dict[str, Any]] | None:
    """
    Show versions, compiler, options and what the system grants, for a bug report.

    Parameters
    ----------
    mode : {'stdout', 'dicts'}, optional
        Print the configuration, or return it; as for ``numpy.show_config``.

    Returns
    -------
    dict of dicts, or None
        For ``mode="dicts"`` the sections: ``versions``; ``build``, what the extension modules
        were compiled with; ``options``, those of `get_options`; ``new_array``, what memory an
        array made now gets; ``arrays``, what memory all arrays have; ``system``, page sizes and limits.

    Raises
    ------
    ValueError
        For another `mode`.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> config = cda.show_config(mode="dicts")
    >>> config["versions"]["cppdynarray"] == cda.__version__
    True
    >>> config["options"] == cda.get_options()
    True
    """
    if mode not in ("stdout", "dicts"):
        raise ValueError(f"mode must be 'stdout' or 'dicts', not {mode!r}")
    config = _config()
    if mode == "dicts":
        return config
    for section, values in config.items():
        print(f"{section}:")
        for name, value in values.items():
            print(f"  {name}: {value}")
    return None
