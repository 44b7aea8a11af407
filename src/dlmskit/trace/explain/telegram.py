"""Octets that a user has, to one `Explanation`: find the frames, explain the APDUs in their order, gather what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from dlmskit.limits import DEFAULT, Limits
from dlmskit.trace.explain.engine import Engine
from dlmskit.trace.explain.keyring import KeyRing
from dlmskit.trace.explain.model import ApduExplanation, Code, Explanation, Problem
from dlmskit.trace.frames import find_frames
from dlmskit.trace.report import FrameReport, PayloadApdu

_ASCII_TELEGRAM = "p1"


def explain(octets: bytes, ring: KeyRing | None = None, limits: Limits = DEFAULT) -> Explanation:
    """Explain one input: frames of any kind, several in a row, or a bare APDU. Never raises for what the octets hold."""
    return explain_all([octets], ring, limits)


def explain_all(pieces: Iterable[bytes], ring: KeyRing | None = None, limits: Limits = DEFAULT) -> Explanation:
    """Explain several pieces of one conversation (directions of a TCP connection, datagrams, lines) in their order."""
    engine = Engine(ring, limits)
    frames: list[dict[str, Any]] = []
    apdus: list[ApduExplanation] = []
    problems: list[Problem] = []
    for piece in pieces:
        report = find_frames(piece, limits)
        problems += _frame_problems(report)
        frames += [
            {**frame.to_json(), "trusted": frame.trusted, "problems": [problem.message for problem in frame.problems]}
            for frame in report.frames
        ]
        apdus += [_explained(engine, payload) for payload in report.apdus]
        apdus += [engine.explain(frame.octets, trusted=frame.trusted) for frame in report.frames if frame.kind == _ASCII_TELEGRAM]
    problems += [Problem(Code.BLOCK_MISSING, text) for text in engine.blocks.problems()]
    scaled = (msgspec.structs.replace(one, values=tuple(map(engine.answers.with_scale, one.values))) for one in apdus)
    return Explanation(tuple(frames), tuple(scaled), tuple(problems))


def _explained(engine: Engine, payload: PayloadApdu) -> ApduExplanation:
    source = (payload.kind, payload.source, payload.destination)
    explained = engine.explain(payload.octets, source, trusted=payload.trusted and payload.complete)
    if payload.complete:
        return explained
    # an incomplete message is malformed by nature; the missing segment is the problem, and it is already said
    kept = tuple(problem for problem in explained.problems if problem.code not in (Code.MALFORMED, Code.TOLERATED))
    return msgspec.structs.replace(explained, problems=kept)


def _frame_problems(report: FrameReport) -> list[Problem]:
    return [Problem(Code(problem.code), problem.message, problem.offset) for problem in report.problems]
