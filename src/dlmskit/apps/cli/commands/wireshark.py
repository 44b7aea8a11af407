"""``dlmskit wireshark``: the dissector that comes with the package."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from dlmskit.apps.cli.output import console, print_json
from dlmskit.trace.wireshark import DISSECTOR

_HELP = """\
[bold]Always[/]  copy it into the folder that Wireshark shows under Help, About, Folders, Personal Lua Plugins

It takes TCP and UDP port 4059 (another one: Decode As, DLMSKIT_WRAPPER), and HDLC under the user link types.
Filters: dlmskit.obis, dlmskit.name, dlmskit.system_title, dlmskit.invocation_counter, dlmskit_hdlc.fcs_ok ...
It deciphers nothing; dlmskit decode capture.pcap --guek ... --gak ... does."""


def run(json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> int:
    """Print where the Wireshark dissector is (Lua, for wireshark and tshark), and how to use it.

    Example: dlmskit wireshark --json

    In one line: tshark -X "lua_script:$(dlmskit wireshark | head -1)" -r capture.pcap -Y dlmskit
    """
    if json:
        print_json({"dissector": str(DISSECTOR), "protocols": ["dlmskit", "dlmskit_wrapper", "dlmskit_hdlc"], "port": 4059})
        return 0
    typer.echo(str(DISSECTOR))
    console.print(f"\n[bold]Once[/]    tshark -X {escape(f'lua_script:{DISSECTOR}')} -r capture.pcap -Y dlmskit")
    console.print(_HELP)
    return 0
