"""The data link layer as data, for both roles (IEC 62056-46, 6.4.4; unbalanced, normal response mode, two-way alternate).

Read a row as: this role, in this state, on this input, reacts so and goes there. A frame that has no row is ignored; what our own
caller asks for without a row is a `LocalProtocolError`. The machines beside this file know no state changes but these. Whether a
frame is for the station at all, and well-formed, is decided before (`dlmskit.link.hdlc.station`, `dlmskit.link.hdlc.frame`).
"""

from __future__ import annotations

from dlmskit.errors import LocalProtocolError
from dlmskit.types.identity import IdentityEnum


class Role(IdentityEnum):
    """Which end of the line it is."""

    PRIMARY = "client"
    SECONDARY = "server"


class LinkState(IdentityEnum):
    """Where a link is; the values are for people."""

    DISCONNECTED = "disconnected (NDM)"
    CONNECTING = "SNRM sent"
    """Client only: a server answers at once."""
    CONNECTED = "connected (NRM)"
    DISCONNECTING = "DISC sent"
    """Client only."""
    REJECTING = "frame rejected (FRM)"
    """Server only: nothing passes until the client sets the link up anew or takes it down."""


class LinkInput(IdentityEnum):
    """What happens to a link: a request of our own side, a frame, or the passing of time."""

    CONNECT = "connect requested"
    DISCONNECT = "disconnect requested"
    SNRM = "SNRM"
    NO_ROOM = "SNRM, no link is free"
    DISC = "DISC"
    UA = "UA"
    DM = "DM"
    FRMR = "FRMR"
    I = "I"  # noqa: E741 - its name in the standard
    RR = "RR"
    RNR = "RNR"
    UI = "UI"
    INVALID = "frame that breaks the rules"
    """Undefined control field, information where none may be or too much of it, an N(R) of nothing that was sent."""
    FLOOD = "segments without end"
    TIMEOUT = "no answer in time"
    EXHAUSTED = "no answer to any repetition"
    INACTIVE = "nothing heard for too long"
    LOST = "line lost"


class Reaction(IdentityEnum):
    """What a machine does; each is one method."""

    SEND_SNRM = "send SNRM"
    SEND_DISC = "send DISC"
    ESTABLISH = "take over the parameters of UA"
    REFUSED = "report the refusal"
    POLL = "send RR with P=1"
    REPORT = "report the loss"
    RESET = "report the loss, send DISC"
    FINISH = "report the end"
    ACCEPT = "negotiate, answer UA"
    RENEW = "report the loss, negotiate, answer UA"
    RELEASE = "report the end, answer UA"
    ANSWER_DM = "answer DM"
    DROP = "report the loss, answer DM"
    ANSWER_FRMR = "answer FRMR"
    EXCHANGE = "information transfer"
    DELIVER = "pass the information up"


Row = tuple[Reaction, LinkState]

_S, _I, _R = LinkState, LinkInput, Reaction

_PRIMARY: dict[tuple[LinkState, LinkInput], Row] = {
    (_S.DISCONNECTED, _I.CONNECT): (_R.SEND_SNRM, _S.CONNECTING),
    (_S.DISCONNECTED, _I.UI): (_R.DELIVER, _S.DISCONNECTED),
    (_S.CONNECTING, _I.UA): (_R.ESTABLISH, _S.CONNECTED),
    (_S.CONNECTING, _I.DM): (_R.REFUSED, _S.DISCONNECTED),
    (_S.CONNECTING, _I.UI): (_R.DELIVER, _S.CONNECTING),
    (_S.CONNECTING, _I.INVALID): (_R.RESET, _S.DISCONNECTING),
    (_S.CONNECTING, _I.TIMEOUT): (_R.SEND_SNRM, _S.CONNECTING),
    (_S.CONNECTING, _I.EXHAUSTED): (_R.REPORT, _S.DISCONNECTED),
    (_S.CONNECTING, _I.DISCONNECT): (_R.SEND_DISC, _S.DISCONNECTING),
    (_S.CONNECTED, _I.I): (_R.EXCHANGE, _S.CONNECTED),
    (_S.CONNECTED, _I.RR): (_R.EXCHANGE, _S.CONNECTED),
    (_S.CONNECTED, _I.RNR): (_R.EXCHANGE, _S.CONNECTED),
    (_S.CONNECTED, _I.UI): (_R.DELIVER, _S.CONNECTED),
    (_S.CONNECTED, _I.DM): (_R.REPORT, _S.DISCONNECTED),
    (_S.CONNECTED, _I.FRMR): (_R.REPORT, _S.DISCONNECTED),
    (_S.CONNECTED, _I.INVALID): (_R.RESET, _S.DISCONNECTING),
    (_S.CONNECTED, _I.FLOOD): (_R.RESET, _S.DISCONNECTING),
    (_S.CONNECTED, _I.TIMEOUT): (_R.POLL, _S.CONNECTED),
    (_S.CONNECTED, _I.EXHAUSTED): (_R.REPORT, _S.DISCONNECTED),
    (_S.CONNECTED, _I.DISCONNECT): (_R.SEND_DISC, _S.DISCONNECTING),
    (_S.DISCONNECTING, _I.UA): (_R.FINISH, _S.DISCONNECTED),
    (_S.DISCONNECTING, _I.DM): (_R.FINISH, _S.DISCONNECTED),
    (_S.DISCONNECTING, _I.UI): (_R.DELIVER, _S.DISCONNECTING),
    (_S.DISCONNECTING, _I.TIMEOUT): (_R.SEND_DISC, _S.DISCONNECTING),
    (_S.DISCONNECTING, _I.EXHAUSTED): (_R.FINISH, _S.DISCONNECTED),
    (_S.CONNECTING, _I.LOST): (_R.REPORT, _S.DISCONNECTED),
    (_S.CONNECTED, _I.LOST): (_R.REPORT, _S.DISCONNECTED),
    (_S.DISCONNECTING, _I.LOST): (_R.FINISH, _S.DISCONNECTED),
}

