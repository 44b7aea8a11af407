"""The explain engine: octets and whatever keys there are, to frames, trees, security verdicts, values and problems.

One engine walks one input from front to back and learns as it goes: titles and dedicated key of an association, which
attribute an answer belongs to, blocks of a message. It never raises for what the octets hold: that is a `Problem`.
"""

from __future__ import annotations

from dlmskit.apdu import (
    Aare,
    Aarq,
    Apdu,
    GatewayRequest,
    GatewayResponse,
    GeneralBlockTransfer,
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GeneralSigning,
    InitiateRequest,
    Rlre,
    Rlrq,
    ServiceSpecificCiphering,
    decode_apdu,
)
from dlmskit.errors import DecodeError, DlmsError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security.control import HEADER_OCTETS, SecurityHeader
from dlmskit.security.envelope import read_envelope
from dlmskit.security.general_header import GeneralHeader
from dlmskit.security.keys import Key, KeyRole
from dlmskit.trace.explain.answers import Answers
from dlmskit.trace.explain.blocks import Blocks
from dlmskit.trace.explain.keyring import KeyRing
from dlmskit.trace.explain.model import ApduExplanation, Code, Node, Problem, SecurityLayer
from dlmskit.trace.explain.opening import Opened, open_layer
from dlmskit.trace.explain.opening_general import judge_signature, open_general_ciphering
from dlmskit.trace.explain.readout import readout_values
from dlmskit.trace.explain.repair import repaired
from dlmskit.trace.explain.tree import apdu_name, data_node, json_of, shown_octets, tree_of
from dlmskit.trace.naming import NamedValue
from dlmskit.types.system_title import SystemTitle

_PROTECTED = (ServiceSpecificCiphering, GeneralGloCiphering, GeneralDedCiphering)
_CARRIERS = (Aarq, Aare, Rlrq, Rlre)
_NEVER_CIPHERED = (*_CARRIERS, GatewayRequest, GatewayResponse, ServiceSpecificCiphering)
"""Short ones of these come out of noise easily; they stand around ciphered APDUs, never inside."""


class _Findings:
    """What is gathered while one APDU is taken apart."""

    def __init__(self) -> None:
        self.layers: list[SecurityLayer] = []
        self.values: list[NamedValue] = []
        self.problems: list[Problem] = []
        self.plain: bytes | None = None
        self.innermost: Apdu | None = None
        self.name = ""


