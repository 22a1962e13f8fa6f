"""A database file for the wing's SQLite adapters."""

from tests.unit.adapters.sqlite.conftest import open_store, path, store  # noqa: F401 (fixtures)
