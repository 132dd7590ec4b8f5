"""Every function in this process: real adapters against moto, the outside world's providers as fakes."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from moto import mock_aws

from mohlat import bootstrap
from mohlat.adapters import aws
from mohlat.adapters.gateways.sep import Sep
from mohlat.adapters.gateways.zarinpal import ZarinPal
from mohlat.adapters.gateways.zibal import Zibal
from mohlat.application.codes import issue_code
from mohlat.application.ports import HandOver
from mohlat.domain.errors import GatewayUnavailable, NoRefundRoute
from mohlat.domain.payments import (
    GatewayState,
    Opening,
    PayPage,
    RefundState,
    RegisteredRefund,
    Verdict,
    Verification,
)
from mohlat.domain.people import CodePurpose
from mohlat.observation import logger
from mohlat.settings import settings
from tests import (
    leaks,
    moto_keys,  # noqa: F401 - faster by importing it
)
from tests.fakes import FakeClock, FakeFingerprints, FakeIds
from tests.template import cloudformation

ROOT = Path(__file__).parents[2]
REGION = "eu-central-1"
TENANT = "t_00000000000000000000000001"
OWNER = "u_00000000000000000000000002"
AUTHORITY = "A" + "0" * 34 + "1"


@cache
def app(function: str) -> ModuleType:
    """A function's module, loaded from its folder as Lambda does."""
    spec = importlib.util.spec_from_file_location(f"app_{function}", ROOT / "functions" / function / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_event(case: str) -> dict[str, Any]:
    """The stored event `<function>/<case>`."""
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{case}.json").read_text(encoding="utf-8"))
    return event


class Context:
    """What Lambda tells a handler about its invocation."""

    function_name = "function"
    aws_request_id = "9d3c5c7e-0000-4000-8000-000000000001"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


class FakeGateway:
    """A gateway that is told what the payer does; `silent` makes it unreachable.

    What it gives out and what browsers bring back have the form of the `real` one. Without an `authority` of
    its own it knows payments by our orders, wants its page posted to, and is asked by receipts, as SEP is.
    `refundable`: it sends money back and lists it. `captured` is what it took if that is not what was asked.
    """

    def __init__(
        self, real: ZarinPal | Zibal | Sep, authority: str | None = None, *, refundable: bool = False
    ) -> None:
        self.name = real.name
        self.read_callback = real.read_callback
        self._authority = authority
        self.refundable = refundable
        self.paid = False
        self.silent = False
        self.verdict: Verdict | None = None
        self.captured: int | None = None
        self.state = GatewayState.IN_BANK
        self.opened: list[dict[str, Any]] = []
        self.refunds: list[RegisteredRefund] = []

    def _answer(self) -> None:
        if self.silent:
            raise GatewayUnavailable(gateway=self.name)

    def request(self, **order: Any) -> Opening:
        self._answer()
        self.opened.append(order)
        number = len(self.opened)
        if self._authority is None:
            return Opening(order["order_id"], f"token-{number}")
        return Opening(self._authority.format(number))

    def pay_page(self, authority: str, token: str | None = None) -> PayPage:
        fields = {"Token": token} if token else {}
        return PayPage(f"https://gateway.example/pay/{authority}", fields)

    def verify(self, authority: str, amount: int, receipt: str | None = None) -> Verification:
        self._answer()
        if self.verdict:
            return Verification(self.verdict, reference="201", captured=self.captured)
        if not self.paid or (self._authority is None and receipt is None):
            return Verification(Verdict.NOT_PAID, code=-51)
        return Verification(Verdict.PAID, reference="201", masked_card="502229******5995", code=100)

    def inquire(self, authority: str, receipt: str | None = None) -> GatewayState:
        self._answer()
        return GatewayState.PAID if self.paid else self.state

    def refund(self, reference: str, amount: int, refund_id: str) -> None:
        self._answer()
        if not self.refundable:
            raise NoRefundRoute
        self.refunds.append(RegisteredRefund(amount, RefundState.PENDING))

    def refunds_of(self, reference: str) -> tuple[RegisteredRefund, ...]:
        self._answer()
        if not self.refundable:
            raise NoRefundRoute
        return tuple(self.refunds)


@dataclass
class Outbox:
    """A mailer and an SMS sender that keep what they were given; `failing` is raised instead."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    failing: Exception | None = None

    def send(self, **message: Any) -> HandOver:
        if self.failing:
            raise self.failing
        self.sent.append(message)
        return HandOver("fake", str(len(self.sent)))


class World:
    """The deployment as a test sees it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.gateway = FakeGateway(ZarinPal("https://zarinpal.example", ""), "A{:035d}", refundable=True)
        self.zibal = FakeGateway(Zibal("https://zibal.example", ""), "37140612{:02d}")
        self.sep = FakeGateway(Sep("https://sep.example", ""))
        # By the name that it is asked for by.
        self.gateways = {each.name: each for each in (self.gateway, self.zibal, self.sep)}
        self.mail = Outbox()
        self.sms = Outbox()
        self.clock_moved = 0
        self.logs = StringIO()

    def call(self, function: str, event: Mapping[str, Any], context: Any = None) -> Any:
        """Invokes a function."""
        return app(function).lambda_handler(event, context or Context())

    def replay(self, case: str) -> Any:
        """Invokes a function with a stored event."""
        return self.call(case.split("/", maxsplit=1)[0], load_event(case))

    def register(self) -> None:
        """A tenant of kalo, whose owner has confirmed the contact."""
        assert self.replay("register_tenant/kalo")["statusCode"] == 201
        self.code(CodePurpose.CONFIRM)
        assert self.replay("confirm_contact/right_code")["statusCode"] == 200

    def register_at(self, product: str, **changes: Any) -> None:
        """A tenant of another product, with the same person behind it."""
        event = load_event("register_tenant/kalo")
        accept = dict.fromkeys(bootstrap.agreements().load(product).registration.accept, True)
        told = json.loads(event["body"]) | {"product": product, "accept": accept, **changes}
        assert self.call("register_tenant", event | {"body": json.dumps(told)})["statusCode"] == 201

    def follow(self) -> None:
        """What the stream brings about: everything that the journal so far owes is dispatched."""
        event = load_event("dispatch_stream/registration")
        [record] = event["Records"][1:2]
        for entry in bootstrap.tenants().journal(TENANT):
            keys = {"pk": {"S": f"T#{TENANT}"}, "sk": {"S": f"J#{entry.seq:08d}"}}
            dispatched = record | {"dynamodb": record["dynamodb"] | {"Keys": keys}}
            assert self.call("dispatch_stream", {"Records": [dispatched]}) == {"batchItemFailures": []}

    def code(self, purpose: CodePurpose, about: str = "") -> str:
        """A code as the owner would receive it."""
        now = self.clock.now()
        return issue_code(bootstrap.people(), bootstrap.ids(), TENANT, OWNER, purpose, now, about)

    def send(self, message: Mapping[str, Any]) -> None:
        """The sending function takes a message of the notice queue."""
        event = load_event("send_notices/registration")
        event["Records"][0]["body"] = json.dumps(message)
        assert self.call("send_notices", event) == {"batchItemFailures": []}

    def queued(self) -> list[dict[str, Any]]:
        """What waits in the notice queue."""
        answer = aws.client("sqs").receive_message(
            QueueUrl=settings().notice_queue_url, MaxNumberOfMessages=10
        )
        return [json.loads(message["Body"]) for message in answer.get("Messages", ())]

    def executions(self, machine: str) -> list[str]:
        """The names of a machine's executions."""
        answer = aws.client("stepfunctions").list_executions(stateMachineArn=settings().machine_arn(machine))
        return [execution["name"] for execution in answer["executions"]]

    def revoke_example_token(self) -> None:
        """Makes the example's refresh token a revoked one: moto breaks on one that it never gave out."""
        from moto.cognitoidp import cognitoidp_backends

        pool = cognitoidp_backends["123456789012"][REGION].user_pools[settings().user_pool_id]
        pool.refresh_tokens["nobody-was-given-this"] = None

    def live_to_the_purge(self) -> None:
        """Lets the registered tenant's trial lapse until its purge is committed, each message sent."""
        tenants, seq = bootstrap.tenants(), 0
        event = load_event("advance_tenant/remind") | {"deadline": ""}
        for deadline in json.loads(self.replay("view_tenant/deadlines")["body"])["deadlines"]:
            self.clock.time = max(self.clock.time, _instant(deadline["at"]))
            tenant = tenants.get(TENANT)
            from mohlat.domain.lifecycle import next_deadline

            pending = next_deadline(tenant, bootstrap.agreements().load("kalo"))
            assert pending
            self.call("advance_tenant", event | {"deadline": pending.key})
            for entry in tenants.journal(TENANT, after=seq):
                seq = entry.seq
                if entry.notices:
                    self.send({"tenant_id": TENANT, "seq": seq})


def _instant(text: str) -> Any:
    from mohlat.domain.tenant import from_iso

    return from_iso(text)


def _create_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    attributes = [
        {"AttributeName": n, "AttributeType": "S"}
        for n in ("pk", "sk", "due_shard", "next_due_at", "ledger_day", "member_shard")
    ]
    due = [
        {"AttributeName": "due_shard", "KeyType": "HASH"},
        {"AttributeName": "next_due_at", "KeyType": "RANGE"},
    ]
    ledger = [
        {"AttributeName": "ledger_day", "KeyType": "HASH"},
        {"AttributeName": "pk", "KeyType": "RANGE"},
    ]
    members = [
        {"AttributeName": "member_shard", "KeyType": "HASH"},
        {"AttributeName": "pk", "KeyType": "RANGE"},
    ]
    aws.client("dynamodb").create_table(
        TableName="tenants",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=attributes,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {"IndexName": name, "KeySchema": keys, "Projection": {"ProjectionType": "KEYS_ONLY"}}
            for name, keys in (("due", due), ("ledger", ledger), ("members", members))
        ],
    )
    for table in ("data-keys", "security-log"):
        aws.client("dynamodb").create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=attributes[:2],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
    aws.client("s3").create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": REGION})
    aws.client("s3").put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
    aws.client("dynamodb").create_table(
        TableName="answers",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    pools = aws.client("cognito-idp")
    pool = pools.create_user_pool(
        PoolName="people",
        # What a password must be is each agreement's matter; the pool asks for the least.
        Policies={
            "PasswordPolicy": {
                "MinimumLength": 8,
                "RequireUppercase": False,
                "RequireLowercase": False,
                "RequireNumbers": False,
                "RequireSymbols": False,
            }
        },
        Schema=[{"Name": "tenant_id", "AttributeDataType": "String", "Mutable": False}],
    )["UserPool"]["Id"]
    client = pools.create_user_pool_client(
        UserPoolId=pool,
        ClientName="api",
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]["ClientId"]
    for group in ("owner", "user", "support", "partner", "operator"):
        pools.create_group(UserPoolId=pool, GroupName=group)
    kms = aws.client("kms")
    mac = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]
    environment = {
        "USER_POOL_ID": pool,
        "USER_POOL_CLIENT_ID": client,
        "DATA_KEY_ID": kms.create_key()["KeyMetadata"]["KeyId"],
        "FINGERPRINT_KEY_ID": mac,
        "NOTICE_QUEUE_URL": aws.client("sqs").create_queue(QueueName="notices")["QueueUrl"],
        "ALARM_TOPIC_ARN": aws.client("sns").create_topic(Name="alarms")["TopicArn"],
    }
    signing = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    environment["SIGNING_KEY_ID"] = signing
    for machine in cloudformation.workflows():
        environment[f"{machine.upper()}_MACHINE_ARN"] = aws.client("stepfunctions").create_state_machine(
            name=machine,
            definition=json.dumps({"StartAt": "Rest", "States": {"Rest": {"Type": "Succeed"}}}),
            roleArn="arn:aws:iam::123456789012:role/machines",
        )["stateMachineArn"]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()


