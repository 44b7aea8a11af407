"""Speed against other Python stacks, side by side in one run: only ratios travel from one machine to another.

Our cases are here. Peers are adapters in a folder of the source tree (`benchmarks/peers`), because one of them has a licence
that keeps it out of the package; a peer that is not there is said to be absent.
"""
