from typing import Any

from cppdynarray import DynamicTable, LiveArray

def assert_not_held(obj: object, d: LiveArray[Any, Any] | DynamicTable) -> None: ...
