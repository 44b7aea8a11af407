"""The ledger of the security vectors: our own functions make or restore every verified one, and every output of it is compared.

Other tests go deeper into each kind. This one sees that none is left out: a kind without a way, an entry that is not met and an
output that nothing makes are failures.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from dlmskit.client.directory import Directory
from dlmskit.crypto.certificates import Certificate, CertificateAuthority, Role, request_for_signing
from dlmskit.crypto.curves import CURVES, Curve
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey, verify
from dlmskit.crypto.gcm import GcmKey
from dlmskit.crypto.kdf import derive_key
from dlmskit.crypto.keywrap import unwrap_key, wrap_key
from dlmskit.crypto.suites import SUITE_1, SUITE_2, suite_of
from dlmskit.crypto.v44 import EncoderSettings, compress, decompress
from dlmskit.security.control import SecurityControl
from dlmskit.security.envelope import read_envelope
from dlmskit.security.hls import hls_mechanism
from dlmskit.security.keys import KeySet, Secret
from dlmskit.security.layers import Signed
from dlmskit.security.parties import Correspondence, Identity
from dlmskit.security.protection import protect, protect_layers, unprotect
from dlmskit.types.system_title import SystemTitle
from tests.crypto.certificates.test_authority import ENDLESS, ROOT_KEY
from tests.crypto.test_ecdh import SIDES
from tests.crypto.test_ecdsa import signed
from tests.security.parties import CLIENT, LENIENT, SERVER, party
from tests.security.people import person
from tests.security.test_protection import of_vector
from tests.vectors import load, parameters

VERIFIED = load("security", verified=True)
Made = dict[str, bytes]


class Given(dict[str, Any]):
    """Inputs and outputs of an entry; what is hexadecimal comes as octets."""

    def __init__(self, entry: dict[str, Any]) -> None:
        super().__init__(entry["inputs"] | entry["outputs"])
        self.name: str = entry["name"]
        self.entry = entry

    def octets(self, field: str) -> bytes:
        return bytes.fromhex(self[field])


def curve_with(octets: int) -> Curve:
    return next(curve for curve in CURVES.values() if curve.coordinate_octets == octets)


def key_wrap(given: Given) -> Made:
    kek, key = given.octets("kek"), given.octets("key_data")
    wrapped = wrap_key(kek, key)
    assert unwrap_key(kek, wrapped) == key
    return {"wrapped": wrapped}


def gcm(given: Given) -> Made:
    key, iv, plain = GcmKey(given.octets("key" if "key" in given else "ek")), given.octets("iv"), given.octets("plaintext")
    if "tag12" not in given:  # the annex on key agreement, whose tags nobody has met
        return {"ciphertext": key.encryption(iv[:8]).protect(iv[8:], plain)}
    mode = key.authenticated_encryption(iv[:8], given.octets("aad"))
    protected = mode.protect(iv[8:], plain)
    assert mode.unprotect(iv[8:], protected) == plain
    # DLMS never sends the last 4 octets of a tag, so those of the specification come from the primitive under it.
    whole = key._encrypt(iv, plain, given.octets("aad"))
    return {"ciphertext": protected[:-12], "tag12": protected[-12:], "tag16": whole[-16:]}


def apdu_protect(given: Given) -> Made:
    sends, takes, form, published = of_vector(given.entry)
    made = protect(given.octets("plaintext"), sends, form, SecurityControl(int(given["sc"], 16)))
    assert unprotect(published, takes).plain == given.octets("plaintext")
    content, tagged = read_envelope(made).content, given["sc"] != "10" and "tag" in given
    whole = dict.fromkeys(("apdu", "glo_get_request", "ded_get_request"), made)
    return whole | {"tag": content[-12:], "ciphertext": content[:-12] if tagged else content}


def apdu_unprotect(given: Given) -> Made:
    octets = given.octets("apdu")
    envelope = read_envelope(octets)
    keys = KeySet.from_hex(guek=given["ek"], gak=given.get("ak"))
    takes = party(CLIENT, envelope.title, keys=keys, suite=suite_of(envelope.header.control.suite), rules=LENIENT)
    control = bytes((envelope.header.control,))
    return {"plaintext": unprotect(octets, takes).plain, "tag": envelope.content[-12:], "sc": control}


def hls_gmac(given: Given) -> Made:
    client = "stoc" in given
    own, other = (CLIENT, SERVER) if client else (SERVER, CLIENT)
    assert str(own) == given["client_system_title" if client else "server_system_title"]
    suite, keys = suite_of(int(given["sc"], 16) & 15), KeySet.from_hex(guek=given["ek"], gak=given["ak"])
    answers = party(own, other, keys=keys, suite=suite, first=int(given["invocation_counter"], 16))
    answer = hls_mechanism(5).answer(answers, b"another one", given.octets("stoc" if client else "ctos"))
    return {"f_stoc": answer, "f_ctos": answer, "tag": answer[-12:]}


def hls_with_secret(given: Given) -> Made:
    mechanism = hls_mechanism(int(given.entry["kind"][3:]))
    ctos, stoc = given.octets("ctos"), given.octets("stoc")
    keys = KeySet(hls_secret=Secret.from_hex(given["hls_secret"]))
    client, server = (party(own, peer, keys=keys) for own, peer in ((CLIENT, SERVER), (SERVER, CLIENT)))
    return {"f_stoc": mechanism.answer(client, ctos, stoc), "f_ctos": mechanism.answer(server, stoc, ctos)}


def hls_ecdsa(given: Given) -> Made:
    titles = [SystemTitle(given[f"{name}_system_title"]) for name in ("client", "server")]
    ctos, stoc, made = given.octets("ctos"), given.octets("stoc"), []
    for (own, peer), name, challenges in (
        (titles, "client", (ctos, stoc)),
        (titles[::-1], "server", (stoc, ctos)),
    ):
        key = SigningKey(curve_with(32), given.octets(f"{name}_private"))
        signer = person(own, peer, correspondence=Correspondence(identity=Identity(signing=key)))
        made.append(hls_mechanism(7).answer(signer, *challenges))
    return {"f_stoc": made[0], "f_ctos": made[1]}


def key_pair(given: Given) -> Made:
    private = given.octets("private")
    return {"public_raw_xy": SigningKey(curve_with(len(private)), private).public.octets}


def signature(given: Given) -> Made:
    """Made with a number k that nobody knows, so it is verified; what is built of it is compared."""
    point, message, published = signed(given.entry)
    public = PublicKey(curve_with(len(point) // 2), point)
    if "private" in given:
        public = SigningKey(public.curve, given.octets("private")).public
    verify(public, message, published)
    data = given.octets("ephemeral_public") + published if "ephemeral_public" in given else b""
    return {"public_raw_xy": public.octets, "signature_rs": published, "key_data": data, "key_ciphered_data": data}


def agreement(given: Given) -> Made:
    """Each side for which there is a private key."""
    secrets = set()
    for private, public in SIDES.get(given.name, ()):
        curve = curve_with(len(given.octets(private)))
        secrets.add(AgreementKey(curve, given.octets(private)).agree(PublicKey(curve, given.octets(public))))
    (z,) = secrets or {given.octets("z")}
    return {"z": z}


def derivation(given: Given) -> Made:
    z, suite = agreement(given)["z"], SUITE_2 if "suite2" in given.name else SUITE_1
    information = given.octets("other_info")
    whole = hashlib.new({1: "sha256", 2: "sha384"}[suite.id], b"\0\0\0\1" + z + information).digest()
    return {"z": z, "ek": derive_key(suite, z, information), "kdf_output": whole, "kdf_output_48": whole}


def key_transfer(given: Given) -> Made:
    wrapped = wrap_key(given.octets("kek"), given.octets("new_key"))
    parameter = Directory().method("0.0.43.0.0.255", 2, 64).parameter
    assert parameter is not None
    return {"wrapped": wrapped, "method_parameter": parameter.encode([(given["key_id"], wrapped)]).octets}


def signing(given: Given) -> Made:
    key = SigningKey(curve_with(32), given.octets("private"))
    signer = person(SERVER, CLIENT, correspondence=Correspondence(identity=Identity(signing=key)))
    made = protect_layers(given.octets("content"), signer, [Signed(transaction_id=given.octets("header")[1:9])])
    return {"signature_rs": made[-64:], "apdu": made}


def certificate(given: Given) -> Made:
    if given.name == "x509_root":
        made = CertificateAuthority.root(given["subject"][3:], ROOT_KEY, given["serial"], ENDLESS).certificate
    else:
        (root,) = load("security", name="x509_root")
        authority = CertificateAuthority(Certificate(bytes.fromhex(root["outputs"]["der"])), ROOT_KEY)
        role = next(role for role in Role if role.name.lower() in given.name)
        public = PublicKey(curve_with(32), given.octets("public_raw_xy"))
        made = authority.issue(SystemTitle(given["subject"][3:]), public, role, given["serial"], ENDLESS)
    return {"der": made.octets, "issuer_name_der": made.issuer, "public_raw_xy": made.public_key.octets}


def request(given: Given) -> Made:
    (pair,) = load("security", name="signature_key_pair_server")
    key = SigningKey(curve_with(32), bytes.fromhex(pair["inputs"]["private"]))
    return {"der": request_for_signing(key, SystemTitle(given["subject"][3:])).octets}


def compression(given: Given) -> Made:
    """Read, and made with the codeword that the encoder of the vectors does not avoid."""
    data = given.octets("data")
    assert decompress(given.octets("compressed"), len(data)) == data
    return {"compressed": compress(data, EncoderSettings(avoid_newest=False))}


WAYS: dict[str, Callable[[Given], Made]] = {
    "aes_key_wrap": key_wrap,
    "aes_gcm": gcm,
    "apdu_protect": apdu_protect,
    "apdu_unprotect": apdu_unprotect,
    "hls3": hls_with_secret,
    "hls4": hls_with_secret,
    "hls5": hls_gmac,
    "hls6": hls_with_secret,
    "hls7": hls_ecdsa,
    "ec_keypair": key_pair,
    "ecdsa": signature,
    "ecdh": agreement,
    "kdf": derivation,
    "key_transfer": key_transfer,
    "general_signing": signing,
    "x509": certificate,
    "pkcs10": request,
    "v44": compression,
}


@pytest.mark.parametrize("entry", parameters(VERIFIED))
def test_every_output_of_every_verified_vector(entry: dict[str, Any]) -> None:
    made = WAYS[entry["kind"]](Given(entry))
    assert {name: made[name].hex().upper() for name in entry["outputs"]} == entry["outputs"]


def test_none_is_left_out() -> None:
    counts = Counter(entry["kind"] for entry in VERIFIED)
    assert set(counts) == set(WAYS)
    assert counts.total() == 59
    assert len({entry["name"] for entry in load("security")}) == len(load("security")) == 67
