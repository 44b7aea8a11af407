"""The applications on top of the library: command line, simulator, benchmarks."""
