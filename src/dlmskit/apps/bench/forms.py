"""What each form of protection costs, in every suite that has it: octets on the line, time for the sender and for the receiver.

The bare calls underneath are those of the library alone, said as data for the adapter in `benchmarks/peers`: AES-GCM, key wrap,
signature, key agreement, and no derivation, header or encoding. Compression has no such call; it shows as the difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from secrets import token_bytes
from time import process_time

from dlmskit.apps.bench import material
from dlmskit.apps.bench.model import Case
from dlmskit.crypto.curves import Curve, curve_of
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.suites import SUITES, SecuritySuite
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import AUTHENTICATED_ENCRYPTED, Protection, SecurityControl
from dlmskit.security.counters import MemoryCounterStore, TransmitCounters
from dlmskit.security.envelope import Form
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.layers import Ciphered, GeneralCiphered, KeyChoice, Signed, Step
from dlmskit.security.parties import Correspondence, Identity, KnownParty, directory_of
from dlmskit.security.policy import ProtectionRules
from dlmskit.security.protection import protect, protect_layers, unprotect
from dlmskit.security.windows import ReceivedCounters
from dlmskit.types.system_title import SystemTitle

CLIENT, SERVER = SystemTitle("434C490000000001"), SystemTitle("534552000000000A")
REQUEST = bytes.fromhex("C001C100030100010800FF0200")
RESPONSE = b"\xc4\x01\xc1\x00" + material.regular_profile(4)
"""Four rows of a load profile: long enough for what compression does, short enough for what a form costs."""

_QUICK, _SLOW = 200, 10
"""Messages for one receiver: symmetric ones, and those with key pairs."""
_RULES = ProtectionRules(incoming=Protection.NONE, outgoing=Protection.NONE, accept_encryption_only=True)
"""Every form is measured, so every form is taken."""
_ROLES = {KeyRole.GUEK: 0x00, KeyRole.GAK: 0xD0, KeyRole.KEK: 0x30, KeyRole.DEDICATED: 0x60}

Operation = tuple[str, int]
"""A bare call: its name, and the octets it works on; 0 where that does not matter."""


@dataclass(frozen=True, slots=True)
class MeasuredForm:
    """One form, or layers of them, as the support table names it."""

    name: str
    steps: tuple[Step, ...]
    sends: tuple[str, ...] = ()
    """Bare calls of the sender beside AES-GCM; so with the receiver's."""
    receives: tuple[str, ...] = ()
    gcm: bool = True
    """Whether AES-GCM is part of it."""

    @property
    def asymmetric(self) -> bool:
        """Whether it needs key pairs, or compression: suites 1 and 2."""
        return bool({"sign", "exchange"} & set(self.sends)) or any(getattr(step, "compress", False) for step in self.steps)

    @property
    def suites(self) -> tuple[SecuritySuite, ...]:
        """The suites that have it."""
        return tuple(suite for suite in SUITES.values() if suite.curve is not None or not self.asymmetric)


def _ciphered(form: Form, protection: Protection = AUTHENTICATED_ENCRYPTED) -> tuple[Step, ...]:
    return (Ciphered(form=form, protection=protection),)


FORMS = (
    MeasuredForm("glo authenticated", _ciphered(Form.GLO, Protection.AUTHENTICATED)),
    MeasuredForm("glo encrypted", _ciphered(Form.GLO, Protection.ENCRYPTED)),
    MeasuredForm("glo authenticated+encrypted", _ciphered(Form.GLO)),
    MeasuredForm("ded authenticated+encrypted", _ciphered(Form.DED)),
    MeasuredForm("general-glo authenticated+encrypted", _ciphered(Form.GENERAL_GLO)),
    MeasuredForm("general-ded authenticated+encrypted", _ciphered(Form.GENERAL_DED)),
    MeasuredForm("general-glo compressed", (Ciphered(form=Form.GENERAL_GLO, compress=True),)),
    MeasuredForm("general-ciphering identified key", (GeneralCiphered(),)),
    MeasuredForm("general-ciphering wrapped key", (GeneralCiphered(key=KeyChoice.WRAPPED),), ("wrap",), ("unwrap",)),
    MeasuredForm(
        "general-ciphering one-pass key",
        (GeneralCiphered(key=KeyChoice.ONE_PASS),),
        ("generate", "exchange", "sign"),
        ("verify", "exchange"),
    ),
    MeasuredForm("general-ciphering static-unified key", (GeneralCiphered(key=KeyChoice.STATIC),), ("exchange",), ("exchange",)),
    MeasuredForm("general-ciphering compressed", (GeneralCiphered(compress=True),)),
    MeasuredForm("general-signing", (Signed(),), ("sign",), ("verify",), gcm=False),
    MeasuredForm("signature over ciphering", (Ciphered(), Signed()), ("sign",), ("verify",)),
    MeasuredForm("ciphering over signature", (Signed(), Ciphered(form=Form.GENERAL_GLO)), ("sign",), ("verify",)),
)
"""In the order of the page."""


