"""Image transfer says that it cannot be done, in every way that it can be asked."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.image_transfer import ImageTransfer
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.view import ObjectView
from dlmskit.types.enums import ActionResult, DataAccessResult


@pytest.fixture
def client() -> ObjectView:
    tree = ObjectTree([ImageTransfer("0.0.44.0.0.255", image_block_size=512)])
    return ObjectView(tree, tree.full_role("all"))


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_methods_are_absent(client: ObjectView, number: int) -> None:
    (one,) = client.tree
    assert client.action(*one.key, number, Data.integer(0)).result == ActionResult.OBJECT_UNAVAILABLE


def test_it_cannot_be_enabled(client: ObjectView) -> None:
    (one,) = client.tree
    assert client.set(*one.key, 5, Data.boolean(True)).result == DataAccessResult.OTHER_REASON
    assert client.set(*one.key, 5, Data.boolean(False)).result == DataAccessResult.SUCCESS
    assert client.get(*one.key, 5).data == Data.boolean(False)
