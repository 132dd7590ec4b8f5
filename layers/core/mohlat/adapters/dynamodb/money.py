"""The partition of a tenant's money, which outlives the tenant: what its rows have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from pynamodb.attributes import NumberAttribute

from mohlat.adapters.dynamodb.table import Document, DueItem, Item
from mohlat.domain.errors import NotFound

MONEY = "MONEY#"
Kind = TypeVar("Kind", bound=Item)


class MovingItem(DueItem):
    """Something that changes. `version` stands apart for the condition."""

    version = NumberAttribute()
    doc = Document()


def money_pk(tenant_id: str) -> str:
    """The partition that holds a tenant's money."""
    return MONEY + tenant_id


def payer_of(pk: str) -> str:
    """The tenant whose money it holds."""
    return pk.removeprefix(MONEY)


def one(model: type[Kind], tenant_id: str, sk: str) -> Kind:
    """A row of a tenant's money, read consistently. Raises NotFound."""
    try:
        return model.get(money_pk(tenant_id), sk, consistent_read=True)
    except model.DoesNotExist:
        raise NotFound(tenant_id=tenant_id, id=sk.partition("#")[2]) from None


def below(model: type[Kind], tenant_id: str, prefix: str) -> Iterator[Kind]:
    """A tenant's rows of one kind in order of their ids, read consistently."""
    yield from model.query(money_pk(tenant_id), model.sk.startswith(prefix), consistent_read=True)
