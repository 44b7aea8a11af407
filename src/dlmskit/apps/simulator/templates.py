"""Meters that come with the package: templates for each kind, and one for each object model of a real meter."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from dlmskit.apps.simulator.description import Description, parse_description, read_description
from dlmskit.apps.simulator.models import model, model_ids

_MODEL = "_model"


class Available(NamedTuple):
    """A meter that is there by name."""

    name: str
    what: str


def _folder() -> Traversable:
    return files("dlmskit.apps.simulator").joinpath("templates")


def template_names() -> list[str]:
    """The templates, without the models."""
    names = (one.name.removesuffix(".toml") for one in _folder().iterdir() if one.name.endswith(".toml"))
    return sorted(name for name in names if name != _MODEL)


def template_text(name: str) -> str:
    """The TOML of a template, or of a meter with that model."""
    if name in model_ids():
        return _read(_MODEL) % name
    return _read(name)


def available() -> list[Available]:
    """Everything that can be simulated by name."""
    templates = [Available(name, _read(name).splitlines()[0].removeprefix("# ").rstrip(".")) for name in template_names()]
    return [*templates, *(Available(name, f"{model(name).name} ({model(name).country})") for name in model_ids())]


def description_of(source: Path) -> Description:
    """The description in a file, or of a meter that is there by name. Raises ConfigError."""
    name = str(source)
    if not source.exists() and name in {*template_names(), *model_ids()}:
        return parse_description(template_text(name))
    return read_description(source)


def _read(name: str) -> str:
    return _folder().joinpath(f"{name}.toml").read_text(encoding="utf-8")
