"""How a client protects its requests and opens the answers: the form that is configured, and the key that is known by now."""

from __future__ import annotations

from dataclasses import replace

from dlmskit.apdu import AccessRequest, DataNotificationConfirm
from dlmskit.association.layering import in_one_transaction, layered_room, request_steps
from dlmskit.association.settings import AssociationSettings, Wrapping
from dlmskit.association.sizes import plain_room
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import AUTHENTICATED_ENCRYPTED, Protection, SecurityControl
from dlmskit.security.envelope import GENERAL_CIPHERING, GENERAL_SIGNING, Form
from dlmskit.security.layers import Ciphered, Signed, Step
from dlmskit.security.protection import Verified, protect, protect_layers, unprotect

_GENERAL_ALONE = frozenset((AccessRequest.head[0], DataNotificationConfirm.head[0], GENERAL_CIPHERING, GENERAL_SIGNING))
"""What has no glo- and ded-form."""
_REQUEST_BITS, _RESPONSE_BITS = 0x1C, 0xE0
"""What a security policy says about requests and about responses."""


class Protecting:
    """The protection of one association, from the client's side."""

    def __init__(self, settings: AssociationSettings) -> None:
        self.settings = settings
        self.security: SecurityContext | None = None
        self._ciphering: SecurityContext | None = None
        """The same, where the application context allows ciphered APDUs."""
        self.form: Form | None = None
        """How requests are wrapped; None for clear."""
        self.control: SecurityControl | None = None
        self.steps: tuple[Step, ...] = ()
        """How requests are wrapped where one layer of the usual forms is not enough; empty for those and for clear."""
        self._key_is_known = False
        """Whether the server has answered under the fresh key of general-ciphering that requests named."""
        self.in_clear = True
        """Whether answers may come without protection."""

    def forget(self) -> None:
        """The association is over: nothing of its protection is kept."""
        if self.security is not None:
            self.security.drop_dedicated_key()
        self.security = self._ciphering = self.form = self.control = None
        self.steps, self._key_is_known = (), False
        self.in_clear = True

    def use(self, security: SecurityContext | None, *, dedicated: bool = False) -> None:
        """Send under this security from now on: in clear where the policy demands nothing of requests."""
        self.security = security
        self._ciphering = security if self.settings.ciphered else None
        policy = int(self.settings.policy)
        self.in_clear = not policy & _RESPONSE_BITS
        if security is None or not policy & _REQUEST_BITS:
            self.form = self.control = None
            self.steps = ()
            return
        general = self.settings.wrapping is not Wrapping.SERVICE_SPECIFIC
        self.form = Form((2 if general else 0) + dedicated)
        self.control = security.control
        if self.settings.broadcast:
            self.control = SecurityControl.of(security.suite, security.control.protection, broadcast=True)
        if self.settings.layered:
            self.steps = request_steps(self.settings, self.form, established=self._key_is_known)

    def protect(self, plain: bytes) -> bytes:
        """The APDU as it is sent."""
        form, steps, security = self.form, self.steps, self.security
        if plain[0] in _GENERAL_ALONE:
            form, steps = self.general_form()
        if steps and security is not None:
            return protect_layers(plain, security, in_one_transaction(steps, security))
        return plain if form is None or security is None else protect(plain, security, form, self.control)

    @property
    def ciphers(self) -> bool:
        """Whether requests are ciphered at all: a signature alone hides nothing."""
        symmetric = self.settings.policy.request & AUTHENTICATED_ENCRYPTED
        return self.form is not None and symmetric != Protection.NONE

    def protect_encrypted(self, plain: bytes) -> bytes:
        """As `protect`, and encrypted even where the policy asks for authentication alone: for what holds a secret."""
        form, security = self.form, self.security
        if form is None or security is None:
            return plain
        if not self.steps:
            return protect(plain, security, form, SecurityControl(security.control | Protection.ENCRYPTED << 4))
        steps = tuple(
            step if isinstance(step, Signed) else replace(step, protection=step.protection | Protection.ENCRYPTED)
            for step in self.steps
        )
        return protect_layers(plain, security, in_one_transaction(steps, security))

    def general_form(self) -> tuple[Form | None, tuple[Step, ...]]:
        """How requests are wrapped that have no glo- and ded-form."""
        form = self.form
        if form is None or form.general:
            return form, self.steps
        general = Form(form + 2)
        return general, tuple(replace(step, form=general) if isinstance(step, Ciphered) else step for step in self.steps)

    def room_under(self, limit: int, form: Form | None, steps: tuple[Step, ...]) -> int:
        """The largest plain APDU that is no longer than ``limit`` in this protection."""
        if steps and self.security is not None:
            return layered_room(limit, steps, self.security.suite)
        return plain_room(limit, form, self.control)

    def open(self, octets: bytes, security: SecurityContext) -> Verified:
        """Take the protection off what the server sent. Raises as `unprotect`.

        An answer shows that the server has the key that the request named: it is not named again.
        """
        verified = unprotect(octets, security)
        if self.steps and not self._key_is_known and self.form is not None:
            self._key_is_known = True
            self.steps = request_steps(self.settings, self.form, established=True)
        return verified
