from typing import Any

from cppdynarray import DynamicArray

def assert_not_held(obj: object, d: DynamicArray[Any, Any]) -> None: ...
