"""What results depend on: the machine, the system and the versions; nothing that names a person."""

import datetime
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .peak import figure

PACKAGES = ["cppdynarray", "numpy", "cyarray", "awkward", "brian2", "npy-append-array", "h5py", "tables", "zarr"]


def first_line(path, prefix=""):
    """The first line of a file that starts so, without that; nothing where there is none."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return ""
    found = (line for line in lines if line.startswith(prefix))
    return next(found, "").removeprefix(prefix).lstrip("\t :")


def installed(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def commit():
    """The commit of the library, where this is a clone of its repository."""
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=Path(__file__).parent,
            capture_output=True, text=True, check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def machine():
    """A dict from what it is to what it says."""
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "processor": first_line("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": os.cpu_count(),
        "memory": f"{figure('/proc/meminfo', 'MemTotal') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, {' '.join(platform.libc_ver())}",
        "huge pages": first_line("/sys/kernel/mm/transparent_hugepage/enabled"),
        "Python": f"{platform.python_version()}, {platform.python_compiler()}",
        **{package: installed(package) for package in PACKAGES},
    }
