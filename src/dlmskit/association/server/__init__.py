"""The server's side of an association (application layer, 3.4, 7.2, 7.5)."""
