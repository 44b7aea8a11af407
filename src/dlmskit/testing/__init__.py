"""Tools for tests, of the library and of its users: memory pairs, faulty links, clocks, strategies."""
