"""What one side of an association is configured to propose, demand and tolerate. Frozen; keys are not in here.

Client and server use the same words: titles and SAPs are named after their owner, so one object can describe both ends.
What was agreed in the end is an `AssociationContext`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from dlmskit.errors import ConfigError
from dlmskit.security import SUITES
from dlmskit.security.control import AUTHENTICATED_ENCRYPTED
from dlmskit.security.layers import KeyChoice
from dlmskit.security.policy import STRONGEST_SYMMETRIC, SecurityPolicy
from dlmskit.types.conformance import LOGICAL_NAME_REFERENCING, SHORT_NAME_REFERENCING, Conformance
from dlmskit.types.enums import ApplicationContext, DataAccessResult, Mechanism
from dlmskit.types.sap import MANAGEMENT_LOGICAL_DEVICE, PUBLIC_CLIENT, is_broadcast
from dlmskit.types.system_title import SystemTitle

SUPPORTED = (
    Conformance.GENERAL_PROTECTION
    | Conformance.GENERAL_BLOCK_TRANSFER
    | Conformance.PRIORITY_MGMT_SUPPORTED
    | Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET
    | Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.DATA_NOTIFICATION
    | Conformance.ACCESS
    | Conformance.READ
    | Conformance.WRITE
    | Conformance.UNCONFIRMED_WRITE
    | Conformance.INFORMATION_REPORT
    | Conformance.PARAMETERIZED_ACCESS
    | Conformance.GET
    | Conformance.SET
    | Conformance.SELECTIVE_ACCESS
    | Conformance.EVENT_NOTIFICATION
    | Conformance.ACTION
)
"""What client and server can do in an association today; other bits are never proposed and never granted."""

SMALLEST_PDU = 12
"""The standard's lower bound of a PDU size; 0 stands for no limit."""


class Wrapping(Enum):
    """Which family of ciphered APDUs a client sends; a server answers in the family of the request."""

    SERVICE_SPECIFIC = "glo- and ded-"
    GENERAL = "general-glo and general-ded"
    GENERAL_CIPHERING = "general-ciphering"


class Signing(Enum):
    """Where the signature of a request stands, where the security policy demands one."""

    AROUND = "over the ciphered APDU"
    INSIDE = "over the plain APDU, ciphered with it"