class Engine:
    """Explains the APDUs of one input, in their order."""

    def __init__(self, ring: KeyRing | None = None, limits: Limits = DEFAULT) -> None:
        self.ring = ring or KeyRing()
        self.limits = limits
        self.answers = Answers()
        self.blocks = Blocks(limits)

    def explain(self, octets: bytes, source: object = None, *, trusted: bool = True) -> ApduExplanation:
        """Explain one APDU. ``source`` tells senders apart; ``trusted`` is False for octets out of a damaged frame."""
        found = _Findings()
        self.ring.next_message()
        tree = self._take_apart(octets, source, found, 0)
        return ApduExplanation(
            octets,
            tree,
            found.name,
            found.plain,
            json_of(found.innermost) if found.innermost is not None else None,
            tuple(found.layers),
            tuple(found.values),
            tuple(found.problems),
            trusted,
        )

    # --- one APDU, layer by layer ------------------------------------------------------------------------------------

    def _take_apart(self, octets: bytes, source: object, found: _Findings, depth: int) -> Node:
        if depth > self.limits.apdu_nesting:
            found.problems.append(Problem(Code.MALFORMED, f"more than {self.limits.apdu_nesting} APDUs inside one another"))
            return Node("apdu", octets.hex().upper())
        if octets[:1] == b"/":
            return self._readout(octets, found)
        apdu = self._decode(octets, found)
        if apdu is None:
            found.name = found.name or "unknown"
            return Node("octets", octets.hex().upper())
        name = apdu_name(apdu)
        inner: dict[str, Node] = {}
        if isinstance(apdu, _PROTECTED):
            inner["ciphered_content"] = self._protected(apdu, octets, source, found, depth)
        elif isinstance(apdu, GeneralCiphering):
            inner["ciphered_content"] = self._generally_ciphered(apdu, source, found, depth)
        elif isinstance(apdu, GeneralSigning):
            inner |= self._signed(apdu, source, found, depth)
        else:
            found.name, found.plain, found.innermost = name, octets, apdu
            inner = self._plain(apdu, source, found, depth)
        return tree_of(apdu, inner)

    def _decode(self, octets: bytes, found: _Findings) -> Apdu | None:
        """Decode with tolerance, then by the known repairs."""
        deviations: list[str] = []
        try:
            apdu = decode_apdu(octets, deviations=deviations, limits=self.limits)
        except DecodeError as error:
            found.problems.append(Problem(Code.MALFORMED, str(error), error.offset))
            mended = repaired(octets)
            if mended is None:
                return None
            apdu, _, what = mended
            found.problems.append(Problem(Code.REPAIRED, f"{what}: shown as it was meant"))
        found.problems.extend(Problem(Code.TOLERATED, text) for text in deviations)
        return apdu

    def _protected(self, apdu: Apdu, octets: bytes, source: object, found: _Findings, depth: int) -> Node:
        name = apdu_name(apdu)
        found.name = name
        try:
            envelope = read_envelope(octets, self.limits)
        except DecodeError as error:
            found.problems.append(Problem(Code.MALFORMED, str(error), error.offset))
            return Node("ciphered-content")
        opened = open_layer(envelope, name, self.ring, self._is_sane, self.limits)
        self.ring.learn_title(envelope.title)
        return self._ciphered(opened, envelope.header, envelope.content, source, found, depth)

    def _generally_ciphered(self, apdu: GeneralCiphering, source: object, found: _Findings, depth: int) -> Node:
        found.name = apdu_name(apdu)
        opened = open_general_ciphering(apdu, self.ring, self._is_sane, self.limits)
        self._learn_parties(apdu)
        if len(apdu.ciphered_content) < HEADER_OCTETS:
            found.layers.append(opened.layer)
            found.problems.extend(opened.problems)
            return Node("ciphered-content", apdu.ciphered_content.hex().upper())
        header = SecurityHeader.decode(apdu.ciphered_content)
        return self._ciphered(opened, header, apdu.ciphered_content[HEADER_OCTETS:], source, found, depth)

    def _ciphered(
        self, opened: Opened, header: SecurityHeader, content: bytes, source: object, found: _Findings, depth: int
    ) -> Node:
        """One ciphered layer in the tree, and what is inside it."""
        found.layers.append(opened.layer)
        found.problems.extend(opened.problems)
        nodes = (
            Node("security-control", f"{int(header.control):02X}", str(header.control)),
            Node("invocation-counter", str(header.invocation_counter)),
            _verdict(opened),
        )
        if opened.plain is None:
            return Node("ciphered-content", shown_octets(content), "", nodes)
        return Node("ciphered-content", "", "", (*nodes, self._take_apart(opened.plain, source, found, depth + 1)))

    def _signed(self, apdu: GeneralSigning, source: object, found: _Findings, depth: int) -> dict[str, Node]:
        found.name = apdu_name(apdu)
        opened = judge_signature(apdu, self.ring)
        self._learn_parties(apdu)
        found.layers.append(opened.layer)
        found.problems.extend(opened.problems)
        inside = self._take_apart(apdu.content, source, found, depth + 1)
        signature = Node("signature", apdu.signature.hex().upper(), "", (_verdict(opened),))
        return {"content": Node("content", "", "", (inside,)), "signature": signature}

    def _learn_parties(self, apdu: GeneralCiphering | GeneralSigning) -> None:
        header = GeneralHeader.of(apdu)
        self.ring.learn_title(header.originator)
        self.ring.learn_title(header.recipient)

    def _is_sane(self, text: bytes) -> bool:
        """Whether deciphered octets are an APDU that is ever ciphered, or an ASCII telegram, and not noise."""
        if text[:1] == b"/" and text[:200].isascii():
            return True
        try:
            apdu = decode_apdu(text, deviations=[], limits=self.limits)
        except DecodeError:
            return repaired(text) is not None
        return not isinstance(apdu, _NEVER_CIPHERED)

    def _readout(self, octets: bytes, found: _Findings) -> Node:
        """An ASCII telegram: no APDU at all, but values all the same."""
        text = octets.decode("ascii", "replace")
        found.name, found.plain = "ascii-telegram", octets
        values = readout_values(text)
        found.values += values
        return Node("ascii-telegram", text.splitlines()[0] if text else "", f"{len(values)} values")

    # --- what plain APDUs carry --------------------------------------------------------------------------------------

    def _plain(self, apdu: Apdu, source: object, found: _Findings, depth: int) -> dict[str, Node]:
        """Values, and trees of APDUs inside this one by field."""
        if isinstance(apdu, _CARRIERS):
            return self._acse(apdu, source, found, depth)
        if isinstance(apdu, GatewayRequest | GatewayResponse):
            return {"user_apdu": self._take_apart(apdu.user_apdu, source, found, depth + 1)}
        if isinstance(apdu, InitiateRequest) and apdu.dedicated_key and len(apdu.dedicated_key) in (16, 32):
            self.ring.dedicated_key = Key(apdu.dedicated_key, KeyRole.DEDICATED)
        if isinstance(apdu, GeneralBlockTransfer):
            whole = self.blocks.general(source, apdu)
            return {} if whole is None else {"block_data": self._take_apart(whole, source, found, depth + 1)}
        try:
            found.values += self.answers.values(apdu)
            assembled = self.blocks.service(source, apdu)
            if assembled is not None:
                return self._long(apdu, assembled, found)
        except DlmsError as error:
            found.problems.append(Problem(Code.MALFORMED, str(error), getattr(error, "offset", None)))
        return {}

    def _long(self, apdu: Apdu, octets: bytes, found: _Findings) -> dict[str, Node]:
        """The end of a long answer: its value under the name that was asked for."""
        if apdu.service_name != "get-response":
            return {}
        values = self.answers.assembled(apdu, octets)
        found.values += values
        return {"result": Node("assembled", "", f"{len(octets)} octets", tuple(data_node(value.data) for value in values))}

    def _acse(self, apdu: Aarq | Aare | Rlrq | Rlre, source: object, found: _Findings, depth: int) -> dict[str, Node]:
        """Titles are learnt here; user-information carries an xDLMS APDU of its own."""
        title = apdu.calling_ap_title if isinstance(apdu, Aarq) else apdu.responding_ap_title if isinstance(apdu, Aare) else None
        if title is not None and len(title) == 8:
            self.ring.learn_title(SystemTitle(title), client=isinstance(apdu, Aarq))
        if apdu.user_information is None:
            return {}
        inside = _Findings()
        node = self._take_apart(apdu.user_information, source, inside, depth + 1)
        found.layers += inside.layers
        found.problems += inside.problems
        return {"user_information": node}


def _verdict(opened: Opened) -> Node:
    return Node("verdict", opened.layer.verdict.value, "; ".join(problem.message for problem in opened.problems))
