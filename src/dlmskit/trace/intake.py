"""Turns what a user hands in into octets: hex in its many spellings, hex dumps, log lines, base64, raw files, packet captures.

A reading is taken only where it is the only sensible one; else the input is refused with what was wrong. Size is bounded.
"""

from __future__ import annotations

import ast
import base64
import binascii
import os
import re
from pathlib import Path

from dlmskit.errors import ConfigError, DecodeError
from dlmskit.link.p1 import ascii_prefix, read_telegram
from dlmskit.trace.chunk import Chunk
from dlmskit.trace.dump import read_dump
from dlmskit.trace.log_lines import read_log
from dlmskit.trace.pcap import is_capture, read_capture
from dlmskit.trace.recognise import is_known_tag

__all__ = ["MOST_OCTETS", "Chunk", "read_input", "read_octets", "read_text"]

MOST_OCTETS = 64 << 20
"""Largest file or text that is taken."""
_NOISE = re.compile(r"0[xX]|\\x|[\s,;:\-_.{}\[\]()<>'\"|]+")
"""What may stand between and around hexadecimal octets without changing them."""
_HEX = re.compile(r"[0-9A-Fa-f]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}|[A-Za-z0-9_-]+={0,2}")
_TIMES = re.compile(r"^\s*\[?(?:\d{4}-\d\d-\d\d[T ])?(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d+)?\]?\s+[^:]*$", re.MULTILINE)
_LITERAL = re.compile(r"b'[^'\n]*'|b\"[^\"\n]*\"")
_FRAMED = (0x7E, 0x68)
_WRAPPED = b"\x00\x01"
_WRAP_OCTETS = 64
"""Lines of equal length up to this one are one text that was wrapped."""
_TELEGRAM = re.compile(r"\s*/[A-Za-z]{3}[0-9A-Za-z]")


def read_input(text_or_path: str | os.PathLike[str]) -> list[Chunk]:
    """The octets of a text, or of the file that it names.

    Raises ConfigError for a file that cannot be read or is too large, DecodeError for what holds no octets.
    """
    if not isinstance(text_or_path, str):
        return read_file(Path(text_or_path))
    if len(text_or_path) > MOST_OCTETS:
        raise ConfigError(f"the text has {len(text_or_path)} characters, at most {MOST_OCTETS} are taken")
    if _is_file(text_or_path):
        return read_file(Path(text_or_path))
    try:
        return read_text(text_or_path)
    except DecodeError as error:
        shown = text_or_path if len(text_or_path) <= 60 else text_or_path[:57] + "..."
        raise DecodeError(f"{shown!r} is no file, and no octets either: {error.reason}", error.offset) from None


