"""Rules that hold for every resource of a kind, as a scanner of templates would ask for them.

Written out here instead of running one: docs/decisions/0031-own-template-rules.md says why. An exception
stands in a table with its reason, and a reason that nobody needs any more fails as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.template import cloudformation as cf

Resource = dict[str, Any]
# API Gateway answers for a function that is not done after 29 seconds.
_GATEWAY_SECONDS = 29
# A function that names these would overwrite what Lambda sets itself.
_RESERVED = ("AWS_", "LAMBDA_", "_HANDLER", "_X_AMZN")


def _properties(resource: Resource) -> dict[str, Any]:
    found: dict[str, Any] = resource.get("Properties") or {}
    return found


def _function(name: str, resource: Resource) -> dict[str, Any]:
    return {**cf.template()["Globals"]["Function"], **_properties(resource)}


def _asynchronous(name: str, resource: Resource) -> bool:
    """Whether something calls it that does not wait for its answer, and forgets what it could not do."""
    events = _properties(resource).get("Events", {}).values()
    called = json.dumps([cf.resources(SCHEDULE), cf.resources("AWS::Events::Rule")])
    return f'["{name}", "Arn"]' in called or any(event["Type"] == "SNS" for event in events)


def _allows(statement: dict[str, Any]) -> bool:
    return bool(statement["Effect"] == "Allow")


def _public(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    return principal == "*" or (isinstance(principal, dict) and "*" in cf.as_list(principal.get("AWS", [])))


def _denies_plain_http(resource: Resource) -> bool:
    return any(
        statement["Effect"] == "Deny"
        and statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false"
        for statement in cf.statements(resource)
    )


FUNCTION, TABLE, BUCKET = "AWS::Serverless::Function", "AWS::DynamoDB::Table", "AWS::S3::Bucket"
QUEUE, TOPIC, LOGS = "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::Logs::LogGroup"
MACHINE, KEY, POOL = "AWS::Serverless::StateMachine", "AWS::KMS::Key", "AWS::Cognito::UserPool"
API, SCHEDULE, ALARM = "AWS::Serverless::Api", "AWS::Scheduler::Schedule", "AWS::CloudWatch::Alarm"
ANY = ""

# What is asked, of which kind of resource, and how one sees that it is so.
RULES: dict[str, tuple[str, Callable[[str, Resource], bool]]] = {
    "traced": (FUNCTION, lambda name, r: _function(name, r)["Tracing"] == "Active"),
    "logs to a group with a retention": (
        FUNCTION,
        lambda name, r: _function(name, r)["LoggingConfig"]["LogGroup"] == {"Ref": "FunctionLogs"},
    ),
    "runs what is supported": (FUNCTION, lambda name, r: _function(name, r)["Runtime"] == "python3.13"),
    "ends before whoever waits gives up": (
        FUNCTION,
        lambda name, r: (
            _function(name, r)["Timeout"] < _GATEWAY_SECONDS
            or all(event["Type"] != "Api" for event in _properties(r).get("Events", {}).values())
        ),
    ),
    "names no variable that is Lambda's": (
        FUNCTION,
        lambda name, r: (
            not [
                variable
                for variable in _properties(r).get("Environment", {}).get("Variables", {})
                if variable.startswith(_RESERVED)
            ]
        ),
    ),
    "keeps what could not be done": (
        FUNCTION,
        lambda name, r: (
            not _asynchronous(name, r) or "OnFailure" in json.dumps(_properties(r).get("EventInvokeConfig"))
        ),
    ),
    "has a role of its own": (FUNCTION, lambda name, r: "Role" not in _properties(r)),
    "encrypted with KMS": (
        TABLE,
        lambda name, r: _properties(r).get("SSESpecification", {}) == {"SSEEnabled": True, "SSEType": "KMS"},
    ),
    "can be restored": (
        TABLE,
        lambda name, r: bool(
            _properties(r).get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
        ),
    ),
    "cannot be deleted by mistake": (
        TABLE,
        lambda name, r: (
            _properties(r).get("DeletionProtectionEnabled") == {"Fn::If": ["IsLocal", False, True]}
        ),
    ),
    "is nobody's but ours": (
        BUCKET,
        lambda name, r: all(_properties(r).get("PublicAccessBlockConfiguration", {"": False}).values()),
    ),
    "keeps versions, encrypted": (
        BUCKET,
        lambda name, r: (
            _properties(r)["VersioningConfiguration"] == {"Status": "Enabled"}
            and "BucketEncryption" in _properties(r)
        ),
    ),
    "refuses what is not encrypted on its way": (
        BUCKET,
        lambda name, r: any(
            _properties(policy)["Bucket"] == {"Ref": name} and _denies_plain_http(policy)
            for policy in cf.resources("AWS::S3::BucketPolicy").values()
        ),
    ),
    "encrypted at rest": (QUEUE, lambda name, r: _properties(r).get("SqsManagedSseEnabled") is True),
    "keeps messages for two weeks": (
        QUEUE,
        lambda name, r: _properties(r).get("MessageRetentionPeriod") == 14 * 24 * 3600,
    ),
    "encrypted under a key": (TOPIC, lambda name, r: "KmsMasterKeyId" in _properties(r)),
    "ends some day": (LOGS, lambda name, r: "RetentionInDays" in _properties(r)),
    "traced and logged without data": (
        MACHINE,
        lambda name, r: (
            _properties(r)["Tracing"] == {"Enabled": True}
            and _properties(r)["Logging"]["IncludeExecutionData"] is False
        ),
    ),
    "rotated": (KEY, lambda name, r: _properties(r).get("EnableKeyRotation") is True),
    "kept for a month when it is deleted": (KEY, lambda name, r: _properties(r)["PendingWindowInDays"] == 30),
    "made by administrators only": (
        POOL,
        lambda name, r: _properties(r)["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True},
    ),
    "traced behind TLS 1.2 or newer": (
        API,
        lambda name, r: (
            _properties(r)["TracingEnabled"] is True and "TLS13_1_2" in _properties(r)["SecurityPolicy"]
        ),
    ),
    "keeps what it could not call": (
        SCHEDULE,
        lambda name, r: "DeadLetterConfig" in _properties(r)["Target"],
    ),
    "rings": (
        ALARM,
        lambda name, r: bool(_properties(r)["AlarmActions"]) and bool(_properties(r)["TreatMissingData"]),
    ),
    "lets nobody in whom it does not name": (
        ANY,
        lambda name, r: not any(_allows(each) and _public(each) for each in cf.statements(r)),
    ),
    "passes no role on and makes no rights": (
        ANY,
        lambda name, r: (
            not any(
                action.startswith(("iam:", "sts:")) and action != "sts:AssumeRole"
                for each in cf.statements(r)
                for action in cf.as_list(each["Action"])
            )
        ),
    ),
    "believes a service only for our account": (
        "AWS::SNS::TopicPolicy",
        lambda name, r: all("Condition" in each for each in cf.statements(r)),
    ),
    "holds no secret": (
        ANY,
        lambda name, r: (
            "NoEcho" in json.dumps(r)
            or not any(word in json.dumps(r) for word in ("AKIA", "BEGIN PRIVATE KEY", "aws_secret"))
        ),
    ),
}

# (rule, resource): why it need not hold there.
EXCEPTIONS = {
    ("can be restored", "DataKeysTable"): "a restored key would open what a purge made noise of (decision 9)",
    (
        "can be restored",
        "SecurityLogTable",
    ): "its lines end by themselves, and no promise rests on an old one",
    ("can be restored", "IdempotencyTable"): "answers of 24 hours, which a repetition makes anew",
    (
        "cannot be deleted by mistake",
        "IdempotencyTable",
    ): "answers of 24 hours, which a repetition makes anew",
    (
        "encrypted under a key",
        "AlarmTopic",
    ): "alarms name facts and no person; CloudWatch needs a key of ours",
    (
        "encrypted under a key",
        "InboxTopic",
    ): "a mail passes in seconds, and came in the clear of the open mail",
    ("rotated", "FingerprintKey"): "a contact that was hashed with another key would find nobody",
    ("rotated", "SigningKey"): "KMS rotates no key of two halves; certificates are checked long after",
}


def _resources(kind: str) -> Iterator[tuple[str, Resource]]:
    for name, found in cf.template()["Resources"].items():
        if kind in ("", found["Type"]):
            yield name, found


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_holds_for_every_resource_of_its_kind_or_a_reason_is_given(rule: str) -> None:
    kind, holds = RULES[rule]
    asked = dict(_resources(kind))
    assert asked, "a rule for nothing"
    broken = {name for name, resource in asked.items() if not holds(name, resource)}
    assert broken == {name for known, name in EXCEPTIONS if known == rule}


def test_every_exception_is_of_a_rule() -> None:
    assert {rule for rule, _ in EXCEPTIONS} <= set(RULES)
    assert all(len(reason) > 20 for reason in EXCEPTIONS.values())


def test_no_function_carries_what_was_not_held_against_the_list_of_known_faults() -> None:
    """Whoever raises a pin runs `make audit`, which writes the record."""
    day, *audited = [line for line in _lines(cf.ROOT / "layers" / "audited.txt") if not line.startswith("#")]
    assert date.fromisoformat(day) <= datetime.now(UTC).date()
    pins = [
        line for file in cf.ROOT.glob("layers/*/requirements.txt") for line in _lines(file) if "==" in line
    ]
    assert pins
    assert sorted(pin.partition("#")[0].strip() for pin in pins) == sorted(audited)


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines()
