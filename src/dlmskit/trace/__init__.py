"""What was on the line, and what it means: frames, captures, one event log, the explain engine."""
