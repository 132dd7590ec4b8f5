"""The tenants' wrapped data keys: the last row of a tenant that a purge deletes."""

from __future__ import annotations

from pynamodb.attributes import BinaryAttribute
from pynamodb.exceptions import PutError

from mohlat.adapters.dynamodb.table import Item, absent, tenant_pk, was_refused
from mohlat.domain.errors import ConcurrentChange

KEY = "KEY"


class KeyItem(Item):
    """A data key, wrapped by KMS."""

    wrapped = BinaryAttribute(legacy_encoding=False)


class DynamoWrappedKeys:
    """`WrappedKeys` on the main table."""

    def get(self, tenant_id: str) -> bytes | None:
        """The wrapped key, if there is one; read consistently."""
        try:
            return KeyItem.get(tenant_pk(tenant_id), KEY, consistent_read=True).wrapped
        except KeyItem.DoesNotExist:
            return None

    def put_first(self, tenant_id: str, wrapped: bytes) -> bytes:
        """Stores the key unless there is one, and returns the one that is stored then."""
        try:
            KeyItem(tenant_pk(tenant_id), KEY, wrapped=wrapped).save(absent())
        except PutError as error:
            if not was_refused(error):
                raise
            known = self.get(tenant_id)
            if known is None:
                raise ConcurrentChange(tenant_id=tenant_id) from error
            return known
        return wrapped
