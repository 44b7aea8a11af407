"""Requests and refusals, as octets, that the tests of the server share."""

from __future__ import annotations

from dlmskit.apdu import ActionRequestNormal, GetRequestNormal, SetRequestNormal
from dlmskit.codec.data import Data
from tests.association.peers import ECHO, VALUE

GET = GetRequestNormal(0xC1, VALUE, None).encode()
SET = SetRequestNormal(0xC1, VALUE, None, Data.unsigned(1)).encode()
ACTION = ActionRequestNormal(0xC1, ECHO, Data.unsigned(1)).encode()
NOT_ALLOWED, NOT_PROTECTED, TOO_LONG, NOT_DECIPHERED = (bytes.fromhex(f"D801{code:02d}") for code in (2, 1, 4, 5))
REPLY_TO_HLS = bytes.fromhex("000F0000280000FF01")
