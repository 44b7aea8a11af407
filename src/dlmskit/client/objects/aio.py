"""Every interface class as objects of a meter, with asyncio: words are awaited. The types of what is made stand in the stub."""

from __future__ import annotations

from dlmskit.client.objects import making

CosemObject, Objects = making.AwaitableObject, making.AwaitableObjects


def __getattr__(name: str) -> type[making.AwaitableObject]:
    return making.class_named(name, making.AwaitableObject)


def __dir__() -> list[str]:
    return [*making.names(), "CosemObject"]
