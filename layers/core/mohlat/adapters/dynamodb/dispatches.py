"""The record of what was sent: one row per notice and channel."""

from __future__ import annotations

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.table import (
    Document,
    Item,
    absent,
    compact,
    present,
    tenant_of,
    tenant_pk,
    was_refused,
)
from mohlat.application.ports import HandedOver
from mohlat.domain.agreement import Channel
from mohlat.domain.errors import ConcurrentChange, PurgeRefused
from mohlat.domain.notices import Dispatch, NoticeKind, NoticeStatus
from mohlat.domain.tenant import from_iso, iso

_NOTICE = "NOTICE#"
_NOT_HANDED_OVER = "warning_not_handed_over"


class NoticeItem(Item):
    """One notice on one channel. `status` stands apart for conditions."""

    status = UnicodeAttribute()
    doc = Document()


def demand(write: TransactWrite, proof: HandedOver) -> None:
    """Makes the transaction depend on the notice having been handed over."""
    sent = NoticeItem.status == NoticeStatus.SENT.value
    write.condition_check(NoticeItem, tenant_pk(proof.tenant_id), _sk(proof.key, proof.channel), sent)


def check_handed_over(proof: HandedOver) -> None:
    """Raises PurgeRefused if the notice was not handed over."""
    known = _stored(proof.tenant_id, proof.key, proof.channel)
    if known is None or known.status is not NoticeStatus.SENT:
        raise PurgeRefused(tenant_id=proof.tenant_id, obstacles=[_NOT_HANDED_OVER])


class DynamoDispatches:
    """`Dispatches` on the main table."""

    def reserve(self, dispatch: Dispatch) -> Dispatch | None:
        """Claims a notice on a channel before it is sent.

        Returns the record that is there already, unless that one is `waiting`, which is claimed anew.
        Raises ConcurrentChange if it was given back in this very moment.
        """
        try:
            _item(dispatch).save(absent() | (NoticeItem.status == NoticeStatus.WAITING.value))
        except PutError as error:
            if not was_refused(error):
                raise
            known = _stored(dispatch.tenant_id, dispatch.key, dispatch.channel)
            if known is None or known.status is NoticeStatus.WAITING:
                # Given back between our write and our read.
                raise ConcurrentChange(tenant_id=dispatch.tenant_id) from error
            return known
        return None

    def finish(self, dispatch: Dispatch) -> None:
        """Stores what became of it. A row that a purge has deleted since is not brought back."""
        try:
            _item(dispatch).save(present())
        except PutError as error:
            if not was_refused(error):
                raise

    def of(self, tenant_id: str) -> list[Dispatch]:
        """Everything sent or decided about a tenant, oldest first."""
        found = NoticeItem.query(
            tenant_pk(tenant_id), NoticeItem.sk.startswith(_NOTICE), consistent_read=True
        )
        return sorted(
            map(_dispatch, found), key=lambda dispatch: (dispatch.at, dispatch.key, dispatch.channel)
        )


def _sk(key: str, channel: Channel) -> str:
    return f"{_NOTICE}{key}#{channel.value}"


def _stored(tenant_id: str, key: str, channel: Channel) -> Dispatch | None:
    try:
        return _dispatch(NoticeItem.get(tenant_pk(tenant_id), _sk(key, channel), consistent_read=True))
    except NoticeItem.DoesNotExist:
        return None


def _item(dispatch: Dispatch) -> NoticeItem:
    doc = compact(
        {
            "kind": dispatch.kind.value,
            "clause": dispatch.clause,
            "at": iso(dispatch.at),
            "provider": dispatch.provider,
            "message_id": dispatch.message_id,
            "note": dispatch.note,
        }
    )
    sk = _sk(dispatch.key, dispatch.channel)
    return NoticeItem(tenant_pk(dispatch.tenant_id), sk, status=dispatch.status.value, doc=doc)


def _dispatch(item: NoticeItem) -> Dispatch:
    key, channel = item.sk.removeprefix(_NOTICE).rsplit("#", 1)
    return Dispatch(
        tenant_id=tenant_of(item.pk),
        key=key,
        channel=Channel(channel),
        kind=NoticeKind(item.doc["kind"]),
        clause=item.doc.get("clause", ""),
        status=NoticeStatus(item.status),
        at=from_iso(item.doc["at"]),
        provider=item.doc.get("provider"),
        message_id=item.doc.get("message_id"),
        note=item.doc.get("note"),
    )
