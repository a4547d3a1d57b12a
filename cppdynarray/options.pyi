from contextlib import AbstractContextManager
from typing import Literal, TypeAlias, TypedDict, type_check_only

__all__ = ["get_options", "options", "set_options"]

_Backend: TypeAlias = Literal["cpp", "heap"]

@type_check_only
class _Options(TypedDict):
    backend: _Backend
    growth_factor: float
    reserve_bytes: int
    huge_pages: bool

def set_options(
    *, backend: _Backend = ..., growth_factor: float = ..., reserve_bytes: int = ..., huge_pages: bool = ...
) -> None: ...
def get_options() -> _Options: ...
def options(
    *, backend: _Backend = ..., growth_factor: float = ..., reserve_bytes: int = ..., huge_pages: bool = ...
) -> AbstractContextManager[None]: ...
