from collections.abc import Callable
from typing import Any

class Random:
    def __init__(self, buffer: Any, index: Any, draw: Callable[[int], Any]) -> None: ...

class Queue:
    def __init__(self, capsule: object, keep: object, functions: tuple[int, int, int] | None = ...) -> None: ...
    @property
    def address(self) -> int: ...

class Call:
    def __init__(
        self, function: int, slots: list[int | Random], keep: object, explain: Callable[[Exception], Exception]
    ) -> None: ...
    def __call__(self) -> None: ...

class Steps:
    def __init__(
        self,
        calls: list[tuple[Call, int]],
        clocks: list[tuple[Any, Any, Any, int, int]] = ...,
        slice: float = ...,
        epsilon: float = ...,
    ) -> None: ...
    @property
    def steps(self) -> int: ...
    def __call__(self) -> None: ...

def nothing(*args: object) -> None: ...
