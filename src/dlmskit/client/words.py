"""The words of a connection: what each may be, the same in a URL, in a call and on the command line.

    tcp://192.0.2.7:4059?client=1&server=1&mechanism=hls-gmac      connect("tcp://192.0.2.7:4059", client=1, mechanism=5)

What follows from them, and what is too weak to go without being asked for, is decided in `dlmskit.client.plan`. Secrets are
no words: URLs end up in logs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Literal, TypedDict
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from dlmskit.association.settings import Signing, Wrapping
from dlmskit.client.counters import Counters
from dlmskit.errors import ConfigError, DlmsError
from dlmskit.security.layers import KeyChoice
from dlmskit.security.policy import AUTHENTICATED_BOTH_WAYS, ENCRYPTED_BOTH_WAYS, STRONGEST_SYMMETRIC, SecurityPolicy
from dlmskit.transport.url import BEHIND, scheme_named
from dlmskit.types.enums import Mechanism
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle


class Context(StrEnum):
    """Whether APDUs are ciphered."""

    CIPHERED = "ciphered"
    PLAIN = "plain"


class Words(TypedDict, total=False):
    """What may be said about a connection. Whatever is left out is chosen to be safe."""

    client: int | str
    """Client SAP: 1 with keys, 16 (the public client) without."""
    server: int | str
    """Server SAP: 1, the management logical device."""
    mechanism: Mechanism | int | str
    """``lowest``, ``lls``, ``hls-gmac``, ``hls-sha256``, ``hls-ecdsa`` ... or a number 0 to 7; 5 with keys, 0 without."""
    context: Context | Literal["ciphered", "plain"]
    """ciphered with keys, plain without."""
    names: Literal["logical", "short"]
    """How objects are referenced: logical. Short names are read from the meter's object list."""
    protection: SecurityPolicy | Literal["authenticated-encrypted", "authenticated", "encrypted", "none"]
    """What every ciphered APDU carries, both ways: authenticated-encrypted."""
    wrapping: Wrapping | Literal["glo", "general-glo", "general-ciphering"]
    """Which ciphered APDUs are sent: glo."""
    general_key: KeyChoice | Literal["identified", "wrapped", "one-pass", "static-unified"]
    """The key of general-ciphering: identified, the one that all other forms use."""
    sign: bool | Signing | str
    """Whether requests and responses are signed as well: no. ``yes`` signs what is ciphered, ``inside`` what is not yet."""
    compress: bool | str
    """Whether requests in a general form are compressed where that makes them shorter, in suites 1 and 2: no."""
    dedicated: bool | str
    """Whether to agree on a key for this association alone: no."""
    suite: int | str
    """Security suite: 0."""
    client_title: SystemTitle | str | bytes
    """Our system title; one is made and kept with the counters."""
    server_title: SystemTitle | str | bytes
    """The meter's system title: another one is refused. Taken from the key file where it stands there."""
    agent_for: SystemTitle | str | Iterable[SystemTitle | str]
    """Third parties whose messages are forwarded through this connection: system titles, in text with commas between them."""
    user: int | str
    """User of the client, sent as calling-AE-invocation-id."""
    entry: str
    """The entry of the key file, where neither title nor default tells which."""
    pdu: int | str
    """The largest APDU we receive: 65535."""
    block_window: int | str
    """Blocks of general block transfer that we receive in one stream: 16; 1 for no streaming, 0 for no general block transfer."""
    timeout: float | str
    """Seconds to wait for an answer: 10."""
    retries: int | str
    """How often a read is repeated after a time-out, and a stream of blocks without progress: 0 and 5, over media that lose
    messages 10. Writes and calls are repeated block by block or never."""
    counters: str | os.PathLike[str] | Counters
    """The file of the invocation counters, or ``memory``."""
    invocation_counter: int | str
    """Go on from this number at least, for meters that do not tell it."""
    counter_obis: Obis | str
    """Where the public client reads the counter: 0.0.43.1.0.255."""
    check_counter: bool | str
    """Read the counter before every association, as after a restore from a backup: no."""
    allow_weak: bool | str
    """Go on where passwords or values can be read or changed on the way: no."""


SECRETS = frozenset(
    (
        *("guek", "gak", "gbek", "kek", "dedicated_key", "ak", "ek", "key", "keys"),
        *("password", "secret", "lls_password", "hls_secret", "passphrase"),
    )
)
"""What people might take for words."""

