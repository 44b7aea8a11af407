"""The explain engine behind ``dlmskit decode``: what any octets of DLMS/COSEM mean, and precisely why where they do not."""

from __future__ import annotations

from dlmskit.trace.explain.keyring import KeyRing
from dlmskit.trace.explain.model import ApduExplanation, Code, Explanation, Node, Problem, SecurityLayer, Verdict
from dlmskit.trace.explain.telegram import explain, explain_all

__all__ = [
    "ApduExplanation",
    "Code",
    "Explanation",
    "KeyRing",
    "Node",
    "Problem",
    "SecurityLayer",
    "Verdict",
    "explain",
    "explain_all",
]
