"""The tables of a meter's file, format by format, and how its counters leap where it is a copy that was put into its place."""

from __future__ import annotations

FORMAT = 5
"""Version of the tables, kept in the file; a file of an older one gets what is new when it is opened."""

_FORMAT_1 = """
CREATE TABLE note (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE transmit (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE receive (name TEXT PRIMARY KEY, lowest INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE value (
    sap INTEGER, class_id INTEGER, logical_name BLOB, attribute INTEGER, octets BLOB NOT NULL,
    PRIMARY KEY (sap, class_id, logical_name, attribute)
) WITHOUT ROWID;
CREATE TABLE row (
    sap INTEGER, logical_name BLOB, number INTEGER, local_seconds INTEGER, octets BLOB NOT NULL,
    PRIMARY KEY (sap, logical_name, number)
) WITHOUT ROWID;
CREATE INDEX row_by_time ON row (sap, logical_name, local_seconds, number);
"""
_FORMAT_2 = """
CREATE TABLE secret (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
"""
_FORMAT_3 = """
CREATE TABLE lineage (one INTEGER PRIMARY KEY, home TEXT, writes INTEGER NOT NULL, lowest INTEGER NOT NULL);
INSERT INTO lineage SELECT 1, NULL, 0, coalesce(max(number), 0) FROM
    (SELECT max(next) AS number FROM transmit UNION SELECT max(lowest) FROM receive);
"""
"""Where format 2 has counters, they are named otherwise: new names begin above all of them."""
_FORMAT_4 = """
CREATE TABLE image (
    sap INTEGER, logical_name BLOB, identifier BLOB NOT NULL, size INTEGER NOT NULL, block_size INTEGER NOT NULL,
    PRIMARY KEY (sap, logical_name)
) WITHOUT ROWID;
CREATE TABLE image_block (
    sap INTEGER, logical_name BLOB, number INTEGER, octets BLOB NOT NULL, PRIMARY KEY (sap, logical_name, number)
);
"""
_FORMAT_5 = ""
"""The same tables. A digest stands beside the file from here on, which older programs would not keep."""
SCHEMAS = (_FORMAT_1, _FORMAT_2, _FORMAT_3, _FORMAT_4, _FORMAT_5)
"""What each format adds to the one before."""

LEAP = (
    "UPDATE transmit SET next = min(next + :gap, :end)",
    # Who sends transaction ids is not told which to go on with, as senders under a key are: so theirs stay.
    "UPDATE receive SET lowest = min(lowest + :gap, :end) WHERE name NOT LIKE 'transaction:%'",
    "UPDATE lineage SET lowest = min(lowest + :gap, :end)",
)
