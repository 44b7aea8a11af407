"""Several layers of protection on one APDU, and the forms that name their parties: applied, and taken off as one.

All layers are verified before anything is accepted: then counters move, innermost first, and fresh keys become established. What
is required must be there in all layers together. Encryption alone is no hazard inside a layer by which its own originator
authenticates it; a tag of somebody else around it does not speak for him. A client that is the agent of a third party takes
off its own layers alone and passes on what is inside.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.security.ciphering import cipher, open_ciphered
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection
from dlmskit.security.envelope import GENERAL_CIPHERING, GENERAL_SIGNING, PROTECTED_TAGS, Form
from dlmskit.security.general_ciphering import cipher_generally, open_generally_ciphered
from dlmskit.security.general_header import GeneralHeader, recipient_of
from dlmskit.security.general_signing import open_signed, sign
from dlmskit.security.layers import Ciphered, GeneralCiphered, Layer, Step
from dlmskit.security.opened import Opened
from dlmskit.security.verified import SEAL, Verified
from dlmskit.types.system_title import SystemTitle


def protect_layers(plain: bytes, context: SecurityContext, steps: Sequence[Step]) -> bytes:
    """Protect one whole APDU by these steps, the first one innermost.

    Raises `SecurityError`: protection-too-weak where all steps together are less than the rules of the context ask for; and
    what each step raises. `EncodeError` where a form does not go around what is inside it, or steps are none or too many.
    """
    if not plain or not 0 < len(steps) <= context.limits.apdu_nesting:
        message = f"{len(steps)} layers of protection; 1 to {context.limits.apdu_nesting} are taken off again"
        raise EncodeError(message if plain else "there is nothing to protect")
    given = Protection.NONE
    for step in steps:
        given |= protection_of(step)
    context.check_enough(given, context.rules.outgoing)
    established, octets = dict(context.fresh_keys.sending), plain
    try:
        for step in steps:
            octets = _apply(octets, context, step)
    except BaseException:
        context.fresh_keys.sending = established  # the peer will not hear of the key
        raise
    return octets


def protection_of(step: Step) -> Protection:
    """What a step gives."""
    return step.protection if isinstance(step, Ciphered | GeneralCiphered) else Protection.SIGNED


def _apply(octets: bytes, context: SecurityContext, step: Step) -> bytes:
    if isinstance(step, Ciphered):
        return cipher(octets, context, step)
    if isinstance(step, GeneralCiphered):
        return cipher_generally(octets, context, step)
    return sign(octets, context, step)


def unprotect_layers(octets: bytes, context: SecurityContext) -> Verified:
    """Take all layers off that are ours. Raises as `protection.unprotect`; whatever is refused changes nothing."""
    if len(octets) > context.limits.apdu_octets:
        raise DecodeError(f"{len(octets)} octets, at most {context.limits.apdu_octets} are accepted", 0, "apdu")
    opened: list[Opened] = []
    found, content = Protection.NONE, octets
    vouched: set[SystemTitle] = set()
    while not opened or (content[0] in PROTECTED_TAGS and not _is_for_a_third_party(content, context)):
        if len(opened) >= context.limits.apdu_nesting:
            raise DecodeError(f"more than {context.limits.apdu_nesting} layers of protection", 0, "apdu")
        one = _open(content, context, found, vouched)
        opened.append(one)
        found |= one.layer.protection
        content = one.content
        if one.vouches:
            vouched.add(one.layer.originator)
    context.check_enough(found, context.rules.incoming)
    layers = accept_layers(opened, context)
    return _verified(content, opened[0], layers)


def accept_layers(opened: Sequence[Opened], context: SecurityContext) -> tuple[Layer, ...]:
    """Accept layers that were all verified, outermost first: counters move, transactions are used up, keys become established.

    Raises `SecurityError` (counter-repeated); then nothing has moved.
    """
    uncounted = _uncounted(opened, context)
    for signer, header in uncounted:
        context.transactions.check(signer, header.transaction_id)
    layers = tuple(_accept(one, context) for one in reversed(opened))[::-1]
    for signer, header in uncounted:
        context.transactions.accept(signer, header.transaction_id)
    return layers


def _open(octets: bytes, context: SecurityContext, found: Protection, vouched: set[SystemTitle]) -> Opened:
    tag = octets[0] if octets else None
    if tag == GENERAL_SIGNING:
        return open_signed(octets, context, found)
    if tag == GENERAL_CIPHERING:
        return open_generally_ciphered(octets, context, found, vouched)
    return open_ciphered(octets, context, found, vouched)


def _is_for_a_third_party(content: bytes, context: SecurityContext) -> bool:
    """What one of our third parties shall get stays as it is: a client passes it on."""
    if content[0] != GENERAL_SIGNING and content[0] != GENERAL_CIPHERING:
        return False
    recipient = recipient_of(content)
    return recipient in context.rules.third_parties and recipient != context.own_title


def _accept(one: Opened, context: SecurityContext) -> Layer:
    layer = one.layer
    if one.window is not None and layer.header is not None:
        layer = msgspec.structs.replace(layer, gap=one.window.accept(layer.header.invocation_counter))
    if one.key is not None:
        context.fresh_keys.receiving[layer.originator] = one.key
    return layer


def _uncounted(opened: Sequence[Opened], context: SecurityContext) -> list[tuple[SystemTitle, GeneralHeader]]:
    """Who signed without a counter of his own in this message, and under which header: outermost, one for each."""
    if not context.conventions.increasing_transactions:
        return []
    counted = {one.layer.originator for one in opened if one.window is not None}
    headers: dict[SystemTitle, GeneralHeader] = {}
    for layer in (one.layer for one in opened):
        if layer.form is Form.GENERAL_SIGNING and layer.general is not None and layer.originator not in counted:
            headers.setdefault(layer.originator, layer.general)
    return list(headers.items())


def _verified(plain: bytes, outermost: Opened, layers: tuple[Layer, ...]) -> Verified:
    counter = gap = 0
    for layer in layers:
        if layer.header is not None:
            counter, gap = layer.header.invocation_counter, layer.gap
            break
    return Verified(plain, counter, gap, outermost.channel, SEAL, layers)
