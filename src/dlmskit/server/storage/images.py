"""Blocks of a firmware image on disk: what arrived is there after a power cut, and the transfer goes on from the bitmap."""

from __future__ import annotations

from collections.abc import Sequence

from dlmskit.cosem.images import blocks_of
from dlmskit.server.storage.database import Database
from dlmskit.types.obis import Obis


class StoredImage:
    """An `ImageStore` of one Image transfer object."""

    def __init__(self, database: Database, sap: int, logical_name: Obis) -> None:
        self._database = database
        self._key = sap, logical_name.octets
        found = database.read("SELECT identifier, size, block_size FROM image WHERE sap = ? AND logical_name = ?", self._key)
        self.identifier, self.size, self.block_size = found[0] if found else (b"", 0, 1)
        query = "SELECT number FROM image_block WHERE sap = ? AND logical_name = ?"
        self._received = bytearray(blocks_of(self.size, self.block_size))
        for (number,) in database.read(query, self._key):
            self._received[number] = 1

    def begin(self, identifier: bytes, size: int, block_size: int) -> None:
        """Forget what was kept, as one change."""
        with self._database.transaction():
            self._database.write("DELETE FROM image_block WHERE sap = ? AND logical_name = ?", self._key)
            self._database.write(
                "INSERT INTO image VALUES (?, ?, ?, ?, ?) ON CONFLICT (sap, logical_name) DO UPDATE SET"
                " identifier = excluded.identifier, size = excluded.size, block_size = excluded.block_size",
                (*self._key, identifier, size, block_size),
            )
        self.identifier, self.size, self.block_size = identifier, size, block_size
        self._received = bytearray(blocks_of(size, block_size))

    def get(self, number: int) -> bytes | None:
        """A block."""
        if not self._received[number]:
            return None
        query = "SELECT octets FROM image_block WHERE sap = ? AND logical_name = ? AND number = ?"
        return bytes(self._database.read(query, (*self._key, number))[0][0])

    def put(self, number: int, octets: bytes) -> None:
        """Keep a block."""
        self._database.write("INSERT INTO image_block VALUES (?, ?, ?, ?)", (*self._key, number, octets))
        self._received[number] = 1

    def received(self) -> Sequence[bool]:
        """For each block whether it is here."""
        return [bool(here) for here in self._received]

    def image(self) -> bytes:
        """The whole image."""
        query = "SELECT octets FROM image_block WHERE sap = ? AND logical_name = ? ORDER BY number"
        return b"".join(octets for (octets,) in self._database.read(query, self._key))
