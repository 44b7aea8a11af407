"""A meter described in a TOML file: objects, associations, and a household whose energy it measures."""
