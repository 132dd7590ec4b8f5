"""Objects: sealed, versioned, and gone with all their versions."""

from __future__ import annotations

import pytest

from mohlat.adapters import aws
from mohlat.adapters.object_store import S3ObjectStore
from mohlat.adapters.sealing import EnvelopeSealer, SealBroken
from mohlat.domain.errors import Gone, InvalidInput, NotFound
from mohlat.domain.purge import Store
from tests.adapters.conftest import BUCKET, Stores


def test_an_object_is_read_back_replaced_and_listed(stores: Stores) -> None:
    stores.register()
    stores.objects.put("t-1", "exports/x-1/1", b"one")
    stores.objects.put("t-1", "exports/x-1/1", b"two")
    stores.objects.put("t-1", "backups/b-1", b"three")
    assert stores.objects.get("t-1", "exports/x-1/1") == b"two"
    assert stores.objects.names("t-1") == ["backups/b-1", "exports/x-1/1"]
    assert stores.objects.names("t-1", "exports/") == ["exports/x-1/1"]
    assert stores.objects.count("t-1") == 3
    with pytest.raises(NotFound):
        stores.objects.get("t-1", "exports/x-2")


def test_deleting_takes_every_version_and_nothing_of_others(stores: Stores) -> None:
    stores.register()
    stores.register("t-12")
    for tenant_id in ("t-1", "t-12"):
        for name in ("exports/1", "exports/1", "backups/1"):
            stores.objects.put(tenant_id, name, b"x")
    assert stores.objects.delete("t-1", "exports/") == 2
    assert stores.objects.names("t-1") == ["backups/1"]
    assert stores.objects.erase("t-1") == 1
    assert (stores.objects.count("t-1"), stores.objects.count("t-12")) == (0, 3)
    assert stores.objects.erase("t-12", limit=2) == 2
    assert stores.objects.erase("t-12", limit=2) == 1
    assert stores.objects.erase("t-12") == 0


def test_a_blank_target_is_refused(stores: Stores) -> None:
    stores.register()
    stores.objects.put("t-1", "exports/1", b"x")
    with pytest.raises(InvalidInput):
        stores.objects.erase("")
    with pytest.raises(InvalidInput):
        stores.objects.delete("t-1", "")
    assert stores.objects.count("t-1") == 1


def test_without_the_tenants_key_an_object_is_noise(stores: Stores) -> None:
    stores.register()
    stores.objects.put("t-1", "exports/1", b"secret")
    stores.empty("t-1", Store.KEY)
    with pytest.raises(Gone):
        stores.objects.get("t-1", "exports/1")
    with pytest.raises(Gone):
        stores.objects.put("t-1", "exports/2", b"late")


def test_an_object_opens_only_under_its_own_name(sealer: EnvelopeSealer) -> None:
    s3 = aws.client("s3")
    store = S3ObjectStore(s3, BUCKET, sealer)
    sealer.begin("t-1")
    store.put("t-1", "exports/1", b"secret")
    body = s3.get_object(Bucket=BUCKET, Key="tenants/t-1/exports/1")["Body"].read()
    assert b"secret" not in body
    s3.put_object(Bucket=BUCKET, Key="tenants/t-1/exports/2", Body=body)
    with pytest.raises(SealBroken):
        store.get("t-1", "exports/2")
    for name in ("../t-2/exports/1", "", "a//b", "/a"):
        with pytest.raises(InvalidInput):
            store.get("t-1", name)


def test_a_deletion_marker_counts_until_it_is_erased_too(sealer: EnvelopeSealer) -> None:
    s3 = aws.client("s3")
    store = S3ObjectStore(s3, BUCKET, sealer)
    sealer.begin("t-1")
    store.put("t-1", "exports/1", b"x")
    s3.delete_object(Bucket=BUCKET, Key="tenants/t-1/exports/1")
    assert store.count("t-1") == 2
    assert store.erase("t-1") == 2
    assert store.count("t-1") == 0
