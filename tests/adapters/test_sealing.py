"""What is sealed says nothing, opens only where it belongs, and dies with its key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mohlat.adapters import aws
from mohlat.adapters.dynamodb.data_keys import DynamoWrappedKeys
from mohlat.adapters.dynamodb.people import DynamoPeople
from mohlat.adapters.dynamodb.records import DynamoRecords
from mohlat.adapters.dynamodb.tenants import DynamoTenants
from mohlat.adapters.sealing import EnvelopeSealer, SealBroken
from mohlat.domain import lifecycle
from mohlat.domain.errors import Gone
from mohlat.domain.people import Contact, LegalEntity
from mohlat.domain.purge import Store
from tests.adapters.conftest import TABLE, Watch, eraser, stored_items
from tests.builders import START, agreement_with_trial

CONTACT = Contact(
    "t-1", "نگار احمدی", "negar@example.test", "+989121234567", "fa", LegalEntity("Pardis Co", "10101010101")
)


class CountingKms:
    """The real (moto's) KMS, counting what is asked of it."""

    def __init__(self) -> None:
        self._kms = aws.client("kms")
        self.key_id: str = self._kms.create_key()["KeyMetadata"]["KeyId"]
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self._kms, name)


def test_nothing_personal_can_be_read_from_the_table(sealer: EnvelopeSealer) -> None:
    transition = lifecycle.register(
        agreement_with_trial(), "t-1", START, plan=None, trial_used=False, by="user:u-1"
    )
    DynamoTenants(sealer).commit(transition, None, [CONTACT])
    DynamoRecords(sealer).put("t-1", "r-1", {"customer": "Kaveh", "شماره": "۱۲۳"}, START)
    everything = repr(stored_items())
    for secret in ("نگار", "negar", "912123", "Pardis", "10101010101", "Kaveh", "شماره"):
        assert secret not in everything
        assert repr(secret.encode())[2:-1] not in everything
    assert DynamoPeople(sealer).contact("t-1") == CONTACT


def test_equal_plaintexts_seal_differently(sealer: EnvelopeSealer) -> None:
    sealer.begin("t-1")
    assert sealer.seal("t-1", "CONTACT", b"x") != sealer.seal("t-1", "CONTACT", b"x")


@pytest.mark.parametrize(("tenant_id", "row"), [("t-2", "RECORD#1"), ("t-1", "RECORD#2"), ("t-1", "CONTACT")])
def test_a_sealed_blob_does_not_open_elsewhere(sealer: EnvelopeSealer, tenant_id: str, row: str) -> None:
    sealer.begin("t-1")
    sealer.begin("t-2")
    sealed = sealer.seal("t-1", "RECORD#1", b"mine")
    assert sealer.open("t-1", "RECORD#1", sealed) == b"mine"
    with pytest.raises(SealBroken):
        sealer.open(tenant_id, row, sealed)


@pytest.mark.parametrize("position", [0, 1, 20, -1])
def test_an_altered_blob_does_not_open(sealer: EnvelopeSealer, position: int) -> None:
    sealer.begin("t-1")
    sealed = bytearray(sealer.seal("t-1", "CONTACT", b"a plaintext"))
    sealed[position] ^= 1
    with pytest.raises(SealBroken):
        sealer.open("t-1", "CONTACT", bytes(sealed))


def test_a_wrapped_key_moved_to_another_tenant_does_not_unwrap(sealer: EnvelopeSealer) -> None:
    sealer.begin("t-1")
    wrapped = DynamoWrappedKeys().get("t-1")
    assert wrapped
    DynamoWrappedKeys().put_first("t-2", wrapped)
    with pytest.raises(aws.client("kms").exceptions.InvalidCiphertextException):
        sealer.seal("t-2", "CONTACT", b"x")


def test_two_who_begin_at_once_agree_on_one_key(cloud: None) -> None:
    kms = CountingKms()
    first, second = (EnvelopeSealer(kms, kms.key_id, DynamoWrappedKeys()) for _ in range(2))
    first.begin("t-1")
    second.begin("t-1")
    assert second.open("t-1", "CONTACT", first.seal("t-1", "CONTACT", b"x")) == b"x"
    assert first.open("t-1", "CONTACT", second.seal("t-1", "CONTACT", b"y")) == b"y"


def test_a_worker_remembers_a_key_for_five_minutes(cloud: None) -> None:
    kms, watch = CountingKms(), Watch()
    EnvelopeSealer(kms, kms.key_id, DynamoWrappedKeys()).begin("t-1")
    sealer = EnvelopeSealer(kms, kms.key_id, DynamoWrappedKeys(), watch)
    kms.calls.clear()
    sealed = sealer.seal("t-1", "CONTACT", b"x")
    watch.seconds = timedelta(minutes=5).total_seconds() - 1
    sealer.open("t-1", "CONTACT", sealed)
    assert kms.calls == ["decrypt"]
    watch.seconds += 1
    sealer.open("t-1", "CONTACT", sealed)
    assert kms.calls == ["decrypt", "decrypt"]


def test_a_worker_remembers_two_hundred_tenants(cloud: None) -> None:
    kms = CountingKms()
    sealer = EnvelopeSealer(kms, kms.key_id, DynamoWrappedKeys())
    for number in range(201):
        sealer.begin(f"t-{number}")
    kms.calls.clear()
    for tenant_id in ("t-200", "t-1", "t-0"):
        sealer.seal(tenant_id, "CONTACT", b"x")
    assert kms.calls == ["decrypt"]


def test_with_the_key_gone_a_restored_copy_is_noise(cloud: None) -> None:
    kms, watch = CountingKms(), Watch()
    sealer = EnvelopeSealer(kms, kms.key_id, DynamoWrappedKeys(), watch)
    sealer.begin("t-1")
    backup = sealer.seal("t-1", "RECORD#1", b"kept too long")
    assert eraser().erase("t-1", Store.KEY) == 1
    watch.seconds = 301
    with pytest.raises(Gone):
        sealer.open("t-1", "RECORD#1", backup)
    with pytest.raises(Gone):
        sealer.seal("t-1", "RECORD#1", b"too late")


def test_a_restored_backup_of_the_table_holds_noise_of_whoever_was_purged(sealer: EnvelopeSealer) -> None:
    sealer.begin("t-1")
    DynamoRecords(sealer).put("t-1", "c1", {"name": "Ali"}, START)
    backup = stored_items()
    for store in Store:
        while eraser().erase("t-1", store):
            pass
    assert stored_items() == []
    for item in backup:
        aws.client("dynamodb").put_item(TableName=TABLE, Item=item)
    another_worker = EnvelopeSealer(aws.client("kms"), sealer._key_id, DynamoWrappedKeys())
    with pytest.raises(Gone):
        DynamoRecords(another_worker).get("t-1", "c1")
