"""Framing without I/O: wrapper, HDLC, LLC, M-Bus, gateway prefix, ASCII telegrams, check sequences."""
