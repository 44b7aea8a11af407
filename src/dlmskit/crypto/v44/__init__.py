"""Compression of APDUs in security suites 1 and 2: ITU-T V.44 (LZJH), packet method, state afresh for every APDU.

Decoding is always possible and always bounded; encoding happens when somebody asks for it, and is checked before it is sent.
The text of V.44 was not at hand: what is here agrees with several independent implementations, octet for octet; the vectors
of the tests say which.
"""

from dlmskit.crypto.v44.decoder import decompress
from dlmskit.crypto.v44.encoder import compress, compress_for_sending
from dlmskit.crypto.v44.settings import DecoderSettings, EncoderSettings, WhenFull

__all__ = ["DecoderSettings", "EncoderSettings", "WhenFull", "compress", "compress_for_sending", "decompress"]
