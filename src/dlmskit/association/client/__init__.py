"""The client's side of an association (application layer, 7.3, 7.4, 7.6, 7.7)."""