class AarqOnOpen(Enum):
    """What another AARQ does to an open association that is not ciphered. A ciphered one is never touched by it."""

    DROP = "no answer, the association stays"
    REOPEN = "the association ends, the AARQ is evaluated"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTolerances:
    """Liberties of real servers that a client takes. Each one taken is written down in the context or as an event."""

    field_deviations: bool = True
    """Decode with the known liberties of real devices: lengths of AARE, padding, flags, a last flag left out."""
    unproposed_conformance: bool = False
    """Mask conformance bits that were granted and not proposed, instead of refusing."""
    missing_mechanism_name: bool = True
    """Go on with HLS where the AARE has a challenge and names no mechanism."""
    any_invoke_id: bool = False
    """Take the answer whatever invoke-id it carries: some meters answer 0. A late answer is then taken for the next one."""
    any_manufacturer: bool = False
    """Take system titles whose first three octets are no manufacturer identification."""
    no_final_acknowledgement: bool = False
    """Send no empty block behind the last one of an answer: some servers answer it with an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSwitches:
    """Choices that the standard leaves to a server. The defaults are the safe ones."""

    aarq_on_open: AarqOnOpen = AarqOnOpen.REOPEN
    unknown_object_result: DataAccessResult = DataAccessResult.OBJECT_UNDEFINED
    """What GET and SET of an object that does not exist answer; the official test wants read-write-denied."""
    silent_on_deciphering_error: bool = False
    """Answer nothing where protection fails to verify, instead of the same exception-response for every reason."""
    answer_unconfirmed: bool = False
    """Answer requests whose service class says unconfirmed: for clients that never set the bit."""
    any_manufacturer: bool = False
    """Take client system titles whose first three octets are no manufacturer identification."""
    missing_client_title: bool = False
    """Take an AARQ without calling-AP-title where `AssociationSettings.client_system_title` says whose it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationSettings:
    """One association, as one side is configured. Raises `ConfigError` for what cannot go together."""

    client_sap: int = PUBLIC_CLIENT
    server_sap: int = MANAGEMENT_LOGICAL_DEVICE
    application_context: ApplicationContext = ApplicationContext.LN
    mechanism: Mechanism = Mechanism.LOWEST
    conformance: Conformance = SUPPORTED
    """Client: proposed. Server: granted at most."""
    required_conformance: Conformance = Conformance(0)
    """Client: without these bits the association is of no use."""
    max_pdu_size: int = 0xFFFF
    """The largest APDU in octets that this side receives, protection included; 0 for no limit."""
    largest_sent: int = 0xFFFF
    """The largest APDU that the lower layer carries; it binds where the peer sets no lower limit."""
    client_system_title: SystemTitle | None = None
    """Client: its own. Server: the only one it takes, None for any."""
    server_system_title: SystemTitle | None = None
    """Server: its own. Client: the only one it takes, None for any."""
    security_suite: int = 0
    security_policy: SecurityPolicy = STRONGEST_SYMMETRIC
    """What every APDU carries at least. It binds in ciphered application contexts; without ciphering it says nothing."""
    wrapping: Wrapping = Wrapping.SERVICE_SPECIFIC
    general_key: KeyChoice = KeyChoice.GUEK
    """Client: the key of general-ciphering. A fresh one is named until the first answer under it, and then used on."""
    signing: Signing = Signing.AROUND
    """Client: where requests are signed, if the policy demands it. A server signs where the request was signed."""
    compress: bool = False
    """Compress messages in a general form where that makes them shorter. A compressed request is answered so in any case.

    The length of what is compressed tells something about it: not where others choose a part of what is in the message."""
    dedicated_key: bool = False
    """Client: agree on a fresh key for this association."""
    third_parties: frozenset[SystemTitle] = frozenset()
    """Client: whose messages it forwards, as their agent. Server: whose messages it takes through this association; they have
    the rights of the client, and the keys are found in the directory of the `Correspondence`."""
    user_id: int | None = None
    """Client: sent as calling-AE-invocation-id."""
    user_ids: frozenset[int] | None = None
    """Server: the users that may associate; None for anybody, with or without an id."""
    high_priority: bool = False
    """Client: ask for high priority, where it was negotiated."""
    retries: int = 0
    """Client: how often a GET is sent again after a time-out; SET and ACTION never are."""
    block_window: int = 0
    """Blocks of general block transfer that this side receives in one stream, 1 (no streaming) to 63; 0: it is neither proposed
    nor granted, and what is long goes in the blocks of its service."""
    block_retries: int = 5
    """Client: how often a stream of blocks is repeated without progress before the transfer is given up."""
    challenge_octets: int = 32
    """Length of the own challenge of HLS."""
    pre_established: bool = False
    """The association exists without AARQ and cannot be released."""
    tolerances: ClientTolerances = field(default_factory=ClientTolerances)
    switches: ServerSwitches = field(default_factory=ServerSwitches)

    # What follows from the rest; worked out once, because every association asks.
    short_names: bool = field(init=False, repr=False)
    """Whether objects are referenced by short names."""
    ciphered: bool = field(init=False, repr=False)
    """Whether the application context allows ciphered APDUs."""
    policy: SecurityPolicy = field(init=False, repr=False)
    """The security policy that binds: nothing without ciphering."""
    needs_titles: bool = field(init=False, repr=False)
    """Whether both parties must know each other's system title: ciphering, and the mechanisms bound to titles."""
    needs_security: bool = field(init=False, repr=False)
    """Whether there is a security context at all: ciphering, and every mechanism with challenges."""
    broadcast: bool = field(init=False, repr=False)
    """Whether every logical device is addressed; then nothing is ever answered."""
    proposed_conformance: int = field(init=False, repr=False)
    """The bits that a client proposes: what is asked for and can be served."""
    grantable_conformance: int = field(init=False, repr=False)
    """The bits that a server grants to whom proposes them."""
    needs_signatures: bool = field(init=False, repr=False)
    """Whether the parties must know each other's public key for signatures."""
    layered: bool = field(init=False, repr=False)
    """Client: whether requests have another form than one layer of glo-, ded-, general-glo- or general-ded-ciphering."""
    needed_conformance: int = field(init=False, repr=False)
    """The bits without which a client cannot work as it is configured."""

    def __post_init__(self) -> None:
        ciphered = self.application_context.allows_ciphering
        short = not self.application_context.uses_logical_names
        wanted = self.conformance if self.block_window else self.conformance & ~Conformance.GENERAL_BLOCK_TRANSFER
        possible = SUPPORTED & wanted & (SHORT_NAME_REFERENCING if short else LOGICAL_NAME_REFERENCING)
        signed = bool(self.security_policy & (SecurityPolicy.SIGNED_REQUEST | SecurityPolicy.SIGNED_RESPONSE))
        general = self.wrapping is not Wrapping.SERVICE_SPECIFIC or signed
        derived = {
            "short_names": short,
            "ciphered": ciphered,
            "policy": self.security_policy if ciphered else SecurityPolicy.NOTHING,
            "needs_titles": ciphered or self.mechanism >= Mechanism.HLS_GMAC,
            "needs_security": ciphered or self.mechanism.is_high_level,
            "needs_signatures": self.mechanism is Mechanism.HLS_ECDSA or (ciphered and signed),
            "layered": ciphered
            and (
                self.wrapping is Wrapping.GENERAL_CIPHERING
                or self.compress
                or bool(self.security_policy & SecurityPolicy.SIGNED_REQUEST)
            ),
            "broadcast": is_broadcast(self.server_sap),
            "proposed_conformance": int(possible),
            "grantable_conformance": int(possible),
            "needed_conformance": int(
                self.required_conformance | (Conformance.GENERAL_PROTECTION if ciphered and general else Conformance(0))
            ),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)
        self._check()
        self._check_suite()

    def _check(self) -> None:
        if self.dedicated_key and not self.ciphered:
            raise ConfigError("a dedicated key needs an application context with ciphering")
        if self.max_pdu_size and not SMALLEST_PDU <= self.max_pdu_size <= 0xFFFF:
            raise ConfigError(f"a PDU size is 0 (no limit) or {SMALLEST_PDU} to 65535, not {self.max_pdu_size}")
        if not 0 <= self.block_window <= 63:
            raise ConfigError(f"a window of block transfer is 1 to 63 blocks, or 0 for none, not {self.block_window}")
        if not 8 <= self.challenge_octets <= 64:
            raise ConfigError(f"a challenge has 8 to 64 octets, not {self.challenge_octets}")
        if self.pre_established and self.mechanism is not Mechanism.LOWEST:
            raise ConfigError("a pre-established association has no AARQ to authenticate in")
        if self.third_parties and not self.ciphered:
            raise ConfigError("messages of third parties are protected: the application context must allow ciphering")
        if self.broadcast and not self.pre_established:
            raise ConfigError("an association with every device at once can only be pre-established")

    def _check_suite(self) -> None:
        """What needs key pairs or compression needs a suite that has them."""
        suite = SUITES.get(self.security_suite)
        if suite is None:  # refused where a security context is made of it
            return
        agreed = self.wrapping is Wrapping.GENERAL_CIPHERING and self.general_key in {KeyChoice.ONE_PASS, KeyChoice.STATIC}
        if suite.curve is None and (self.needs_signatures or agreed):
            what = self.mechanism.label if self.mechanism is Mechanism.HLS_ECDSA else "an agreed key" if agreed else "a signature"
            raise ConfigError(f"{what} needs security suite 1 or 2: suite {suite.id} has no key pairs")
        if self.compress and not suite.compression:
            raise ConfigError(f"security suite {suite.id} has no compression; suites 1 and 2 have")
        if self.compress and self.wrapping is Wrapping.SERVICE_SPECIFIC:
            raise ConfigError("glo- and ded-ciphered APDUs are never compressed: choose a general wrapping")
        if self.dedicated_key and self.wrapping is Wrapping.GENERAL_CIPHERING:
            raise ConfigError("general-ciphering names its own key: a dedicated key is for the other forms")
        if self.general_key in {KeyChoice.GBEK, KeyChoice.ESTABLISHED}:
            raise ConfigError(f"requests do not begin with the {self.general_key.value} key")
        symmetric = self.policy.request & AUTHENTICATED_ENCRYPTED
        if self.signing is Signing.INSIDE and self.wrapping is Wrapping.SERVICE_SPECIFIC and symmetric:
            raise ConfigError("a signature inside of ciphering needs a general wrapping")
        if self.layered and not self.policy.request:
            raise ConfigError("the security policy demands no protection of requests: there is nothing to wrap or compress")
