"""What can be restored and what must not come back: backups are on where they help, and nowhere else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mohlat.domain.certificate import BACKUPS_REACH_BACK
from tests.template import cloudformation as cf

# Which tables have point-in-time recovery, and why the others have none.
RECOVERABLE = {
    "TenantsTable": True,
    # What a purge deletes here must not come back, or every copy of the sealed data would open again.
    "DataKeysTable": False,
    # Addresses are personal data, and gone once they are deleted.
    "SecurityLogTable": False,
    # Losing them loses nothing but an answer.
    "IdempotencyTable": False,
}


def test_each_table_is_one_that_somebody_decided_about() -> None:
    assert set(cf.resources("AWS::DynamoDB::Table")) == set(RECOVERABLE)


@pytest.mark.parametrize(("table", "recoverable"), RECOVERABLE.items())
def test_a_table_can_be_restored_or_not_as_was_decided(table: str, recoverable: bool) -> None:
    properties = cf.resources("AWS::DynamoDB::Table")[table]["Properties"]
    told = properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled", False)
    assert told is recoverable


def test_backups_reach_back_as_far_as_a_certificate_of_deletion_says() -> None:
    told = cf.resources("AWS::DynamoDB::Table")["TenantsTable"]["Properties"][
        "PointInTimeRecoverySpecification"
    ]
    assert timedelta(days=told["RecoveryPeriodInDays"]) == BACKUPS_REACH_BACK


def test_no_other_service_makes_backups_of_its_own() -> None:
    """AWS Backup would keep what a purge deletes, for longer than a certificate says."""
    kinds = {resource["Type"] for resource in cf.template()["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith("AWS::Backup::")}


def test_an_object_that_is_overwritten_is_not_lost_and_nothing_expires_unasked() -> None:
    bucket = cf.resources("AWS::S3::Bucket")["DataBucket"]
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]:
        # Exports and backups end when the agreement says, by a job that the journal knows of.
        assert not {name for name in rule if "Expiration" in name}, rule


def test_who_replays_purges_may_write_to_restored_tables_only() -> None:
    statements = cf.statements(cf.functions()["replay_purges"])
    for statement in statements:
        writes = {"dynamodb:PutItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:UpdateItem"}
        if writes & set(cf.as_list(statement["Action"])):
            assert statement["Resource"] == {"Fn::Sub": "${TenantsTable.Arn}-restored*"}
    assert len(statements) == 2
