"""Vectors that prove nothing by themselves are named in the docs, with the reason."""

from __future__ import annotations

from pathlib import Path

from tests.vectors import load

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "security-vectors.md"


def test_every_unverified_vector_and_no_other() -> None:
    page = PAGE.read_text(encoding="utf-8")
    named = {entry["name"] for entry in load("security") if f"`{entry['name']}`" in page}
    assert named == {entry["name"] for entry in load("security", verified=False)}
    verified = len(load("security", verified=True))
    assert f"{len(load('security'))} vectors. {verified} of them" in page
