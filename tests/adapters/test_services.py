"""Sign-in, fingerprints, workflows, the queue, secrets: against moto."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from mohlat.adapters import aws
from mohlat.adapters.cognito import CognitoSignIn
from mohlat.adapters.fingerprints import KmsFingerprints
from mohlat.adapters.notice_queue import SqsNoticeQueue
from mohlat.adapters.secrets import ParameterSecrets
from mohlat.adapters.workflows import StepFunctionsWorkflows
from mohlat.domain.errors import InvalidInput, NotSignedIn, TooManyAttempts
from mohlat.domain.people import Role
from mohlat.settings import SettingMissing

PASSWORD = "correct-Horse-7"


@pytest.fixture
def pool(cloud: None) -> tuple[str, str]:
    """A user pool with our groups, and its client."""
    cognito = aws.client("cognito-idp")
    pool_id = cognito.create_user_pool(
        PoolName="people",
        Schema=[{"Name": "tenant_id", "AttributeDataType": "String", "Mutable": True}],
        Policies={"PasswordPolicy": {"MinimumLength": 8}},
    )["UserPool"]["Id"]
    for role in Role:
        cognito.create_group(UserPoolId=pool_id, GroupName=role.value)
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="api",
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )
    return pool_id, client["UserPoolClient"]["ClientId"]


@pytest.fixture
def sign_in(pool: tuple[str, str]) -> CognitoSignIn:
    """The adapter on that pool."""
    return CognitoSignIn(aws.client("cognito-idp"), *pool)


class TestSignIn:
    def test_a_user_signs_in_once_a_password_is_set(
        self, sign_in: CognitoSignIn, pool: tuple[str, str]
    ) -> None:
        sign_in.create("u-1", "t-1", Role.OWNER)
        with pytest.raises(NotSignedIn):
            sign_in.sign_in("u-1", PASSWORD)
        sign_in.set_password("u-1", PASSWORD)
        tokens = sign_in.sign_in("u-1", PASSWORD)
        assert tokens.id_token.count(".") == 2
        assert tokens.access_token != tokens.id_token
        assert tokens.refresh_token
        assert tokens.expires_in > 0
        stored = aws.client("cognito-idp").admin_get_user(UserPoolId=pool[0], Username="u-1")
        assert {"Name": "custom:tenant_id", "Value": "t-1"} in stored["UserAttributes"]
        groups = aws.client("cognito-idp").admin_list_groups_for_user(UserPoolId=pool[0], Username="u-1")
        assert [group["GroupName"] for group in groups["Groups"]] == ["owner"]

    def test_creating_twice_changes_nothing(self, sign_in: CognitoSignIn) -> None:
        sign_in.create("u-1", "t-1", Role.OWNER)
        sign_in.set_password("u-1", PASSWORD)
        sign_in.create("u-1", "t-1", Role.OWNER)
        assert sign_in.sign_in("u-1", PASSWORD).id_token

    @pytest.mark.parametrize(("username", "password"), [("u-1", "wrong-Horse-7"), ("u-2", PASSWORD)])
    def test_strangers_and_wrong_passwords_read_the_same(
        self, sign_in: CognitoSignIn, username: str, password: str
    ) -> None:
        sign_in.create("u-1", "t-1", Role.USER)
        sign_in.set_password("u-1", PASSWORD)
        with pytest.raises(NotSignedIn) as refusal:
            sign_in.sign_in(username, password)
        assert str(refusal.value) == NotSignedIn.code
        assert refusal.value.__cause__ is None

    def test_a_session_is_refreshed_until_it_is_signed_out(self, sign_in: CognitoSignIn) -> None:
        sign_in.create("u-1", "t-1", Role.OWNER)
        sign_in.set_password("u-1", PASSWORD)
        tokens = sign_in.sign_in("u-1", PASSWORD)
        assert tokens.refresh_token
        assert sign_in.refresh(tokens.refresh_token).id_token
        sign_in.sign_out("u-1")
        with pytest.raises(NotSignedIn):
            sign_in.refresh(tokens.refresh_token)

    def test_deleting_and_signing_out_are_repeatable(self, sign_in: CognitoSignIn) -> None:
        sign_in.create("u-1", "t-1", Role.OWNER)
        for _ in range(2):
            sign_in.delete("u-1")
            sign_in.sign_out("u-1")
        with pytest.raises(NotSignedIn):
            sign_in.sign_in("u-1", PASSWORD)

    @pytest.mark.parametrize(
        ("method", "code", "expected"),
        [
            ("admin_initiate_auth", "TooManyRequestsException", TooManyAttempts),
            ("admin_initiate_auth", "LimitExceededException", TooManyAttempts),
            ("admin_initiate_auth", "PasswordResetRequiredException", NotSignedIn),
            ("admin_initiate_auth", "InternalErrorException", ClientError),
            ("admin_set_user_password", "InvalidPasswordException", InvalidInput),
            ("admin_set_user_password", "UserNotFoundException", ClientError),
            ("admin_create_user", "InternalErrorException", ClientError),
            ("admin_user_global_sign_out", "InternalErrorException", ClientError),
            ("admin_delete_user", "InternalErrorException", ClientError),
        ],
    )
    def test_each_refusal_asks_for_its_own_reaction(
        self, sign_in: CognitoSignIn, method: str, code: str, expected: type[Exception]
    ) -> None:
        calls: dict[str, Any] = {
            "admin_initiate_auth": lambda: sign_in.sign_in("u-1", PASSWORD),
            "admin_set_user_password": lambda: sign_in.set_password("u-1", PASSWORD),
            "admin_create_user": lambda: sign_in.create("u-1", "t-1", Role.USER),
            "admin_user_global_sign_out": lambda: sign_in.sign_out("u-1"),
            "admin_delete_user": lambda: sign_in.delete("u-1"),
        }
        with Stubber(aws.client("cognito-idp")) as stub:
            stub.add_client_error(method, code)
            with pytest.raises(expected) as refusal:
                calls[method]()
        assert PASSWORD not in str(refusal.value)


class TestFingerprints:
    def test_they_are_stable_keyed_and_kept_apart_by_product(self, cloud: None) -> None:
        kms = aws.client("kms")

        def key() -> str:
            made = kms.create_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")
            return str(made["KeyMetadata"]["KeyId"])

        ours, theirs = KmsFingerprints(kms, key()), KmsFingerprints(kms, key())
        print_ = ours.of("kalo", "negar@example.test")
        assert print_ == ours.of("kalo", "negar@example.test")
        assert len(print_) == 64
        assert int(print_, 16)
        others = {
            ours.of("kalak", "negar@example.test"),
            ours.of("kalo", "negar2@example.test"),
            theirs.of("kalo", "negar@example.test"),
        }
        assert print_ not in others


class TestWorkflows:
    def test_one_name_starts_one_execution(self, cloud: None) -> None:
        client = aws.client("stepfunctions")
        machine = client.create_state_machine(
            name="subscription",
            definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
            roleArn="arn:aws:iam::123456789012:role/any",
        )["stateMachineArn"]
        asked = []

        def machine_arn(workflow: str) -> str:
            asked.append(workflow)
            return str(machine)

        workflows = StepFunctionsWorkflows(client, machine_arn)
        assert workflows.start("subscription", "t-1-g1-v1", {"tenant_id": "t-1"})
        assert not workflows.start("subscription", "t-1-g1-v1", {"tenant_id": "t-1", "more": 1})
        assert workflows.start("subscription", "t-1-g2-v2", {"tenant_id": "t-1"})
        assert asked == ["subscription"] * 3
        found = client.list_executions(stateMachineArn=machine)["executions"]
        assert sorted(execution["name"] for execution in found) == ["t-1-g1-v1", "t-1-g2-v2"]

    @pytest.mark.parametrize("code", ["ExecutionAlreadyExists", "ExecutionAlreadyExistsException"])
    def test_both_names_of_a_known_execution_are_understood(self, cloud: None, code: str) -> None:
        with Stubber(aws.client("stepfunctions")) as stub:
            stub.add_client_error("start_execution", code)
            assert not StepFunctionsWorkflows(aws.client("stepfunctions"), lambda _: "arn").start(
                "purge", "x", {}
            )

    def test_other_refusals_are_not_swallowed(self, cloud: None) -> None:
        with Stubber(aws.client("stepfunctions")) as stub:
            stub.add_client_error("start_execution", "StateMachineDoesNotExist")
            with pytest.raises(ClientError):
                StepFunctionsWorkflows(aws.client("stepfunctions"), lambda _: "arn").start("purge", "x", {})


class TestNoticeQueue:
    def test_a_message_arrives_as_json(self, cloud: None) -> None:
        sqs = aws.client("sqs")
        url = sqs.create_queue(QueueName="notices")["QueueUrl"]
        SqsNoticeQueue(sqs, url).put({"tenant_id": "t-1", "seq": 3})
        [message] = sqs.receive_message(QueueUrl=url)["Messages"]
        assert json.loads(message["Body"]) == {"tenant_id": "t-1", "seq": 3}


class TestSecrets:
    def test_a_secret_is_read_decrypted_and_taken_up_anew_after_five_minutes(self, cloud: None) -> None:
        ssm, now = aws.client("ssm"), [0.0]
        secrets = ParameterSecrets(ssm, "/mohlat/local/", lambda: now[0])
        ssm.put_parameter(Name="/mohlat/local/zarinpal", Value="one", Type="SecureString")
        assert secrets.get("zarinpal") == "one"
        ssm.put_parameter(Name="/mohlat/local/zarinpal", Value="two", Type="SecureString", Overwrite=True)
        now[0] = 299.0
        assert secrets.get("zarinpal") == "one"
        now[0] = 300.0
        assert secrets.get("zarinpal") == "two"

    def test_a_missing_secret_is_named(self, cloud: None) -> None:
        with pytest.raises(SettingMissing) as missing:
            ParameterSecrets(aws.client("ssm"), "/mohlat/local").get("kavenegar")
        assert missing.value.details["name"] == "/mohlat/local/kavenegar"

    def test_other_refusals_are_not_swallowed(self, cloud: None) -> None:
        with Stubber(aws.client("ssm")) as stub:
            stub.add_client_error("get_parameter", "InternalServerError")
            with pytest.raises(ClientError):
                ParameterSecrets(aws.client("ssm"), "/mohlat/local").get("kavenegar")
