"""Real I/O, one file per medium; everything above is reached through the protocols of `dlmskit.transport.base`."""