def form_cases() -> Iterator[Case]:
    """Protecting and unprotecting four rows of a profile in every form and suite."""
    for form in FORMS:
        for suite in form.suites:
            yield from cases_of(form, suite)


def cases_of(form: MeasuredForm, suite: SecuritySuite) -> tuple[Case, Case]:
    """The sender's case, and the receiver's."""
    sender = context_of(CLIENT, SERVER, suite)
    first = protect_with(form, RESPONSE, sender)
    messages = [first] + [protect_with(form, RESPONSE, sender) for _ in range((_SLOW if form.asymmetric else _QUICK) - 1)]
    shared = {
        "form": form.name,
        "suite": suite.id,
        "plain": RESPONSE,
        "title": CLIENT.octets,
        "guek": _octets(suite, KeyRole.GUEK),
        "gak": _octets(suite, KeyRole.GAK),
        "dedicated_key": _octets(suite, KeyRole.DEDICATED),
        "protected": first,
    }
    curve = suite.curve
    sends, receives = ({"calls": _calls(form, names), "curve": curve} for names in (form.sends, form.receives))
    return (
        Case(
            f"protect {form.name} [suite {suite.id}]",
            partial(protect_with, form, RESPONSE, sender),
            shared | sends,
            clock=process_time,
            asked="protect form",
        ),
        Case(
            f"unprotect {form.name} [suite {suite.id}]",
            partial(_receive, messages, suite),
            shared | receives,
            clock=process_time,
            units=len(messages),
            asked="unprotect form",
        ),
    )


def protect_with(form: MeasuredForm, plain: bytes, context: SecurityContext) -> bytes:
    """Protect in this form, the way an association does: one layer with the keys of the association goes the short way."""
    step = form.steps[0]
    if len(form.steps) == 1 and isinstance(step, Ciphered):
        control = SecurityControl.of(context.suite, step.protection, compressed=step.compress)
        return protect(plain, context, step.form, control)
    return protect_layers(plain, context, form.steps)


def context_of(own: SystemTitle, peer: SystemTitle, suite: SecuritySuite, rules: ProtectionRules = _RULES) -> SecurityContext:
    """One side, new: with every kind of key of the suite, and windows that have heard nothing."""
    keys = {role: Key(_octets(suite, role), role) for role in _ROLES}
    context = SecurityContext(
        own_title=own,
        peer_title=peer,
        keys=KeySet(guek=keys[KeyRole.GUEK], gak=keys[KeyRole.GAK], kek=keys[KeyRole.KEK]),
        transmit=TransmitCounters(MemoryCounterStore(), block=100_000),
        received=ReceivedCounters(),
        suite=suite,
        rules=rules,
        correspondence=_correspondence(own, peer, suite),
    )
    context.use_dedicated_key(keys[KeyRole.DEDICATED])
    return context


def _receive(messages: list[bytes], suite: SecuritySuite) -> None:
    """A receiver that has heard none of them; it refuses a counter that comes again."""
    server = context_of(SERVER, CLIENT, suite)
    for message in messages:
        unprotect(message, server)


def _calls(form: MeasuredForm, beside: tuple[str, ...]) -> list[Operation]:
    return [*((name, 0) for name in beside), *((("encrypt", len(RESPONSE)),) if form.gcm else ())]


def _octets(suite: SecuritySuite, role: KeyRole) -> bytes:
    return bytes((_ROLES[role] + at) & 0xFF for at in range(suite.key_octets))


def _correspondence(own: SystemTitle, peer: SystemTitle, suite: SecuritySuite) -> Correspondence:
    if suite.curve is None:
        return Correspondence(random=token_bytes)
    (signing, agreement), others = _pairs(own, curve_of(suite)), _pairs(peer, curve_of(suite))
    return Correspondence(
        identity=Identity(signing=signing, agreement=agreement),
        directory=directory_of(KnownParty(title=peer, verification=others[0].public, agreement=others[1].public)),
        random=token_bytes,
        ephemeral=AgreementKey.generate,
    )


@cache
def _pairs(title: SystemTitle, curve: Curve) -> tuple[SigningKey, AgreementKey]:
    return SigningKey.generate(curve), AgreementKey.generate(curve)
