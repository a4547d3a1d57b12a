from contextlib import AbstractContextManager
from dataclasses import dataclass

__all__ = ["Report", "disable", "enable", "enabled", "report"]

@dataclass(frozen=True)
class Compilation:
    names: tuple[str, ...]
    seconds: float
    source_bytes: int
    library_bytes: int

@dataclass(frozen=True)
class Report:
    native: tuple[str, ...]
    fallbacks: tuple[tuple[str, str, str], ...]
    compilations: tuple[Compilation, ...]
    native_count: int
    fallback_count: int
    found: int
    fused_steps: int
    no_compiler: bool = ...

def enable() -> None: ...
def disable() -> None: ...
def enabled(value: bool = True) -> AbstractContextManager[None]: ...
def report() -> Report: ...
