"""The template: that it deploys what is there, allows no more than is needed and keeps what must be kept."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

from tests.template import cloudformation as cf

CORE = cf.ROOT / "layers" / "core" / "mohlat"

# What anybody may call, and why.
PUBLIC = {
    ("GET", "/health"): "says only that the service answers",
    ("GET", "/products"): "offers are public",
    ("GET", "/products/{product}/agreement"): "one reads an agreement before one accepts it",
    ("GET", "/products/{product}/plans"): "prices are public",
    ("GET", "/products/{product}/terms"): "the newest terms are anybody's to read (KALO-35, SAMAN-7.3)",
    ("GET", "/products/{product}/terms/versions"): "so are those before",
    ("GET", "/products/{product}/terms/feed"): "and what changed",
    ("POST", "/tenants"): "registering is how one becomes somebody",
    ("POST", "/tenants/{tenant_id}/confirmations"): "the code proves who calls",
    ("POST", "/tenants/{tenant_id}/confirmation-codes"): "sends to the registered contact only",
    ("POST", "/sessions"): "signing in",
    ("POST", "/password-recoveries"): "sends to a registered contact only (KALO-5)",
    ("POST", "/password-recoveries/confirmations"): "the code proves who calls",
    ("GET", "/payments/{gateway}/callback"): "the payer's browser comes back; nothing it says is believed",
    ("POST", "/payments/{gateway}/callback"): "some gateways have it post; nothing it says is believed",
    ("GET", "/certificates/{tenant_id}/{token}"): "the account is gone; who was sent the link may read",
    ("GET", "/u/{account}/{purpose}/{token}"): "who was sent the link may take the consent back",
    ("POST", "/u/{account}/{purpose}/{token}"): "who was sent the link may take the consent back",
    ("GET", "/products/{product}/status"): "whether it can be used is everybody's to know",
    ("GET", "/products/{product}/news"): "news are public",
    ("GET", "/products/{product}/customers"): "customers who want to be seen, as they want to be",
    ("GET", "/products/{product}/customer-statistics"): "groups in which nobody can be told apart",
    ("GET", "/products/{product}/cookies"): "cookies are published by name and purpose",
    ("GET", "/products/{product}/processors"): "who works on data is public",
    ("GET", "/products/{product}/cookie-consent"): "visitors have no account",
    ("POST", "/products/{product}/cookie-consent"): "visitors have no account",
    ("DELETE", "/products/{product}/cookie-consent"): "visitors have no account",
    ("GET", "/certificates/key"): "anybody may check a certificate",
    ("GET", "/payments/{gateway}/pages/{payment_id}"): "takes a payer to the gateway, and tells no more",
}

# Bodies that are empty, so that there is nothing to check.
WITHOUT_BODY = {
    ("POST", "/tenants/{tenant_id}/confirmation-codes"),
    ("POST", "/sweeps"),
    ("POST", "/products/{product}/months/{month}/closing"),
    ("POST", "/tenants/{tenant_id}/exports"),
    # What a mail program posts is no JSON, and the link says it all.
    ("POST", "/u/{account}/{purpose}/{token}"),
    ("POST", "/tenants/{tenant_id}/backups"),
    ("POST", "/tenants/{tenant_id}/payments/{payment_id}/reports"),
    ("POST", "/tenants/{tenant_id}/invoices/{invoice_id}/official"),
    ("POST", "/tenants/{tenant_id}/escrows/{escrow_id}/releases"),
    ("POST", "/tenants/{tenant_id}/escrows/{escrow_id}/returns"),
    ("POST", "/tenants/{tenant_id}/escrows/{escrow_id}/cancellations"),
    ("POST", "/tenants/{tenant_id}/data-requests/{request_id}/identity-checks"),
    ("POST", "/tenants/{tenant_id}/data-requests/{request_id}/identity-confirmations"),
    # A gateway's form, bounded and read strictly by the handler: models know JSON only.
    ("POST", "/payments/{gateway}/callback"),
}

# Resources that are not named one by one, and why.
WIDE = {
    ("DataKey", "*"): "in a key's own policy, * is that key",
    ("FingerprintKey", "*"): "in a key's own policy, * is that key",
    ("SigningKey", "*"): "in a key's own policy, * is that key",
    ("SubscriptionMachine", "*"): "log deliveries have no resource of their own",
    ("PaymentMachine", "*"): "log deliveries have no resource of their own",
    ("PurgeMachine", "*"): "log deliveries have no resource of their own",
    ("RefundMachine", "*"): "log deliveries have no resource of their own",
    ("DataRequestMachine", "*"): "log deliveries have no resource of their own",
    ("TicketMachine", "*"): "log deliveries have no resource of their own",
    ("DataJobMachine", "*"): "log deliveries have no resource of their own",
    ("ServiceMachine", "*"): "log deliveries have no resource of their own",
    ("ReplayPurgesFunction", "-restored*"): "a restored table is named in the hour of need",
    ("DataBucketPolicy", "/*"): "a bucket's own policy speaks of its objects",
    ("EraseTenantFunction", "/tenants/*"): "it deletes every version of whatever a tenant has",
    ("CertifyPurgeFunction", "/tenants/*"): "it deletes what arrived after the store was emptied",
    ("WorkOnDataFunction", "/tenants/*"): "exports and backups of every tenant",
    ("ExportTenantFunction", "/tenants/*"): "exports of every tenant, each sealed under its own key",
    ("SendNoticesFunction", ":identity/*"): "the condition on the sender narrows it",
    ("TellOwnerFunction", ":identity/*"): "the condition on the sender narrows it",
    **{
        (f"{function}Function", f"/${{Stage}}/{gateway}/*"): "the gateway's secrets, by their prefix"
        for function in (
            "PlaceOrder",
            "PayCallback",
            "SettlePayment",
            "ReportPayment",
            "DecidePayment",
            "FollowRefund",
        )
        for gateway in ("zibal", "sep", "behpardakht")
    },
    ("FollowRefundFunction", "/${Stage}/zarinpal/*"): "the gateway's secrets, by their prefix",
    ("SendNoticesFunction", "/${Stage}/kavenegar/*"): "the provider's secrets, by their prefix",
    ("TellOwnerFunction", "/${Stage}/kavenegar/*"): "the provider's secrets, by their prefix",
}
# Variables that a factory can do without, and why not every function that calls it has them.
NOT_FOR_ALL = {"ZARINPAL_GRAPHQL_URL": "for the one that sends money back, see test_encryption"}
WILD_ACTIONS = {
    ("DataKey", "kms:*"): "the account administers its key; without it nobody could",
    ("FingerprintKey", "kms:*"): "the account administers its key; without it nobody could",
    ("SigningKey", "kms:*"): "the account administers its key; without it nobody could",
    ("DataBucketPolicy", "s3:*"): "it denies, whatever is asked for, unless the way is encrypted",
}

every_function = pytest.mark.parametrize("name", sorted(cf.functions()))
_FOLDERS = {path.parent.name for path in cf.FUNCTIONS.glob("*/app.py")}
every_folder = pytest.mark.parametrize("name", sorted(_FOLDERS & set(cf.functions())))


# --- functions and routes ---------------------------------------------------------------------------------


def test_every_folder_is_deployed_and_every_function_has_a_folder() -> None:
    assert set(cf.functions()) == _FOLDERS


@every_function
def test_a_function_is_named_after_its_folder(name: str) -> None:
    assert cf.function_id(name) in cf.resources("AWS::Serverless::Function")


@every_folder
def test_a_handlers_routes_are_the_templates(name: str) -> None:
    written = _routes_written(name)
    if written:
        assert written == set(cf.routes(name))


def _routes_written(name: str) -> set[tuple[str, str]]:
    """Method and resource of each `route(...)` in a handler; the resource may be a constant of the module."""
    tree = ast.parse((cf.FUNCTIONS / name / "app.py").read_text())
    constants = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }

    def text(node: ast.expr) -> str:
        return str(constants[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node))

    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    made = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "route")
    return {(text(call.args[0]), text(call.args[1])) for call in made}


def test_every_route_asks_who_is_calling_unless_it_is_public() -> None:
    assert (
        cf.resources("AWS::Serverless::Api")["Api"]["Properties"]["Auth"]["DefaultAuthorizer"] == "SignedIn"
    )
    open_routes = {key for key, route in cf.all_routes().items() if "Auth" in route}
    assert open_routes == set(PUBLIC)


def test_every_body_has_a_model_that_bounds_it() -> None:
    models = cf.resources("AWS::Serverless::Api")["Api"]["Properties"]["Models"]
    used = set()
    for (method, path), route in cf.all_routes().items():
        asked = route.get("RequestModel")
        assert asked or method in ("GET", "DELETE") or (method, path) in WITHOUT_BODY, path
        if asked:
            used.add(asked["Model"])
            assert asked["ValidateBody"], path
            assert models[asked["Model"]]["type"] == "object", path
            assert models[asked["Model"]]["maxProperties"] == 40, path
    assert used == set(models)


@every_folder
def test_a_model_knows_the_fields_that_its_handler_reads(name: str) -> None:
    models = cf.resources("AWS::Serverless::Api")["Api"]["Properties"]["Models"]
    names = {route["RequestModel"]["Model"] for route in cf.routes(name).values() if "RequestModel" in route}
    modelled = [set(models[model]["properties"]) for model in names]
    for read in _fields_read(name):
        assert read in modelled


def _fields_read(name: str) -> list[set[str]]:
    """The fields that each `request.fields(...)` in a handler names."""
    tree = ast.parse((cf.FUNCTIONS / name / "app.py").read_text())
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    reads = (call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "fields")
    # A reader table that is shared (`**PROFILE`) names its fields elsewhere.
    named = [call for call in reads if all(keyword.arg for keyword in call.keywords)]
    return [{keyword.arg for keyword in call.keywords if keyword.arg} for call in named]


def test_a_person_is_answered_before_the_gateway_gives_up() -> None:
    assert all(cf.timeout(name) < 29 for name in cf.functions() if cf.routes(name))


def test_the_test_clock_is_absent_unless_the_stack_asks_for_it() -> None:
    on_demand = {name for name, found in cf.functions().items() if found.get("Condition") == "TestClockOn"}
    assert on_demand == {"set_test_clock", "advance_test_clock"}
    assert cf.resources("AWS::Serverless::LayerVersion")["TestAgreementsLayer"]["Condition"] == "TestClockOn"


def test_production_cannot_have_a_test_clock() -> None:
    template = cf.template()
    assert template["Parameters"]["TestClock"]["Default"] == "off"
    rule = template["Rules"]["NoTestClockInProduction"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}
    assert rule["Assertions"][0]["Assert"] == {"Fn::Equals": [{"Ref": "TestClock"}, "off"]}
    assert {"Fn::Not": [{"Condition": "IsProduction"}]} in template["Conditions"]["TestClockOn"]["Fn::And"]


# --- what the code reads ----------------------------------------------------------------------------------


def _variables_of_settings() -> dict[str, set[str]]:
    """The variables that each property of Settings reads."""
    tree = ast.parse((CORE / "settings.py").read_text())
    (settings,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings"]
    found = {}
    for method in settings.body:
        if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
            constants = (node.value for node in ast.walk(method) if isinstance(node, ast.Constant))
            texts = {text for text in constants if isinstance(text, str)}
            found[method.name] = {text for text in texts if re.fullmatch("[A-Z_]+", text)}
    # Which machine depends on the argument: see the test of what may be started.
    found["machine_arn"] = set()
    return found


def _variables_of_factories() -> dict[str, set[str]]:
    """The variables that each factory of bootstrap reads, by itself or through the factories it calls."""
    read = _variables_of_settings()
    tree = ast.parse((CORE / "bootstrap.py").read_text())
    factories = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    direct: dict[str, set[str]] = {}
    calls: dict[str, set[str]] = {}
    for name, factory in factories.items():
        attributes = {
            node.attr
            for node in ast.walk(factory)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Name)
            and node.value.func.id == "settings"
        }
        made = [node for node in ast.walk(factory) if isinstance(node, ast.Call)]
        direct[name] = set().union(*(read.get(attribute, set()) for attribute in attributes))
        # What only one function needs is read by its name, without a property of Settings.
        direct[name] |= {
            str(call.args[0].value)
            for call in made
            if isinstance(call.func, ast.Name)
            and call.func.id == "_variable"
            and isinstance(call.args[0], ast.Constant)
        }
        called = {call.func.id for call in made if isinstance(call.func, ast.Name)}
        calls[name] = called & set(factories)

    def closure(name: str, seen: frozenset[str] = frozenset()) -> set[str]:
        deeper = (closure(other, seen | {name}) for other in calls[name] - seen - {name})
        return direct[name].union(*deeper)

    return {name: closure(name) for name in factories}


def test_every_variable_that_the_settings_read_is_given_to_some_function() -> None:
    wanted = set().union(*_variables_of_settings().values(), *_variables_of_factories().values())
    given = set().union(*(cf.environment(name) for name in cf.functions()))
    assert wanted <= given


@every_folder
def test_a_function_has_the_variables_that_its_factories_read(name: str) -> None:
    tree = ast.parse((cf.FUNCTIONS / name / "app.py").read_text())
    known = _variables_of_factories()
    attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    named = ((node.value, node.attr) for node in attributes)
    used = {factory for owner, factory in named if isinstance(owner, ast.Name) and owner.id == "bootstrap"}
    wanted = set().union(*(known.get(factory, set()) for factory in used))
    assert wanted - set(NOT_FOR_ALL) <= set(cf.environment(name))


def test_a_function_knows_the_machines_that_it_may_start_and_no_other() -> None:
    for name, found in cf.functions().items():
        startable = [
            target
            for statement in cf.statements(found)
            for target in cf.as_list(statement["Resource"])
            if "states:StartExecution" in cf.as_list(statement["Action"])
        ]
        known = [value for key, value in cf.environment(name).items() if key.endswith("_MACHINE_ARN")]
        assert startable == known, name


def test_functions_that_use_the_tables_may_use_them_and_no_other() -> None:
    for name, found in cf.functions().items():
        reached = {
            target["Fn::GetAtt"][0]
            for statement in cf.statements(found)
            for target in cf.as_list(statement["Resource"])
            if "Fn::GetAtt" in target and target["Fn::GetAtt"][0].endswith("Table")
        }
        given = {value["Ref"] for key, value in cf.environment(name).items() if key.endswith("_TABLE")}
        assert reached == given, name


# --- permissions ------------------------------------------------------------------------------------------


def _resource_text(value: Any) -> str:
    return value if isinstance(value, str) else str(value.get("Fn::Sub", ""))


def test_no_action_is_a_wildcard_without_a_reason() -> None:
    for logical_id, resource in cf.template()["Resources"].items():
        for statement in cf.statements(resource):
            for action in cf.as_list(statement["Action"]):
                assert "*" not in action or (logical_id, action) in WILD_ACTIONS, logical_id


def test_no_resource_is_a_wildcard_without_a_reason() -> None:
    used = set()
    for logical_id, resource in cf.template()["Resources"].items():
        for statement in cf.statements(resource):
            for target in cf.as_list(statement.get("Resource", [])):
                text = _resource_text(target)
                if "*" in text:
                    reasons = {key for key in WIDE if key[0] == logical_id and text.endswith(key[1])}
                    assert reasons, f"{logical_id}: {text}"
                    used |= reasons
    assert used == set(WIDE), "a reason that nobody needs any more"


def test_nothing_may_scan_a_table() -> None:
    actions = {
        action
        for resource in cf.template()["Resources"].values()
        for statement in cf.statements(resource)
        for action in cf.as_list(statement["Action"])
    }
    assert "dynamodb:Scan" not in actions


def test_mail_goes_out_under_the_senders_that_were_agreed_only() -> None:
    senders = [
        statement
        for resource in cf.functions().values()
        for statement in cf.statements(resource)
        if "ses:SendEmail" in cf.as_list(statement["Action"])
    ]
    assert len(senders) == 2
    for statement in senders:
        assert statement["Condition"] == {"StringLike": {"ses:FromAddress": {"Ref": "SenderAddresses"}}}


def test_only_what_erases_may_delete_from_the_tables() -> None:
    # A restoration deletes what came since its backup; old backups are dropped; an owner sends a user away.
    allowed = {
        "change_contact",
        "confirm_contact",
        "manage_users",
        "recover_password",
        "keep_records",
        "erase_tenant",
        "work_on_data",
        "synchronize_records",
        "remove_content",
    }
    for name, found in cf.functions().items():
        for statement in cf.statements(found):
            deletes = {"dynamodb:DeleteItem", "dynamodb:BatchWriteItem"} & set(
                cf.as_list(statement["Action"])
            )
            of_tenants = {"Fn::GetAtt": ["TenantsTable", "Arn"]} in cf.as_list(statement["Resource"])
            # Who closes a ticket takes its line off the list of open ones, and can delete nothing else.
            listed = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["TICKETS#*"]}}
            narrow = statement.get("Condition") == listed
            assert not (deletes and of_tenants) or narrow or name in allowed, name


# --- keeping data, and noticing what goes wrong -----------------------------------------------------------


@pytest.mark.parametrize("logical_id", ["TenantsTable", "DataKey", "FingerprintKey", "UserPool"])
def test_data_outlives_the_stack(logical_id: str) -> None:
    resource = cf.template()["Resources"][logical_id]
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"


def test_the_main_table_can_be_restored_and_not_be_deleted() -> None:
    table = cf.template()["Resources"]["TenantsTable"]["Properties"]
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["DeletionProtectionEnabled"] == {"Fn::If": ["IsLocal", False, True]}
    assert table["SSESpecification"]["SSEEnabled"] is True
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}


def test_the_tenant_of_a_user_is_out_of_the_clients_reach() -> None:
    pool = cf.template()["Resources"]["UserPool"]["Properties"]
    client = cf.template()["Resources"]["UserPoolClient"]["Properties"]
    (attribute,) = pool["Schema"]
    assert attribute["Name"] == "tenant_id"
    assert attribute["Mutable"] is False
    assert client["WriteAttributes"]
    assert not [name for name in client["WriteAttributes"] if name.startswith("custom:")]
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}


def test_the_pool_says_all_five_things_about_passwords() -> None:
    policy = cf.template()["Resources"]["UserPool"]["Properties"]["Policies"]["PasswordPolicy"]
    assert {
        "MinimumLength",
        "RequireLowercase",
        "RequireUppercase",
        "RequireNumbers",
        "RequireSymbols",
    } <= set(policy)


def test_what_is_given_up_lands_in_a_queue_that_rings() -> None:
    watched = {
        dimension["Value"]["Fn::GetAtt"][0]
        for alarm in cf.resources("AWS::CloudWatch::Alarm").values()
        for dimension in alarm["Properties"].get("Dimensions", [])
        if dimension["Name"] == "QueueName"
    }
    assert watched == set(cf.resources("AWS::SQS::Queue"))


def test_every_alarm_tells_somebody() -> None:
    for name, alarm in cf.resources("AWS::CloudWatch::Alarm").items():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": "AlarmTopic"}], name
        assert alarm["Properties"]["AlarmDescription"], name


def test_every_machine_and_every_function_without_a_caller_to_tell_is_watched() -> None:
    def refs(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["Ref"]} if isinstance(value.get("Ref"), str) else set()
            return own.union(*(refs(part) for part in value.values()))
        return set().union(*(refs(part) for part in value)) if isinstance(value, list) else set()

    watched = refs(list(cf.resources("AWS::CloudWatch::Alarm").values()))
    assert set(cf.resources("AWS::Serverless::StateMachine")) <= watched
    alone = {cf.function_id(name) for name in cf.functions() if not cf.routes(name)}
    assert alone - {"AdvanceTestClockFunction", "ReplayPurgesFunction"} <= watched


@pytest.mark.parametrize("name", ["dispatch_stream", "send_notices"])
def test_a_batch_reports_what_failed_and_keeps_the_rest(name: str) -> None:
    (event,) = cf.functions()[name]["Properties"]["Events"].values()
    assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_stream_does_not_stop_at_a_bad_record() -> None:
    (event,) = cf.functions()["dispatch_stream"]["Properties"]["Events"].values()
    properties = event["Properties"]
    assert properties["BisectBatchOnFunctionError"] is True
    assert properties["MaximumRetryAttempts"] > 0
    assert properties["MaximumRecordAgeInSeconds"] == {"Fn::If": ["IsLocal", 60, 3600]}
    assert properties["DestinationConfig"]["OnFailure"]["Type"] == "SQS"


def test_a_notice_is_hidden_for_as_long_as_its_sender_may_need() -> None:
    queue = cf.template()["Resources"]["NoticeQueue"]["Properties"]
    assert queue["VisibilityTimeout"] >= 6 * cf.timeout("send_notices")
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["NoticesFailed", "Arn"]}


def test_every_queue_is_encrypted() -> None:
    assert all(
        queue["Properties"]["SqsManagedSseEnabled"] for queue in cf.resources("AWS::SQS::Queue").values()
    )
