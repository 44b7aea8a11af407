"""Renewal of the keys of a meter as a saga: put down, send, prove by a fresh association, confirm (robustness R-079, R-080).

Whatever is lost on the way, the ledger has a key that opens the meter. The answer to the request comes under the old keys; from
then on the new ones are used, and where they do not open the meter the old ones are tried, once.
"""

from __future__ import annotations

from dataclasses import replace

from dlmskit.association.errors import AssociationRefused, RequestRefused
from dlmskit.client.key_ledger import KeyLedger
from dlmskit.client.opening import counter_of, released
from dlmskit.client.plan import Plan
from dlmskit.client.services import Services
from dlmskit.client.steps import Script
from dlmskit.errors import DlmsError, SecurityError, SecurityReason, ServiceError
from dlmskit.security.keys import KeySet

_NOT_TAKEN = "the meter did not take the new keys: it opens under those before, which are in force"


def renewal(services: Services, send: Script[None], new: KeySet, ledger: KeyLedger) -> Script[None]:
    """Send keys and prove them; afterwards the connection is a fresh association under them.

    Raises ServiceError where the meter refuses them, SecurityError (authentication-failed) where it did not take them; then the
    keys before are in force. Raises what else goes wrong with the keys still pending: see `recovered`.
    """
    ledger.put(new)
    try:
        yield from send
    except ServiceError as error:
        if type(error) is ServiceError:  # an answer, and a protected one: nothing was changed
            ledger.drop()
        raise
    except DlmsError:
        yield from proved(services, new, ledger)  # the answer may be lost, and the keys changed
    else:
        yield from _left(services, new)
        yield from proved(services, new, ledger)


def proved(services: Services, new: KeySet, ledger: KeyLedger) -> Script[None]:
    """Associate under pending keys and confirm them; under the active ones where the meter has not got them, and drop them."""
    old = services.plan
    try:
        yield from services.reopen(_under(old, new))
    except DlmsError as error:
        services.plan = old
        if not _refused(error):
            raise
        yield from services.reopen(old)
        ledger.drop()
        raise SecurityError(SecurityReason.AUTHENTICATION_FAILED, _NOT_TAKEN) from error
    ledger.confirm()


def recovered(services: Services, ledger: KeyLedger) -> Script[KeySet]:
    """Finish a renewal that was cut off: pending keys first, then active ones. The keys that are in force.

    The connection is a fresh association under them. Raises as opening does where neither opens the meter, with nothing dropped.
    """
    pending = ledger.pending()
    services.plan = replace(services.plan, keys=ledger.active())
    if pending is None:
        yield from services.reopen(services.plan)
        return services.plan.keys
    try:
        yield from proved(services, pending, ledger)
    except SecurityError as error:
        if ledger.pending() is not None:
            raise
        del error
    return services.plan.keys


def _under(plan: Plan, keys: KeySet) -> Plan:
    """The same plan under other keys. A key that was never used begins at 0, and nobody need be asked where."""
    plan = replace(plan, keys=keys)
    counter = counter_of(plan)
    if counter is not None and counter.next is None:
        counter.take()
    return plan


def _left(services: Services, new: KeySet) -> Script[None]:
    """Release the association under the new keys, which hold in it now; whether the meter answers or not."""
    association = services.association
    association.change_keys(new)
    yield from released(association)


def _refused(error: DlmsError) -> bool:
    """Whether the meter was there and did not take us, as opposed to a medium that failed."""
    if isinstance(error, AssociationRefused):
        return error.authentication_failed
    return isinstance(error, RequestRefused) or (
        isinstance(error, SecurityError)
        and error.reason in {SecurityReason.AUTHENTICATION_FAILED, SecurityReason.DECIPHERING_FAILED}
    )
