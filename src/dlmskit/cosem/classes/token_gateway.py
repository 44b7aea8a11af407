"""Interface class 115, Token gateway (Blue Book 4.6.5): takes tokens, checks them, and gives the account what they are worth.

What a token looks like and how it proves itself is the business of a `TokenDecoder`, which the device puts behind the gateway:
that of IEC 62055-41, or its own. Without one every token fails its format check.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, Protocol

from dlmskit.codec.data import Data
from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.kinds import DATE_TIME
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.payment import accounts
from dlmskit.errors import DlmsError, ServiceError
from dlmskit.types.bits import BitString

LONGEST_TOKEN = 256
"""Octets of a token that is looked at."""

_STATUS_CODES = (
    "enum{0=token_format_OK,1=authentication_OK,2=validation_OK,3=token_execution_OK,4=token_format_failure,"
    "5=authentication_failure,6=validation_failure,7=execution_failure,8=token_received_not_processed}"
)


class TokenStatus(IntEnum):
    """status_code of token_status."""

    FORMAT_OK = 0
    AUTHENTICATION_OK = 1
    VALIDATION_OK = 2
    EXECUTION_OK = 3
    FORMAT_FAILURE = 4
    AUTHENTICATION_FAILURE = 5
    VALIDATION_FAILURE = 6
    EXECUTION_FAILURE = 7
    NOT_PROCESSED = 8


class DeliveryMethod(IntEnum):
    """token_delivery_method."""

    REMOTE = 0
    LOCAL = 1
    MANUAL = 2


class Token(NamedTuple):
    """A token that is genuine, valid and not used before."""

    amount: int
    """In amounts of the account."""
    description: tuple[bytes, ...] = ()


class TokenRefused(DlmsError):
    """What a decoder raises: which check a token did not pass."""

    def __init__(self, status: TokenStatus, message: str = "") -> None:
        super().__init__(message or status.name.lower().replace("_", " "))
        self.status = status


class TokenDecoder(Protocol):
    """Checks tokens. A token that it accepted once is refused as not valid from then on, across power cuts too."""

    def __call__(self, token: bytes, /) -> Token:
        """The worth of a token. Raises TokenRefused."""
        ...


class TokenGateway(InterfaceClass, class_id=115, version=0, name="Token gateway"):
    """The last token and what became of it."""

    token = attribute(2, "octet-string", dynamic=True)
    token_time = attribute(3, DATE_TIME, dynamic=True)
    token_description = attribute(4, "array<octet-string>", dynamic=True)
    token_delivery_method = attribute(5, "enum{0=remote,1=local,2=manual_entry}", dynamic=True)
    token_status = attribute(6, f"structure{{status_code:{_STATUS_CODES},data_value:bit-string}}", dynamic=True)
    decoder: TokenDecoder | None = None

    @method(1, "octet-string", "structure{status_code:enum,data_value:bit-string}", mandatory=True)
    def enter(self, token: bytes) -> tuple[int, BitString]:
        """Take a token that a client brought; the status says how far it came. Nothing has changed where it failed."""
        return self.take(token, DeliveryMethod.REMOTE)

    def take(self, token: bytes, delivery: DeliveryMethod) -> tuple[int, BitString]:
        """Take a token, wherever it comes from."""
        status = TokenStatus.EXECUTION_OK
        description: tuple[bytes, ...] = ()
        try:
            found = self._checked(token)
            description = found.description
            self._execute(found.amount)
        except TokenRefused as refused:
            status = refused.status
        self.store(2, Data.octet_string(token[:LONGEST_TOKEN]))
        self.token_time = self.now()
        self.token_description = list(description)
        self.token_delivery_method = delivery
        self.token_status = status, BitString()
        return int(status), BitString()

    def _checked(self, token: bytes) -> Token:
        if self.decoder is None or not token or len(token) > LONGEST_TOKEN:
            raise TokenRefused(TokenStatus.FORMAT_FAILURE)
        return self.decoder(token)

    def _execute(self, amount: int) -> None:
        account = next(accounts(self.tree), None)
        try:
            if account is None:
                raise TokenRefused(TokenStatus.EXECUTION_FAILURE, "the logical device has no account")
            account.top_up(amount)
        except ServiceError as error:
            raise TokenRefused(TokenStatus.EXECUTION_FAILURE, str(error)) from error
