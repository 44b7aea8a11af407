"""Layers of protection as an association uses them: those of a request, those of its answer, and the room they leave.

A client protects as it is configured; a server answers in the family of the request, with whatever the policy and the rights of
what was touched demand in addition (security concept, 2.7). One layer of glo-, ded-, general-glo- or general-ded-ciphering, the
usual case, does not come here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dlmskit.association.settings import AssociationSettings, Signing, Wrapping
from dlmskit.association.sizes import content_room
from dlmskit.codec.reader import length_size
from dlmskit.security import Ciphered, GeneralCiphered, KeyChoice, SecurityContext, SecuritySuite, Signed, Step, Verified
from dlmskit.security.control import AUTHENTICATED_ENCRYPTED, HEADER_OCTETS, Protection, SecurityControl
from dlmskit.security.envelope import Form
from dlmskit.security.mirror import answer_steps
from dlmskit.security.protection import protect, protect_layers

_TRANSACTION_OCTETS = 8
_TITLES_OCTETS = 18
"""Originator and recipient, each with its length."""
_LAST_FIELDS_OCTETS = 2
"""Lengths of date-time and other information."""
_SIGNED, _SYMMETRIC = int(Protection.SIGNED), int(AUTHENTICATED_ENCRYPTED)
"""Numbers where every answer asks: flags cost ten times as much."""
_MOST_LAYERS = (Ciphered(form=Form.GENERAL_GLO), Signed())


def request_steps(settings: AssociationSettings, form: Form, *, established: bool) -> tuple[Step, ...]:
    """The layers of a request, innermost first. ``established``: the peer has the fresh key already.

    A key that came in a message which nothing authenticates was not kept by the peer: it is named every time.
    """
    demanded = settings.policy.request
    symmetric = demanded & AUTHENTICATED_ENCRYPTED
    steps: list[Step] = []
    if symmetric and settings.wrapping is Wrapping.GENERAL_CIPHERING:
        around = Protection.SIGNED in demanded and settings.signing is Signing.AROUND
        kept = settings.general_key.fresh and (around or Protection.AUTHENTICATED in symmetric)
        key = KeyChoice.ESTABLISHED if kept and established else settings.general_key
        steps.append(GeneralCiphered(key=key, protection=symmetric, compress=settings.compress))
    elif symmetric:
        steps.append(Ciphered(form=form, protection=symmetric, compress=settings.compress))
    if Protection.SIGNED in demanded:
        steps.insert(0 if settings.signing is Signing.INSIDE else len(steps), Signed())
    return tuple(steps)


def in_one_transaction(steps: tuple[Step, ...], security: SecurityContext) -> tuple[Step, ...]:
    """The same layers with one transaction id, which the answer echoes, where several of them would draw their own."""
    if sum(not isinstance(step, Ciphered) for step in steps) < 2:
        return steps
    transaction_id = security.transactions.next()
    return tuple(step if isinstance(step, Ciphered) else replace(step, transaction_id=transaction_id) for step in steps)


def is_layered(request: Verified | None, required: int, *, compress: bool) -> bool:
    """Whether an answer needs more than one layer of the usual forms, or compression."""
    if request is None:
        return bool(required & _SIGNED)
    return bool(required & _SIGNED or request.nested or (compress and request.form.general))


def steps_of_answer(
    request: Verified | None, security: SecurityContext, required: Protection, *, compress: bool, form: Form = Form.GLO
) -> tuple[Step, ...]:
    """The layers of an answer, innermost first: those of the request, and what is required beside them.

    ``form``: how the answer to a request in clear is ciphered. Raises SecurityError (unsupported) for a request under the
    broadcast key.
    """
    if request is not None:
        steps = answer_steps(request, security, required)
        return tuple(map(_compressed, steps)) if compress else steps
    symmetric = (required | security.rules.outgoing) & AUTHENTICATED_ENCRYPTED
    ciphering = (Ciphered(form=form, protection=symmetric),) if symmetric else ()
    return (*ciphering, Signed())


def _compressed(step: Step) -> Step:
    if isinstance(step, GeneralCiphered) or (isinstance(step, Ciphered) and step.form.general):
        return replace(step, compress=True)
    return step


def protect_in_family(plain: bytes, request: Verified | None, security: SecurityContext, required: Protection) -> bytes:
    """Protect what an AARE or RLRE carries like the request, with what is required beside that. Raises SecurityError."""
    found = Protection.NONE if request is None else request.protection
    if is_layered(request, int(required), compress=False):
        return protect_layers(plain, security, steps_of_answer(request, security, required, compress=False))
    wanted = (int(found) | int(required)) & _SYMMETRIC
    if not wanted:
        return plain
    return protect(plain, security, Form.GLO if request is None else request.form, SecurityControl.of(security.suite, wanted))


def layered_room(limit: int, steps: Sequence[Step], suite: SecuritySuite) -> int:
    """The largest plain APDU that is no longer than ``limit`` under these layers. Compression is not counted on."""
    room = limit
    for step in reversed(steps):
        if isinstance(step, Ciphered):
            room = content_room(room - 1 - (9 if step.form.general else 0)) - _symmetric(step.protection, suite)
            continue
        given = step.transaction_id
        transaction = _TRANSACTION_OCTETS if given is None else len(given)
        head = 1 + length_size(transaction) + transaction + _TITLES_OCTETS + _LAST_FIELDS_OCTETS
        if isinstance(step, Signed):
            room = content_room(room - head - length_size(suite.signature_octets) - suite.signature_octets)
        else:
            room = content_room(room - head - _key_info(step.key, suite)) - _symmetric(step.protection, suite)
    return max(room, 0)


def signed_room(limit: int, suite: SecuritySuite) -> int:
    """The room that is left under authenticated encryption and a signature: the least there is in a suite that can sign."""
    return layered_room(limit, _MOST_LAYERS, suite)


def _symmetric(protection: Protection, suite: SecuritySuite) -> int:
    return HEADER_OCTETS + (suite.tag_octets if Protection.AUTHENTICATED in protection else 0)


def _key_info(choice: KeyChoice, suite: SecuritySuite) -> int:
    """Octets of key-info: presence, choice and what belongs to it."""
    if choice is KeyChoice.ESTABLISHED:
        return 1
    if choice is KeyChoice.WRAPPED:
        return 4 + suite.wrapped_key_octets
    if choice is KeyChoice.ONE_PASS:
        agreed = suite.public_key_octets + suite.signature_octets
        return 4 + length_size(agreed) + agreed
    return 5 if choice is KeyChoice.STATIC else 3