_POLICIES = {
    "authenticated-encrypted": STRONGEST_SYMMETRIC,
    "authenticated": AUTHENTICATED_BOTH_WAYS,
    "encrypted": ENCRYPTED_BOTH_WAYS,
    "none": SecurityPolicy.NOTHING,
}
_WRAPPINGS = {
    "glo": Wrapping.SERVICE_SPECIFIC,
    "general-glo": Wrapping.GENERAL,
    "general-ciphering": Wrapping.GENERAL_CIPHERING,
}
_GENERAL_KEYS = {
    "identified": KeyChoice.GUEK,
    "wrapped": KeyChoice.WRAPPED,
    "one-pass": KeyChoice.ONE_PASS,
    "static-unified": KeyChoice.STATIC,
}
_MECHANISMS: dict[str, Mechanism] = {member.label: member for member in Mechanism}
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _number(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        number = int(value, 0) if isinstance(value, str) else value
        if type(number) is not int or not low <= number <= high:
            raise ValueError(f"a number {low} to {high} is expected")
        return number

    return read


def _seconds(value: Any) -> float:
    seconds = float(value)
    if not 0 < seconds < 1e6:
        raise ValueError("seconds above 0 are expected")
    return seconds


def _one_of(known: Mapping[str, Any], *types: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if types and isinstance(value, types):
            return value
        if value not in known:
            raise ValueError(f"one of {', '.join(known)} is expected")
        return known[value]

    return read


def _title(value: Any) -> SystemTitle:
    try:
        return SystemTitle(value)
    except DlmsError:  # whose words repeat the text: it may be a key in the wrong place
        raise ValueError("16 hexadecimal digits are expected") from None


def _titles(value: Any) -> frozenset[SystemTitle]:
    several = value.split(",") if isinstance(value, str) else (value,) if isinstance(value, SystemTitle) else value
    return frozenset(_title(one.strip() if isinstance(one, str) else one) for one in several)


def _mechanism(value: Any) -> Mechanism:
    if isinstance(value, str) and not value.isdecimal():
        return _one_of(_MECHANISMS)(value)  # type: ignore[no-any-return]
    return Mechanism(_number(0, 7)(value))


def _signing(value: Any) -> Signing | None:
    if isinstance(value, Signing):
        return value
    if value == "inside":
        return Signing.INSIDE
    wanted: bool = value if isinstance(value, bool) else _one_of(_YES_NO | {"inside": True})(value)
    return Signing.AROUND if wanted else None


_READERS: dict[str, Callable[[Any], Any]] = {
    "client": _number(1, 0xFFFF),
    "server": _number(1, 0xFFFF),
    "mechanism": _mechanism,
    "context": _one_of({member.value: member for member in Context}),
    "names": _one_of({"logical": "logical", "short": "short"}),
    "protection": _one_of(_POLICIES, SecurityPolicy),
    "wrapping": _one_of(_WRAPPINGS, Wrapping),
    "general_key": _one_of(_GENERAL_KEYS, KeyChoice),
    "sign": _signing,
    "compress": _one_of(_YES_NO, bool),
    "dedicated": _one_of(_YES_NO, bool),
    "suite": _number(0, 2),
    "client_title": _title,
    "server_title": _title,
    "agent_for": _titles,
    "user": _number(0, 255),
    "entry": str,
    "pdu": _number(0, 0xFFFF),
    "block_window": _number(0, 63),
    "timeout": _seconds,
    "retries": _number(0, 100),
    "counters": lambda value: value,
    "invocation_counter": _number(0, 0xFFFFFFFF),
    "counter_obis": Obis,
    "check_counter": _one_of(_YES_NO, bool),
    "allow_weak": _one_of(_YES_NO, bool),
}


def read_words(url: str, given: Words) -> tuple[str, dict[str, Any]]:
    """The part of the URL that is the transport's, and the words of both URL and call, each in its own type.

    Raises ConfigError for a word that is not known, said twice, or of another kind; it names the word and shows no secret.
    """
    bare, from_url, options = _taken_apart(url)
    values: dict[str, Any] = {}
    for source in (from_url, given):
        for word, value in source.items():
            if word in SECRETS:
                raise ConfigError(f"{word} is no word of a connection: give secrets with keys=..., a key file or a KeySet")
            if word not in _READERS:
                raise ConfigError(f"{word!r} is not known; there are {', '.join(_READERS)}")
            read = _read(word, value)
            if values.setdefault(word, read) != read:
                raise ConfigError(f"{word} is given twice, in the URL and in the call, and not alike")
    return urlunsplit(bare._replace(query=urlencode(options))), values


def with_saps(url: str, client: int, server: int) -> str:
    """The transport's URL for one pair of SAPs."""
    parts = urlsplit(url)
    saps = urlencode({"client": client, "server": server})
    return urlunsplit(parts._replace(query=f"{parts.query}&{saps}" if parts.query else saps))


def _read(word: str, value: Any) -> Any:
    try:
        return _READERS[word](value)
    except DlmsError as error:
        raise ConfigError(f"{word}: {error}") from None
    except (ValueError, TypeError) as error:
        reason = str(error) if "expected" in str(error) else "a number is expected"
        raise ConfigError(f"{word}: {reason}") from None


def _taken_apart(url: str) -> tuple[Any, dict[str, str], dict[str, str]]:
    """The URL without its query, our words, and the options of the transport. Nothing of the query is shown in an error."""
    try:
        parts = urlsplit(url.strip())
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query), max_num_fields=64)
    except ValueError:
        raise ConfigError(f"{url.partition('?')[0]}: the query is not key=value&key=value") from None
    scheme = scheme_named(parts.scheme)
    known = frozenset((*BEHIND, *(scheme.options if scheme is not None else ())))
    words: dict[str, str] = {}
    options: dict[str, str] = {}
    for key, value in pairs:
        place = options if key in known else words
        if key in place:
            raise ConfigError(f"{key!r} is given twice in the URL")
        if key not in known and key not in _READERS:
            _refuse(key, known)
        place[key] = value
    return parts._replace(query=""), words, options


def _refuse(key: str, known: frozenset[str]) -> None:
    if key in SECRETS:
        raise ConfigError(f"the URL has {key}=...: URLs end up in logs; give secrets with keys=..., a key file or a KeySet")
    raise ConfigError(f"the URL has {key!r}, which is not known; there are {', '.join((*_READERS, *sorted(known)))}")
