"""What was published of the terms, stored: never changed, and remembered for some seconds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.adapters.dynamodb.publications import DynamoPublications
from mohlat.domain.errors import ConcurrentChange
from mohlat.domain.publications import MustAccept, Publication
from tests.fakes import START, FakePublications, Table

FIRST = Publication(
    product="kallu",
    number=1,
    version="2",
    document="privacy",
    effective_at=START,
    summary={"fa": "تازه", "en": "new"},
    sha256="ab" * 32,
    url="https://kallu.cc/privacy/2",
    must_accept=MustAccept.EVERYONE,
    rules="1",
    published_at=START,
    by="operator:u_1",
)


@pytest.fixture(params=["fake", "real"])
def publications(request: pytest.FixtureRequest, cloud: None) -> FakePublications | DynamoPublications:
    return FakePublications(Table()) if request.param == "fake" else DynamoPublications()


def test_what_is_published_comes_back_in_order_and_by_product(
    publications: FakePublications | DynamoPublications,
) -> None:
    second = replace(FIRST, number=2, version="3")
    other = replace(FIRST, product="kalo")
    for each in (FIRST, second, other):
        publications.save(each)
    assert publications.of("kallu", fresh=True) == (FIRST, second)
    assert publications.of("kalo", fresh=True) == (other,)
    assert publications.of("kalak", fresh=True) == ()


def test_a_number_is_taken_once(publications: FakePublications | DynamoPublications) -> None:
    publications.save(FIRST)
    with pytest.raises(ConcurrentChange):
        publications.save(replace(FIRST, version="3"))
    assert publications.of("kallu", fresh=True) == (FIRST,)


def test_a_warm_worker_reads_once_in_ten_seconds(cloud: None) -> None:
    now = [0.0]
    here, elsewhere = DynamoPublications(lambda: now[0]), DynamoPublications()
    assert here.of("kallu") == ()
    elsewhere.save(FIRST)
    now[0] = 9.0
    assert here.of("kallu") == ()
    assert here.of("kallu", fresh=True) == (FIRST,)
    elsewhere.save(replace(FIRST, number=2, version="3"))
    now[0] = 18.0
    assert len(here.of("kallu")) == 1
    now[0] = 19.0
    assert len(here.of("kallu")) == 2
