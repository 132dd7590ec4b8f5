"""The tenants' wrapped data keys, in a table of their own that is never backed up.

A restored backup of the main table may bring back what was sealed, but not the key: what was purged stays
noise (invariant 11).
"""

from __future__ import annotations

from pynamodb.attributes import BinaryAttribute
from pynamodb.connection import TableConnection
from pynamodb.exceptions import PutError

from mohlat.adapters.dynamodb.table import Item, absent, connection_to, tenant_pk, was_refused
from mohlat.domain.errors import ConcurrentChange
from mohlat.settings import settings

_KEY = "KEY"


class KeyItem(Item):
    """A data key, wrapped by KMS."""

    wrapped = BinaryAttribute(legacy_encoding=False)

    @classmethod
    def _get_connection(cls) -> TableConnection:
        return connection_to(settings().data_keys_table)


class DynamoWrappedKeys:
    """`WrappedKeys` on the keys' own table."""

    def get(self, tenant_id: str) -> bytes | None:
        """The wrapped key, if there is one; read consistently."""
        try:
            return KeyItem.get(tenant_pk(tenant_id), _KEY, consistent_read=True).wrapped
        except KeyItem.DoesNotExist:
            return None

    def put_first(self, tenant_id: str, wrapped: bytes) -> bytes:
        """Stores the key unless there is one, and returns the one that is stored then."""
        try:
            KeyItem(tenant_pk(tenant_id), _KEY, wrapped=wrapped).save(absent())
        except PutError as error:
            if not was_refused(error):
                raise
            known = self.get(tenant_id)
            if known is None:
                raise ConcurrentChange(tenant_id=tenant_id) from error
            return known
        return wrapped

    def count(self, tenant_id: str) -> int:
        """One while the tenant has a key, zero afterwards."""
        return 0 if self.get(tenant_id) is None else 1

    def destroy(self, tenant_id: str) -> int:
        """Deletes the tenant's key and says how many there were. From here on what it sealed is noise."""
        found = self.count(tenant_id)
        KeyItem(tenant_pk(tenant_id), _KEY).delete()
        return found
