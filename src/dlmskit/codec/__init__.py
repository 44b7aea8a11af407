"""Octets to values and back: the declaration language, A-XDR, BER, COSEM data, profile rows, XML and text."""