def forget() -> None:
    """Makes every factory read its environment anew."""
    settings.cache_clear()
    for factory in vars(bootstrap).values():
        if callable(getattr(factory, "cache_clear", None)):
            factory.cache_clear()


@contextmanager
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty deployment whose clock, ids, gateway and messages a test holds, for as long as it stands."""
    for name, value in {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "TENANTS_TABLE": "tenants",
        "DATA_KEYS_TABLE": "data-keys",
        "SECURITY_LOG_TABLE": "security-log",
        "PURGE_CAP_PER_HOUR": "1000",
        "DATA_BUCKET": "data",
        "IDEMPOTENCY_TABLE": "answers",
        "PARAMETERS_PREFIX": "/mohlat/test",
        "PUBLIC_URL": "https://api.example/v1",
        "SWEEP_PATIENCE_SECONDS": "0",
        "ALLOWED_ORIGIN": "https://app.example",
        "STAGE": "test",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    forget()
    known = World()
    ids = FakeIds()
    # The handler took the standard output of the moment of its import, which pytest has closed since.
    monkeypatch.setattr(logger.registered_handler, "stream", known.logs)

    def moved() -> None:
        known.clock_moved += 1

    replacements: dict[str, Callable[..., Any]] = {
        "clock": lambda: known.clock,
        "wall_clock": lambda: known.clock,
        # Its links are part of stored events: they need a key that does not change.
        "fingerprints": FakeFingerprints,
        "ids": lambda: ids,
        "payment_gateway": _gateways(known),
        "mailer": lambda: known.mail,
        "sms_sender": lambda: known.sms,
        "move_test_clock": moved,
    }
    with mock_aws():
        _create_stack(monkeypatch)
        for name, factory in replacements.items():
            monkeypatch.setattr(bootstrap, name, factory)
        try:
            yield known
        finally:
            leaks.written(known.logs.getvalue())
    forget()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty deployment for one test."""
    with deployed(monkeypatch) as known:
        yield known


@contextmanager
def confined(function: str) -> Iterator[None]:
    """With the environment that the template gives the function, and nothing else of ours."""
    shared = cloudformation.template()["Globals"]["Function"]["Environment"]["Variables"]
    own = cloudformation.functions()[function]["Properties"].get("Environment", {}).get("Variables", {})
    known = [name for name in os.environ if re.search(r"_(ID|ARN|URL|TABLE|BUCKET|PREFIX|SECONDS)$", name)]
    with pytest.MonkeyPatch.context() as patch:
        for name in known:
            if name not in own and name not in shared and not name.startswith("AWS_"):
                patch.delenv(name)
        forget()
        yield
    forget()


def _gateways(known: World) -> Callable[..., FakeGateway]:
    from mohlat.domain.errors import NotFound

    def gateway(name: str) -> FakeGateway:
        if name not in known.gateways:
            raise NotFound
        return known.gateways[name]

    return gateway


def body(answer: Mapping[str, Any]) -> Any:
    """An answer's JSON."""
    return json.loads(answer["body"])


def without_personal_data(text: str) -> bool:
    """Whether nothing of the registered person stands in a text."""
    return not re.search(r"sara|سارا|9123456789|narenj", text, re.IGNORECASE)
