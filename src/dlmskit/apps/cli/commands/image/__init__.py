"""Firmware images: sign one, look into one, send one to a meter or to a thousand."""
