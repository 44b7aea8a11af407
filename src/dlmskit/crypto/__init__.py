"""Cryptographic primitives, thin over the `cryptography` package: the only room that imports it.

What is here knows octets and keys, not APDUs: the forms, counters and rules of DLMS live in `dlmskit.security`.
"""
