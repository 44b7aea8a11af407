"""What a stranger relies on: the lock file fits the project and names public packages only, the licence is whole."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
LOCKED: dict[str, Any] = next(package for package in LOCK["package"] if package["name"] == "dlmskit")


def name_and_bounds(requirement: str) -> tuple[str, str]:
    """``numpy>=1.26; marker`` -> ``("numpy", ">=1.26")``."""
    match = re.match(r"([\w.-]+)(?:\[[^]]*\])?\s*([^;]*)", requirement)
    assert match is not None
    return match[1].lower(), match[2].strip()


def locked_requirements(rows: list[dict[str, str]]) -> set[tuple[str, str]]:
    """The requirements that the lock file was made for."""
    return {(row["name"], row.get("specifier", "")) for row in rows}


def test_the_lock_was_made_for_these_requirements() -> None:
    project = PROJECT["project"]
    extras = [requirement for extra in project["optional-dependencies"].values() for requirement in extra]
    wanted = {name_and_bounds(requirement) for requirement in [*project["dependencies"], *extras]}
    assert wanted == locked_requirements(LOCKED["metadata"]["requires-dist"])
    wanted = {name_and_bounds(requirement) for requirement in PROJECT["dependency-groups"]["dev"]}
    assert wanted == locked_requirements(LOCKED["metadata"]["requires-dev"]["dev"])
    assert project["version"] == LOCKED["version"]


def test_the_lock_names_no_private_index() -> None:
    sources = {key for package in LOCK["package"] for key in package["source"]}
    assert sources == {"registry", "editable"}
    assert len({package["source"]["registry"] for package in LOCK["package"] if "registry" in package["source"]}) == 1
    assert "file:" not in (ROOT / "uv.lock").read_text(encoding="utf-8")


def test_the_peers_of_the_tests_are_not_shipped() -> None:
    shipped = {name_and_bounds(r)[0] for r in PROJECT["project"]["dependencies"]}
    shipped |= {name_and_bounds(r)[0] for extra in PROJECT["project"]["optional-dependencies"].values() for r in extra}
    assert shipped.isdisjoint({"gurux-dlms", "dlms-cosem"})


def test_the_licence_is_the_published_text() -> None:
    text = (ROOT / "LICENSE").read_bytes()
    # The text at https://www.apache.org/licenses/LICENSE-2.0.txt
    assert hashlib.sha256(text).hexdigest() == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


@pytest.mark.parametrize("script", ["scripts/environment.sh", ".ci/run"])
def test_scripts_are_well_formed(script: str) -> None:
    shell = "bash" if script == ".ci/run" else "sh"
    assert subprocess.run([shell, "-n", script], cwd=ROOT, check=False).returncode == 0


def test_no_machine_paths() -> None:
    """Text that works on one machine only has no place in the repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    machine_path = re.compile(rb"(?:^|[\s\"'`(=:])/(?:home|root|opt|work|Users)/\w")
    found = [
        name
        for name in listed.stdout.decode().split("\0")
        if name
        and name != "tests/test_packaging.py"
        and (ROOT / name).is_file()
        and machine_path.search((ROOT / name).read_bytes())
    ]
    assert found == []
