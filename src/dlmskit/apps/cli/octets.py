"""Octets as commands take them: hexadecimal digits, a file, or - for standard input; of certificates PEM as well."""

from __future__ import annotations

import base64
import binascii
import errno
import re
import sys
from pathlib import Path

from dlmskit.errors import ConfigError, DecodeError
from dlmskit.trace.intake import MOST_OCTETS, read_input, read_octets

STANDARD_INPUT = "-"
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s*([A-Za-z0-9+/=\s]+?)\s*-----END \1-----")


def text_of(source: str) -> bytes | None:
    """What stands in a file or in standard input, or XML as it is; None where the argument spells octets itself.

    Raises ConfigError for what cannot be read.
    """
    if source == STANDARD_INPUT:
        return sys.stdin.buffer.read(MOST_OCTETS + 1)
    if source.lstrip().startswith("<"):
        return source.encode()
    try:
        path = Path(source)
        return path.read_bytes()[: MOST_OCTETS + 1] if path.is_file() else None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        raise ConfigError(f"{source[:60]}: {error.strerror}") from None


def is_xml(text: bytes) -> bool:
    """Whether it is XML, not octets."""
    return text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def octets_of(source: str | bytes, what: str) -> bytes:
    """The octets of one source, or of what was read from one.

    Raises ConfigError where it holds several messages, DecodeError for what holds no octets.
    """
    if source == STANDARD_INPUT:
        source = sys.stdin.buffer.read(MOST_OCTETS + 1)
    chunks = read_octets(source, what) if isinstance(source, bytes) else read_input(source)
    if len(chunks) != 1:
        raise ConfigError(f"{what}: {len(chunks)} messages are there, one is expected")
    return chunks[0].octets


def read_der(path: str, label: str) -> bytes:
    """What is in a PEM file with this label, or in a DER file. Raises ConfigError, DecodeError."""
    try:
        octets = Path(path).read_bytes()[:MOST_OCTETS]
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    if b"-----BEGIN " not in octets:
        return octets
    for found in _PEM.finditer(octets):
        if found[1].decode() == label:
            return _from_base64(found[2], path)
    raise DecodeError(f"{path} has no {label} in it")


def to_pem(der: bytes, label: str) -> str:
    """The text form that other tools read."""
    text = base64.b64encode(der).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def write_new(path: str, text: str) -> None:
    """Write a file that holds no secret. Raises ConfigError; an existing one is never replaced."""
    try:
        with Path(path).open("x", encoding="ascii") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None


def _from_base64(text: bytes, path: str) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        raise DecodeError(f"{path} is not base64 inside") from None
