from typing import Any

from cppdynarray import DynamicArray

__all__ = ["assert_invariants", "assert_not_held"]

def assert_invariants(array: DynamicArray[Any, Any]) -> None: ...
def assert_not_held(obj: object, d: DynamicArray[Any, Any]) -> None: ...
