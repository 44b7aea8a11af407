"""``dlmskit protect``: one APDU, ciphered and signed as it is asked for, and put into frames."""

from __future__ import annotations

from typing import Annotated

import typer

from dlmskit.apps.cli.framing import FrameKind, Framing, Sender, demand_sender
from dlmskit.apps.cli.keyring import Keyring
from dlmskit.apps.cli.octets import octets_of, write_new
from dlmskit.apps.cli.output import print_json
from dlmskit.apps.cli.protecting import Counter, context_of
from dlmskit.apps.cli.stages import Stage, apdu_stage, read_apdu
from dlmskit.apps.cli.steps import FormName, KeyInfo, Level, Wanted
from dlmskit.errors import ConfigError
from dlmskit.security.control import Protection
from dlmskit.security.layers import GeneralStep
from dlmskit.security.policy import ProtectionRules
from dlmskit.security.protection import protect_layers
from dlmskit.types.system_title import SystemTitle


def run(  # noqa: PLR0913, PLR0917 - the options of a command
    source: Annotated[str, typer.Argument(help="An APDU: hex, XML, a file with either, or - for standard input.")] = "-",
    form: Annotated[
        list[FormName] | None,
        typer.Option(help="How to wrap it; several are applied in this order, innermost first. [default: glo]"),
    ] = None,
    protection: Annotated[Level, typer.Option(help="What ciphering does.")] = Level.BOTH,
    suite: Annotated[int, typer.Option(min=0, max=2, help="Security suite.")] = 0,
    system_title: Annotated[str | None, typer.Option(help="System title of the sender, hex.")] = None,
    recipient_title: Annotated[
        str | None, typer.Option(help="Of the recipient; general-ciphering and general-signing name it.")
    ] = None,
    counter: Annotated[int | None, typer.Option(help="Invocation counter; never use one twice with a key and title.")] = None,
    counters: Annotated[str | None, typer.Option(help="File that keeps the counters; each message takes the next.")] = None,
    keys: Annotated[str | None, typer.Option(help="Key file.")] = None,
    entry: Annotated[str | None, typer.Option(help="Entry of the key file with the symmetric keys.")] = None,
    guek: Annotated[str | None, typer.Option(help="Global unicast encryption key, hex.")] = None,
    gak: Annotated[str | None, typer.Option(help="Authentication key, hex.")] = None,
    gbek: Annotated[str | None, typer.Option(help="Global broadcast encryption key, hex.")] = None,
    dedicated_key: Annotated[str | None, typer.Option(help="Dedicated key, hex.")] = None,
    certificate: Annotated[list[str] | None, typer.Option(help="Certificate of a party: key agreement.")] = None,
    key_info: Annotated[KeyInfo, typer.Option(help="The key of general-ciphering.")] = KeyInfo.GUEK,
    transaction_id: Annotated[str | None, typer.Option(help="Of general-ciphering and general-signing, hex.")] = None,
    other_information: Annotated[str, typer.Option(help="Of the same two, hex.")] = "",
    broadcast: Annotated[bool, typer.Option("--broadcast", help="glo and general-glo: under the broadcast key.")] = False,
    compress: Annotated[bool, typer.Option("--compress", help="Suites 1 and 2: V.44 first, where that is shorter.")] = False,
    frame: Annotated[FrameKind | None, typer.Option(help="Put the result into frames.")] = None,
    client: Annotated[int, typer.Option(min=0, help="SAP of the client, for frames.")] = 1,
    server: Annotated[int, typer.Option(min=0, help="SAP of the server, for frames: its logical device.")] = 1,
    physical: Annotated[int | None, typer.Option(min=0, help="hdlc: lower part of the server's address.")] = None,
    information_octets: Annotated[int, typer.Option(min=1, max=2030, help="hdlc: largest information field.")] = 128,
    sender: Annotated[Sender | None, typer.Option("--from", help="Who sends, where the APDU does not tell.")] = None,
    output: Annotated[str | None, typer.Option(help="Write it into this new file in place of standard output.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Every stage, as one JSON object.")] = False,
) -> int:
    """Protect one APDU and print what would be sent, in hexadecimal. Reads standard input, so that it stands in a pipeline.

    The counter is yours to give: an IV that comes twice under one key gives the protection away.

    Example: dlmskit protect get.xml --keys meter.keys --system-title 4D4D4D0000000001 --counter 1 --frame wrapper
    """
    plain = read_apdu(source)
    wanted = Wanted(
        forms=form or [FormName.GLO],
        level=protection,
        key_info=key_info,
        transaction_id=_octets(transaction_id, "the transaction id"),
        other_information=_octets(other_information or None, "other information") or b"",
        broadcast=broadcast,
        compress=compress,
    )
    ring = Keyring.of(
        keys=keys, entry=entry, guek=guek, gak=gak, gbek=gbek, dedicated_key=dedicated_key, certificates=certificate
    )
    stages = [apdu_stage("apdu", plain)]
    stages += _layers(plain, wanted, ring, system_title, recipient_title, suite, Counter(counter, counters))
    if frame is not None:
        framing = Framing(kind=frame, client=client, server=server, physical=physical, information_octets=information_octets)
        stages.append(_framed(framing, sender, plain, bytes.fromhex(stages[-1]["hex"])))
    _give(stages, output, json=json)
    return 0


def _octets(text: str | None, what: str) -> bytes | None:
    return None if text is None else octets_of(text, what)


def _layers(
    plain: bytes, wanted: Wanted, ring: Keyring, sender: str | None, recipient: str | None, suite: int, counter: Counter
) -> list[Stage]:
    """One stage for each layer that is asked for."""
    peer = None if recipient is None else SystemTitle(recipient)
    steps = wanted.steps(peer)
    if not steps:
        return []
    if sender is None:
        raise ConfigError("who sends? Say --system-title: it is part of every IV")
    if peer is None and any(isinstance(step, GeneralStep) for _, step in steps):
        raise ConfigError("who receives? Say --recipient-title: general-ciphering and general-signing name the recipient")
    context = context_of(ring, SystemTitle(sender), peer, suite, ProtectionRules(outgoing=Protection.NONE), counter)
    counter.begin(context, [step for _, step in steps])
    stages, octets = [], plain
    for form, step in steps:
        octets = protect_layers(octets, context, [step])
        stages.append(apdu_stage(form.value, octets))
    return stages


def _framed(framing: Framing, sender: Sender | None, plain: bytes, octets: bytes) -> Stage:
    """The frames of the result, together and one by one."""
    frames = framing.frames(octets, demand_sender(sender, plain, octets))
    shown = [one.hex().upper() for one in frames]
    return {"stage": framing.kind.value, "hex": "".join(shown), "frames": shown}


def _give(stages: list[Stage], output: str | None, *, json: bool) -> None:
    """The last stage into the file or onto standard output; as JSON all of them."""
    if output is not None:
        write_new(output, f"{stages[-1]['hex']}\n")
    if json:
        print_json({"stages": stages})
    elif output is None:
        typer.echo(stages[-1]["hex"])
