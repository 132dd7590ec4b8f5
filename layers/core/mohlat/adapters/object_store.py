"""What is too large for a table: exports and backups, sealed, in a versioned bucket.

The bucket keeps every version, so that nothing is lost by an overwrite; a purge deletes all of them.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from mohlat.domain.errors import InvalidInput, NotFound, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mohlat.adapters.sealing import Sealer

_TENANTS = "tenants/"
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_ID = re.compile(r"[A-Za-z0-9_-]+")
# What one request deletes at most.
_BATCH = 1000


class S3ObjectStore:
    """`ObjectStore` over a botocore `s3` client."""

    def __init__(self, s3: Any, bucket: str, sealer: Sealer) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._sealer = sealer

    def put(self, tenant_id: str, name: str, content: bytes) -> None:
        """Seals and stores an object; what was there stays as an older version. Raises Gone after a purge."""
        key = _key(tenant_id, name)
        sealed = self._sealer.seal(tenant_id, _row(name), content)
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=sealed)

    def get(self, tenant_id: str, name: str) -> bytes:
        """The newest version, opened. Raises NotFound; Gone once the tenant's key is."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=_key(tenant_id, name))
        except self._s3.exceptions.NoSuchKey:
            raise NotFound(tenant_id=tenant_id, object=name) from None
        return self._sealer.open(tenant_id, _row(name), answer["Body"].read())

    def names(self, tenant_id: str, below: str = "") -> list[str]:
        """The names of a tenant's objects, sorted; with `below` only those that begin with it."""
        root = _root(tenant_id)
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=root + below)
        return sorted(found["Key"].removeprefix(root) for page in pages for found in page.get("Contents", ()))

    def delete(self, tenant_id: str, below: str, limit: int = _BATCH) -> int:
        """Deletes up to `limit` versions of the objects whose names begin with `below`; says how many."""
        if not below:
            raise InvalidInput("below", "is missing")
        return self._delete(islice(self._versions(_root(tenant_id) + below), limit))

    def erase(self, tenant_id: str, limit: int = _BATCH) -> int:
        """Deletes up to `limit` versions of whatever the tenant has; says how many, 0 if nothing is left."""
        return self._delete(islice(self._versions(_root(tenant_id)), limit))

    def count(self, tenant_id: str) -> int:
        """How many versions and delete markers there are of the tenant's objects."""
        return sum(1 for _ in self._versions(_root(tenant_id)))

    def _versions(self, prefix: str) -> Iterator[dict[str, str]]:
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix)
        for page in pages:
            for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                yield {"Key": found["Key"], "VersionId": found["VersionId"]}

    def _delete(self, versions: Iterator[dict[str, str]]) -> int:
        deleted = 0
        while batch := list(islice(versions, _BATCH)):
            answer = self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": batch, "Quiet": True})
            if failed := answer.get("Errors"):
                raise ServiceUnavailable("the bucket left some of a batch undone", undone=len(failed))
            deleted += len(batch)
        return deleted


def _root(tenant_id: str) -> str:
    # A blank id would be everybody's objects.
    if not _ID.fullmatch(tenant_id):
        raise InvalidInput("tenant_id", "malformed")
    return f"{_TENANTS}{tenant_id}/"


def _key(tenant_id: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidInput("name", "malformed")
    return _root(tenant_id) + name


def _row(name: str) -> str:
    return f"OBJECT#{name}"
