"""One file per command; each holds a function `run` whose signature and docstring are the command."""
