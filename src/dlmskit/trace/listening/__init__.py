"""Listens for what meters send by themselves: verified where the keys prove it, shown and marked where they do not."""

from __future__ import annotations

from dlmskit.trace.listening.admission import ListenCounts, ListenLimits
from dlmskit.trace.listening.blocking import BlockingPushListener, listen_blocking
from dlmskit.trace.listening.listener import PushListener, listen
from dlmskit.trace.listening.pushed import Push

__all__ = ["BlockingPushListener", "ListenCounts", "ListenLimits", "Push", "PushListener", "listen", "listen_blocking"]
