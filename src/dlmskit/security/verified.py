"""The proof that a received APDU passed every check of its protection, and what is known of it."""

from __future__ import annotations

import msgspec

from dlmskit.security.channels import Channel
from dlmskit.security.control import Protection, SecurityHeader
from dlmskit.security.envelope import Form
from dlmskit.security.keys import KeyRole
from dlmskit.security.layers import Layer, union_of
from dlmskit.types.system_title import SystemTitle

SEAL = object()
"""What `unprotect` alone puts into a `Verified`."""


class Verified(msgspec.Struct, frozen=True, gc=False):
    """A received APDU that passed every check of its protection. Only `unprotect` makes one: services accept nothing else.

    Where there are several layers, form, header, key and sender are those of the outermost one: of the message as the peer
    of the association sent it. `layers` has them all, with their parties.
    """

    plain: bytes
    """The octets that were protected, their own tag included. Of what is for a third party, whose agent we are: still protected
    between him and the sender."""
    invocation_counter: int
    gap: int
    """Counters left out since the last APDU of this sender; for the log."""
    channel: Channel
    proof: object
    nested: tuple[Layer, ...] = ()
    """All layers, where there are several or the one has a header of its own; otherwise empty."""

    def __post_init__(self) -> None:
        if self.proof is not SEAL:
            raise TypeError("only unprotect makes a Verified")

    @property
    def form(self) -> Form:
        """How it was wrapped."""
        return self.channel.form

    @property
    def header(self) -> SecurityHeader:
        """The security header it carried; of a signature, which has none, one that says neither."""
        return SecurityHeader(self.channel.control, self.invocation_counter)

    @property
    def key_role(self) -> KeyRole:
        """The key it was protected with."""
        return self.channel.key_role

    @property
    def protection(self) -> Protection:
        """What was found, of all layers together.

        Without AUTHENTICATED or SIGNED in it the rules tolerated encryption alone, and nothing proves the content.
        """
        return union_of(self.nested) if self.nested else self.channel.control.protection

    @property
    def system_title(self) -> SystemTitle:
        """Of the sender."""
        return self.channel.system_title

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer, outermost first."""
        return self.nested or (
            Layer(
                form=self.form,
                protection=self.channel.control.protection,
                originator=self.system_title,
                key_role=self.key_role,
                header=self.header,
                gap=self.gap,
            ),
        )

    @property
    def signers(self) -> frozenset[SystemTitle]:
        """Who signed it."""
        return frozenset(layer.originator for layer in self.nested if layer.form is Form.GENERAL_SIGNING)

    def lowest_before(self, role: KeyRole) -> int | None:
        """The lowest counter that its sender could still use under this key before this APDU; None where it used none of it."""
        if not self.nested:
            return self.invocation_counter - self.gap if self.channel.key_role is role else None
        for layer in self.nested:
            if layer.key_role is role and layer.header is not None and layer.originator == self.system_title:
                return layer.header.invocation_counter - layer.gap
        return None

    def __repr__(self) -> str:
        what = ", ".join(map(str, self.nested)) or f"{self.channel}, invocation counter {self.invocation_counter}"
        return f"Verified({len(self.plain)} octets, {what})"
