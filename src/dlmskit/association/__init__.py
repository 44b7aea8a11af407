"""Application associations of both roles as state machines, without input and output (Green Book 9.3 and 9.4)."""
