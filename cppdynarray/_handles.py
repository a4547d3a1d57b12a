"""What compiled modules ask for by this name: the headers' PyImport_ImportModule("cppdynarray._handles")."""

from cppdynarray._core._handles import api, handle_capsule, table_capsule  # noqa: F401
