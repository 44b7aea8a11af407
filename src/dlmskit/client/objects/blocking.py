"""Every interface class as objects of a meter, without asyncio. The types of what is made stand in the stub."""

from __future__ import annotations

from dlmskit.client.objects import making

CosemObject, Objects = making.CosemObject, making.Objects


def __getattr__(name: str) -> type[making.CosemObject]:
    return making.class_named(name, making.CosemObject)


def __dir__() -> list[str]:
    return [*making.names(), "CosemObject"]