def read_file(path: Path) -> list[Chunk]:
    """The octets of a file of any kind. Raises ConfigError, DecodeError."""
    try:
        with path.open("rb") as file:
            octets = file.read(MOST_OCTETS + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    return read_octets(octets, path.name)


def read_octets(octets: bytes, label: str) -> list[Chunk]:
    """The octets that a file's content stands for: a packet capture, text, or itself. Raises ConfigError, DecodeError."""
    if len(octets) > MOST_OCTETS:
        raise ConfigError(f"{label} has more than {MOST_OCTETS} octets")
    if is_capture(octets):
        return read_capture(octets, label)
    if not octets:
        raise DecodeError(f"{label} is empty", 0)
    if _is_telegram(octets):
        return [Chunk(label, octets)]
    text = _text_of(octets)
    return [Chunk(label, octets)] if text is None else read_text(text, label)


def read_text(text: str, label: str = "input") -> list[Chunk]:
    """The octets that a text spells. Raises DecodeError when there is no reading, or more than one."""
    if not text.strip():
        raise DecodeError("there is nothing to read", 0)
    if _TELEGRAM.match(text) and text.isascii() and "!" in text:
        return [Chunk(label, text.lstrip().encode("ascii"))]
    dump = read_dump(text, label)
    if dump:
        return dump
    octets = _python_literal(text)
    if octets is not None:
        return [Chunk(label, octets)]
    chunks = ([] if _TIMES.search(text) else _plain_chunks(text, label)) or read_log(text, label)
    if chunks:
        return chunks
    octets = _base64(text)
    if octets is not None:
        return [Chunk(label, octets)]
    raise _refusal(text)


def _plain_hex(text: str) -> bytes | None:
    """The whole text as hexadecimal octets, whatever stands between them; None when it is something else."""
    tokens = _NOISE.sub(" ", text).split()
    if not tokens or not all(_HEX.fullmatch(token) for token in tokens):
        return None
    halves = [token for token in tokens if len(token) % 2]
    if halves and "0x" in text.lower() and all(len(token) <= 2 for token in tokens):
        tokens = [token.zfill(2) for token in tokens]  # a list of numbers as C writes them
    elif halves and tokens != [line.strip() for line in text.splitlines() if line.strip()]:  # wrapped lines may cut an octet
        raise DecodeError(f"{halves[0]!r} is no whole number of octets", text.find(halves[0]))
    digits = "".join(tokens)
    if len(digits) % 2:
        raise DecodeError(f"{len(digits)} hexadecimal digits make no whole number of octets", len(text))
    return bytes.fromhex(digits)


def _plain_chunks(text: str, label: str) -> list[Chunk]:
    """Plain hexadecimal text: one chunk, or one per line or paragraph where these are bare APDUs of their own."""
    whole = _plain_hex(text)
    if whole is None:
        return []
    if whole[0] not in _FRAMED and whole[:2] != _WRAPPED:
        for pieces in (re.split(r"\n\s*\n", text.strip()), text.split("\n")):
            octets = [_digits(piece) for piece in pieces if piece.strip()]
            sizes = {len(each) for each in octets[:-1]}
            wrapped = len(sizes) == 1 and len(octets[-1]) <= max(sizes) and max(sizes) <= _WRAP_OCTETS
            if len(octets) > 1 and not wrapped and all(each and is_known_tag(each) for each in octets):
                return [Chunk(f"{label} #{number}", each) for number, each in enumerate(octets, 1)]
    return [Chunk(label, whole)]


def _digits(text: str) -> bytes:
    try:
        return _plain_hex(text) or b""
    except DecodeError:
        return b""


def _python_literal(text: str) -> bytes | None:
    """Octets as Python prints them."""
    if not _LITERAL.fullmatch(text.strip()):
        return None
    try:
        value = ast.literal_eval(text.strip())
    except (SyntaxError, ValueError):
        return None
    return value if isinstance(value, bytes) else None


def _base64(text: str) -> bytes | None:
    joined = "".join(text.split())
    if len(joined) < 8 or not _BASE64.fullmatch(joined):
        return None
    padded = joined.rstrip("=") + "=" * (-len(joined.rstrip("=")) % 4)
    try:
        return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return None


def _refusal(text: str) -> DecodeError:
    """Say which character keeps the text from being hexadecimal."""
    kept = _NOISE.sub(lambda match: " " * len(match[0]), text)
    at = next((index for index, letter in enumerate(kept) if letter not in " 0123456789ABCDEFabcdef"), 0)
    return DecodeError(f"no hexadecimal octets, no hex dump, no base64: the first odd character is {text[at]!r}", at)


def _is_file(text: str) -> bool:
    if len(text) > 4096 or "\n" in text or "\0" in text:
        return False
    try:
        return Path(text).is_file()
    except OSError:
        return False


def _is_telegram(octets: bytes) -> bool:
    """Whether the octets are an ASCII telegram, or binary behind an ASCII line: not a text that spells octets."""
    if ascii_prefix(octets):
        return True
    try:
        read_telegram(octets)
    except DecodeError:
        return False
    return True


def _text_of(octets: bytes) -> str | None:
    """The octets as text where they are one; None for binary."""
    try:
        if octets[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            return octets.decode("utf-16")
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return text if all(letter.isprintable() or letter in "\r\n\t\f" for letter in text) else None
