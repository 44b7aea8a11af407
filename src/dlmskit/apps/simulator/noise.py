"""Numbers that look random and are a function of what they are for: the same seed gives the same meter, at any start.

A counter-based generator (splitmix64, Steele, Lea and Flood, 2014): no state, so any moment is computed by itself.
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def mix(number: int) -> int:
    """64 well mixed bits of a number."""
    number = (number + _GOLDEN) & _MASK
    number = ((number ^ number >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ number >> 27) * 0x94D049BB133111EB) & _MASK
    return number ^ number >> 31


def unit(stream: int, number: int) -> float:
    """A number from 0 to 1, without 1, for position ``number`` of a stream."""
    return (mix(stream ^ (number * _GOLDEN & _MASK)) >> 11) * 2.0**-53


def thirds(stream: int, number: int) -> tuple[float, float, float]:
    """Three numbers like `unit` for the price of one, of 21 bits each."""
    bits = mix(stream ^ (number * _GOLDEN & _MASK))
    return (bits >> 43) * 2.0**-21, (bits >> 22 & 0x1FFFFF) * 2.0**-21, (bits >> 1 & 0x1FFFFF) * 2.0**-21


def stream(seed: int, name: str) -> int:
    """The stream of that name: independent of all others of the seed."""
    state = mix(seed & _MASK)
    for octet in name.encode():
        state = mix(state ^ octet)
    return state
