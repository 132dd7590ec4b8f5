"""A world to race in: over the in-memory stores, and over the real adapters on DynamoDB.

moto's DynamoDB loses updates under real threads, which DynamoDB does not: single calls of AWS are made one
after the other here. They still come in any order, each of them whole.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from mohlat.adapters import aws
from mohlat.adapters.dynamodb.books import DynamoBooks
from mohlat.adapters.dynamodb.consents import DynamoConsents, DynamoListings
from mohlat.adapters.dynamodb.data_jobs import DynamoDataJobs
from mohlat.adapters.dynamodb.data_keys import DynamoWrappedKeys
from mohlat.adapters.dynamodb.data_requests import DynamoDataRequests
from mohlat.adapters.dynamodb.dispatches import DynamoDispatches
from mohlat.adapters.dynamodb.due_index import DynamoDueIndex
from mohlat.adapters.dynamodb.invoices import DynamoInvoices
from mohlat.adapters.dynamodb.leaks import DynamoLeaks
from mohlat.adapters.dynamodb.payments import DynamoPayments
from mohlat.adapters.dynamodb.people import DynamoPeople
from mohlat.adapters.dynamodb.profiles import DynamoProfiles
from mohlat.adapters.dynamodb.publications import DynamoPublications
from mohlat.adapters.dynamodb.purge import DynamoEraser, DynamoPurgeLedger
from mohlat.adapters.dynamodb.records import DynamoRecords
from mohlat.adapters.dynamodb.security_log import DynamoSecurityLog
from mohlat.adapters.dynamodb.service import DynamoRoster, DynamoService
from mohlat.adapters.dynamodb.service_states import DynamoServiceStates
from mohlat.adapters.dynamodb.tenants import DynamoTenants
from mohlat.adapters.object_store import S3ObjectStore
from mohlat.adapters.sealing import EnvelopeSealer
from tests.adapters.conftest import BUCKET, cloud
from tests.application.desks import Office
from tests.races.meeting import one_call_at_a_time

__all__ = ["cloud"]


def _one_call_at_a_time(patch: pytest.MonkeyPatch, *names: str) -> None:
    lock = threading.Lock()

    def alone(call: Callable[..., Any]) -> Callable[..., Any]:
        def act(*args: object, **named: object) -> object:
            with lock:
                return call(*args, **named)

        return act

    for name in names:
        client = aws.client(name)  # the process's own, which the tests after this one use as well
        patch.setattr(client, "_make_api_call", alone(client._make_api_call))


class Clouded(Office):
    """A world whose stores are the real ones."""

    def __init__(self, product: str) -> None:
        kms = aws.client("kms")
        sealer = EnvelopeSealer(kms, kms.create_key()["KeyMetadata"]["KeyId"], DynamoWrappedKeys())
        objects = S3ObjectStore(aws.client("s3"), BUCKET, sealer)
        self._stores: dict[str, Any] = {}
        self._stores |= {
            "tenants": DynamoTenants(sealer),
            "payments": DynamoPayments(),
            "books": DynamoBooks(sealer),
            "requests": DynamoDataRequests(),
            "invoices": DynamoInvoices(sealer),
            "profiles": DynamoProfiles(sealer),
            "people": DynamoPeople(sealer),
            "dispatches": DynamoDispatches(),
            "records": DynamoRecords(sealer),
            "due": DynamoDueIndex(),
            "ledger": DynamoPurgeLedger(),
            "eraser": DynamoEraser(objects),
            "security_log": DynamoSecurityLog(),
            "objects": objects,
            "jobs": DynamoDataJobs(),
            "leaks": DynamoLeaks(),
            "publications": DynamoPublications(),
            "consents": DynamoConsents(),
            "listings": DynamoListings(),
            "service": DynamoService(),
            "states": DynamoServiceStates(),
        }
        super().__init__(product)
        vars(self.round_runner)["_roster"] = DynamoRoster()

    def __setattr__(self, name: str, value: Any) -> None:
        """Each of the world's fakes gives way to its store as it is put in its place."""
        super().__setattr__(name, vars(self).get("_stores", {}).get(name, value))


World = Callable[[str], Office]


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> World:
    """Makes the world of a product, whose single calls are whole."""
    if request.param == "memory":

        def make(product: str) -> Office:
            made = Office(product)
            one_call_at_a_time(made)
            return made

        return make
    request.getfixturevalue("cloud")
    _one_call_at_a_time(monkeypatch, "dynamodb", "kms", "s3")
    return Clouded