_SECONDARY: dict[tuple[LinkState, LinkInput], Row] = {
    (_S.DISCONNECTED, _I.SNRM): (_R.ACCEPT, _S.CONNECTED),
    (_S.DISCONNECTED, _I.NO_ROOM): (_R.ANSWER_DM, _S.DISCONNECTED),
    (_S.DISCONNECTED, _I.UI): (_R.DELIVER, _S.DISCONNECTED),
    **{(_S.DISCONNECTED, frame): (_R.ANSWER_DM, _S.DISCONNECTED) for frame in (_I.DISC, _I.I, _I.RR, _I.RNR, _I.INVALID)},
    (_S.CONNECTED, _I.SNRM): (_R.RENEW, _S.CONNECTED),
    (_S.CONNECTED, _I.DISC): (_R.RELEASE, _S.DISCONNECTED),
    (_S.CONNECTED, _I.I): (_R.EXCHANGE, _S.CONNECTED),
    (_S.CONNECTED, _I.RR): (_R.EXCHANGE, _S.CONNECTED),
    (_S.CONNECTED, _I.RNR): (_R.EXCHANGE, _S.CONNECTED),
    (_S.CONNECTED, _I.UI): (_R.DELIVER, _S.CONNECTED),
    (_S.CONNECTED, _I.INVALID): (_R.ANSWER_FRMR, _S.REJECTING),
    (_S.CONNECTED, _I.FLOOD): (_R.DROP, _S.DISCONNECTED),
    (_S.CONNECTED, _I.DISCONNECT): (_R.DROP, _S.DISCONNECTED),
    (_S.REJECTING, _I.SNRM): (_R.RENEW, _S.CONNECTED),
    (_S.REJECTING, _I.DISC): (_R.RELEASE, _S.DISCONNECTED),
    (_S.REJECTING, _I.DISCONNECT): (_R.DROP, _S.DISCONNECTED),
    **{(_S.REJECTING, frame): (_R.ANSWER_FRMR, _S.REJECTING) for frame in (_I.I, _I.RR, _I.RNR, _I.UI, _I.INVALID)},
    **{(state, _I.INACTIVE): (_R.REPORT, _S.DISCONNECTED) for state in (_S.CONNECTED, _S.REJECTING)},
    **{(state, _I.LOST): (_R.REPORT, _S.DISCONNECTED) for state in (_S.CONNECTED, _S.REJECTING)},
}

LINK_TABLES: dict[Role, dict[tuple[LinkState, LinkInput], Row]] = {Role.PRIMARY: _PRIMARY, Role.SECONDARY: _SECONDARY}
"""What each role does in a state on an input, and where it goes."""


class LinkMachine:
    """The state of one link. It knows no more than its table."""

    __slots__ = ("_rows", "role", "state")

    def __init__(self, role: Role) -> None:
        self.role = role
        self.state = LinkState.DISCONNECTED
        self._rows = LINK_TABLES[role]

    def move(self, happened: LinkInput) -> Reaction | None:
        """Go where the table says; the reaction owed. None: no row, nothing changes."""
        row = self._rows.get((self.state, happened))
        if row is None:
            return None
        reaction, self.state = row
        return reaction

    def request(self, happened: LinkInput) -> Reaction:
        """The same for a wish of our own caller. Raises LocalProtocolError where the table has no such row."""
        reaction = self.move(happened)
        if reaction is None:
            raise LocalProtocolError(f"not possible for a {self.role.value} whose link is {self.state.value}: {happened.value}")
        return reaction


def link_mermaid(role: Role) -> str:
    """The state diagram of one role, as Mermaid source ending in a line feed; what stays in its state is a list behind it."""
    table = LINK_TABLES[role]
    states = [state for state in LinkState if any(state in {before, after} for (before, _), (_, after) in table.items())]
    lines = ["stateDiagram-v2", f"    [*] --> {LinkState.DISCONNECTED.name}"]
    lines += [f"    {state.name} : {state.value}" for state in states]
    arrows: dict[tuple[LinkState, LinkState, Reaction], list[str]] = {}
    for (before, happened), (reaction, after) in table.items():
        arrows.setdefault((before, after, reaction), []).append(happened.value)
    lines += [
        f"    {before.name} --> {after.name} : {', '.join(inputs)} / {reaction.value}"
        for (before, after, reaction), inputs in arrows.items()
    ]
    return "\n".join(lines) + "\n"
