"""The demonstration behind ``dlmskit demo``: two simulated meters, read as a head-end reads them."""
