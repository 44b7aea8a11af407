"""CoAP (RFC 7252) with block-wise transfer (RFC 7959), as far as the CoAP profile of DLMS needs it: APDUs posted, both ways.

Written here, and not taken from a library: what is needed of CoAP is small, and a library such as aiocoap brings its own sockets,
timers and unbounded queues, while this must run over any carrier, in simulated time and within our limits. aiocoap is the foreign
peer of the tests.
"""
