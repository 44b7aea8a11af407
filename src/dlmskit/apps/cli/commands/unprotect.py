"""``dlmskit unprotect``: frames or protected APDUs, verified and opened."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from dlmskit.apdu import decode_apdu
from dlmskit.apdu.xml import to_xml
from dlmskit.apps.cli.framing import unframe
from dlmskit.apps.cli.keyring import Keyring
from dlmskit.apps.cli.octets import octets_of
from dlmskit.apps.cli.output import print_json
from dlmskit.apps.cli.protecting import context_of
from dlmskit.apps.cli.stages import Stage, apdu_stage, titles_in
from dlmskit.errors import ConfigError
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import AUTHENTICATED_ENCRYPTED, Protection
from dlmskit.security.envelope import PROTECTED_TAGS
from dlmskit.security.policy import ProtectionRules
from dlmskit.security.protection import admit_plain, unprotect
from dlmskit.security.verified import Verified
from dlmskit.types.system_title import SystemTitle

NOBODY = SystemTitle(bytes(8))
"""Receives what names no recipient."""


class Demand(StrEnum):
    """What a message must carry at least."""

    PROVED = "proved"
    NONE = "none"
    AUTHENTICATED = "authenticated"
    ENCRYPTED = "encrypted"
    BOTH = "both"
    SIGNED = "signed"


_DEMANDED = {
    Demand.AUTHENTICATED: Protection.AUTHENTICATED,
    Demand.ENCRYPTED: Protection.ENCRYPTED,
    Demand.BOTH: AUTHENTICATED_ENCRYPTED,
    Demand.SIGNED: Protection.SIGNED,
}


def run(  # noqa: PLR0913, PLR0917 - the options of a command
    source: Annotated[str, typer.Argument(help="Frames or APDUs: hex, a file, or - for standard input.")] = "-",
    suite: Annotated[int, typer.Option(min=0, max=2, help="Security suite.")] = 0,
    system_title: Annotated[
        str | None, typer.Option(help="System title of the sender, hex, where the APDU leaves it out.")
    ] = None,
    recipient_title: Annotated[str | None, typer.Option(help="Of the recipient; without it the one that the APDU names.")] = None,
    keys: Annotated[str | None, typer.Option(help="Key file.")] = None,
    entry: Annotated[str | None, typer.Option(help="Entry of the key file with the symmetric keys.")] = None,
    guek: Annotated[str | None, typer.Option(help="Global unicast encryption key, hex.")] = None,
    gak: Annotated[str | None, typer.Option(help="Authentication key, hex.")] = None,
    gbek: Annotated[str | None, typer.Option(help="Global broadcast encryption key, hex.")] = None,
    dedicated_key: Annotated[str | None, typer.Option(help="Dedicated key, hex.")] = None,
    certificate: Annotated[list[str] | None, typer.Option(help="Certificate of a party: signatures, key agreement.")] = None,
    protection: Annotated[
        Demand, typer.Option(help="What must be there; proved: a tag or a signature. encrypted takes what nothing proves.")
    ] = Demand.PROVED,
    xml: Annotated[bool, typer.Option("--xml", help="Print XML in place of hexadecimal.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Every stage, as one JSON object.")] = False,
) -> int:
    """Take APDUs out of their frames, verify them and print what is inside. One line, or one XML document, for each.

    Whether a counter was used before, only an association knows; within one input it is checked.

    Example: dlmskit unprotect frame.hex --keys meter.keys --system-title 4D4D4D0000000001 --xml
    """
    ring = Keyring.of(
        keys=keys, entry=entry, guek=guek, gak=gak, gbek=gbek, dedicated_key=dedicated_key, certificates=certificate
    )
    report, apdus = unframe(octets_of(source, "frames and APDUs"))
    opener = _Opener(ring, suite, protection, system_title, recipient_title)
    messages: list[dict[str, Any]] = []
    for octets, carried in zip(apdus, report.apdus, strict=True):
        frames = [report.frames[index].to_json() for index in carried.frames]
        stages: list[Stage] = [] if carried.kind == "apdu" else [{"stage": carried.kind, "frames": frames}]
        plain, more = opener.open(octets)
        messages.append({"stages": [*stages, *more]})
        if not json:
            typer.echo(to_xml(decode_apdu(plain)) if xml else plain.hex().upper())
    if json:
        print_json(messages[0] if len(messages) == 1 else {"messages": messages})
    return 0


class _Opener:
    """Opens the APDUs of one input, which share the counters that they use up."""

    def __init__(self, ring: Keyring, suite: int, demand: Demand, sender: str | None, recipient: str | None) -> None:
        self._ring = ring
        self._suite = suite
        self._demand = demand
        self._sender = None if sender is None else SystemTitle(sender)
        self._recipient = None if recipient is None else SystemTitle(recipient)
        self._contexts: dict[tuple[SystemTitle, SystemTitle], SecurityContext] = {}

    def open(self, octets: bytes) -> tuple[bytes, list[Stage]]:
        """What is inside, and the stages on the way. Raises DecodeError, SecurityError, ConfigError."""
        if octets[0] not in PROTECTED_TAGS:
            if self._demand is not Demand.NONE:
                admit_plain(octets, self._context(NOBODY, SystemTitle(b"\xff" * 8), Protection.AUTHENTICATED))
            return octets, [apdu_stage("apdu", octets)]
        originator, recipient = titles_in(octets)
        sender = self._sender or originator
        if sender is None:
            raise ConfigError("whose APDU is it? It does not name its sender: say --system-title")
        own = self._recipient or recipient or NOBODY
        verified = unprotect(octets, self._context(own, sender, _DEMANDED.get(self._demand, Protection.NONE)))
        stage = apdu_stage(verified.form.label, octets) | {"verified": _layers(verified)}
        return verified.plain, [stage, apdu_stage("apdu", verified.plain)]

    def _context(self, own: SystemTitle, sender: SystemTitle, demanded: Protection) -> SecurityContext:
        context = self._contexts.get((own, sender))
        if context is None:
            rules = ProtectionRules(
                incoming=demanded,
                accept_encryption_only=self._demand is Demand.ENCRYPTED,
                accept_broadcast=True,
                accept_empty_title=self._sender is not None,
                third_parties=self._ring.titles() - {own},
            )
            context = self._contexts[own, sender] = context_of(self._ring, own, sender, self._suite, rules)
        return context


def _layers(verified: Verified) -> list[dict[str, Any]]:
    """What was verified, outermost first."""
    return [
        {
            "form": layer.form.label,
            "protection": layer.protection.label,
            "originator": str(layer.originator),
            "key": layer.key_role.value,
            **({} if layer.header is None else {"invocation_counter": layer.header.invocation_counter}),
            **({} if layer.key is None else {"key_info": layer.key.value}),
            **({} if layer.general is None else {"transaction_id": layer.general.transaction_id.hex().upper()}),
        }
        for layer in verified.layers
    ]
