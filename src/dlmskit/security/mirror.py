"""How an answer is protected: like its request, with the parties changed about (Green Book, 9.2.7.2.2; security policy).

An answer has the layers of its request, each to the originator of that layer and with its transaction id; a request under an
agreed key is answered under a key agreed on in the same way. It may carry more than that, where the rules or the rights of what
was asked for demand more, and never less.
"""

from __future__ import annotations

from dataclasses import replace

from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import AUTHENTICATED_ENCRYPTED, Protection
from dlmskit.security.envelope import Form
from dlmskit.security.keys import KeyRole
from dlmskit.security.layered import protect_layers, protection_of
from dlmskit.security.layers import Ciphered, GeneralCiphered, KeyChoice, Layer, Signed, Step
from dlmskit.security.verified import Verified


def answer_steps(request: Verified, context: SecurityContext, required: Protection = Protection.NONE) -> tuple[Step, ...]:
    """The steps for the answer, innermost first.

    ``required``: what the access rights of the answered items demand, beside the rules of the context.
    Raises `SecurityError` (unsupported) for a request under the broadcast key, which has no answer.
    """
    steps = [_mirrored(layer, context) for layer in reversed(request.layers)]
    given = Protection.NONE
    for step in steps:
        given |= protection_of(step)
    missing = (context.rules.outgoing | required) & ~given
    if missing & AUTHENTICATED_ENCRYPTED:
        _strengthen(steps, missing & AUTHENTICATED_ENCRYPTED)
    if Protection.SIGNED in missing:
        steps.append(Signed())
    return tuple(steps)


def protect_answer(plain: bytes, request: Verified, context: SecurityContext, required: Protection = Protection.NONE) -> bytes:
    """Protect the answer to a request. Raises as `answer_steps` and `protect_layers`."""
    return protect_layers(plain, context, answer_steps(request, context, required))


def _mirrored(layer: Layer, context: SecurityContext) -> Step:
    control = None if layer.header is None else layer.header.control
    if layer.key_role is KeyRole.GBEK:
        raise SecurityError(SecurityReason.UNSUPPORTED, "what comes under the broadcast key is not answered")
    if layer.general is None:
        return Ciphered(form=layer.form, protection=layer.protection, compress=control is not None and control.compressed)
    to, transaction_id = layer.originator, layer.general.transaction_id
    if layer.form is Form.GENERAL_SIGNING:
        return Signed(recipient=to, transaction_id=transaction_id)
    return GeneralCiphered(
        recipient=to,
        transaction_id=transaction_id,
        key=_key(layer, context),
        protection=layer.protection,
        compress=control is not None and control.compressed,
    )


def _key(layer: Layer, context: SecurityContext) -> KeyChoice:
    """A key that was named is answered under one that is named; the established one under ours, which is named the first time."""
    if layer.key is not KeyChoice.ESTABLISHED:
        return layer.key or KeyChoice.GUEK
    if layer.originator in context.fresh_keys.sending:
        return KeyChoice.ESTABLISHED
    return context.fresh_keys.receiving[layer.originator].choice


def _strengthen(steps: list[Step], missing: Protection) -> None:
    """Add to the outermost layer that ciphers; where there is none, one that ciphers under the key of the association."""
    for at in range(len(steps) - 1, -1, -1):
        step = steps[at]
        if not isinstance(step, Signed):
            steps[at] = replace(step, protection=step.protection | missing)
            return
    steps.append(Ciphered(form=Form.GENERAL_GLO, protection=missing))
