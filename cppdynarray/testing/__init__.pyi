from typing import Any

from cppdynarray import DynamicArray

__all__ = ["assert_invariants"]

def assert_invariants(array: DynamicArray[Any, Any]) -> None: ...
