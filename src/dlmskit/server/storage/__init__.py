"""State of a meter in one SQLite file: values, profile rows, invocation counters; it survives kill -9 at any moment."""

from dlmskit.server.storage.counters import StoredCounters, StoredWindows
from dlmskit.server.storage.database import Database
from dlmskit.server.storage.failure import StoreFailed
from dlmskit.server.storage.images import StoredImage
from dlmskit.server.storage.rows import StoredRows
from dlmskit.server.storage.sealed import MemorySecrets, NoSecrets, SealedSecrets, SecretStore
from dlmskit.server.storage.values import StoredValues

__all__ = [
    "Database",
    "MemorySecrets",
    "NoSecrets",
    "SealedSecrets",
    "SecretStore",
    "StoreFailed",
    "StoredCounters",
    "StoredImage",
    "StoredRows",
    "StoredValues",
    "StoredWindows",
]
