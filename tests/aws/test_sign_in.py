"""People who sign in to a deployment: an incident's life by three roles, and a token's end."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus

from tests.conformance.targets import http_request
from tests.support.deployment import STACK, DeployFailed, Deployment
from tests.support.emulator import REGION, ROOT, Emulator
from tests.support.eventually import eventually
from tests.support.incidents import incident
from tests.support.sign_in import AUDIENCE, ISSUER, SECRET, bearer, now_s, token
from tests.support.wsclient import WsClient

LEEWAY_S = 30
DEPLOYER_POLICY = ROOT / "deploy" / "deployer-policy.json"
SIGN_IN = {"auth": "jwt", "authSecret": SECRET, "authIssuer": ISSUER, "authAudience": AUDIENCE}
PORTAL = "https://portal.example.edu"
SECRET_NAME = f"{STACK}/prod/authSecret"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Yield the stage ``prod``, which requires sign-in; the documented policy deploys it."""
    folder = tmp_path_factory.mktemp("prod") / "checkout"
    with Emulator(enforce_iam=True) as emulator:
        stage = Deployment(emulator, folder, stage="prod").deploy_as(DEPLOYER_POLICY.read_text())
        yield stage.create(**SIGN_IN, origins=PORTAL)


def shown(deployment: Deployment, name: str, role: str) -> dict[str, Any]:
    """Return the incident with its history, as a role sees it."""
    url = f"{deployment.http_url}/incidents/{name}"
    return dict(http_request("GET", url, None, bearer(token(role))).json())


def test_a_connection_without_a_valid_token_is_refused(guarded: Deployment) -> None:
    for headers in ({}, bearer("a.b.c"), bearer(token(aud="otra"))):
        with pytest.raises(InvalidStatus):
            WsClient(guarded.ws_url, headers=headers)
        answer = http_request("GET", f"{guarded.http_url}/incidents", None, headers)
        assert (answer.status, answer.json()["code"]) == (401, "unauthorized")
    assert http_request("GET", f"{guarded.http_url}/config.json").json()["auth"] == "jwt"


def test_with_a_list_of_origins_its_pages_and_the_services_own_open_sockets(
    guarded: Deployment,
) -> None:
    signed = bearer(token("personal"))
    own = f"https://{guarded.outputs['HttpApiId']}.execute-api.{REGION}.amazonaws.com"

    for page in (PORTAL, own):
        with WsClient(guarded.ws_url, headers=signed | {"Origin": page}) as client:
            assert client.ping()["type"] == "pong"
    with pytest.raises(InvalidStatus):
        WsClient(guarded.ws_url, headers=signed | {"Origin": "https://evil.example"})


def test_three_roles_take_an_incident_from_report_to_resolution(guarded: Deployment) -> None:
    people = {"estudiante": "ana", "personal": "luis", "autoridad": "rosa"}
    with ExitStack() as stack:
        student, staff, boss = (
            stack.enter_context(WsClient(f"{guarded.ws_url}?token={token(role, sub=sub)}"))
            for role, sub in people.items()
        )
        name = student.notify(incident(incidentId=str(uuid4())))["incidentId"]
        change = {"action": "update", "incidentId": name}
        refused = [
            student.request({**change, "status": "resuelto"}),
            staff.request({**change, "urgency": "high"}),
        ]
        staff.request({**change, "status": "en_atencion", "note": "Voy"})
        body = json.dumps({"urgency": "high"}).encode()
        patched = http_request(
            "PATCH",
            f"{guarded.http_url}/incidents/{name}",
            body,
            bearer(token("autoridad", sub="rosa")),
        )
        done = staff.request({**change, "status": "resuelto"})
        told = {client: client.wait_update(name)["incident"] for client in (student, staff, boss)}

    assert [answer["code"] for answer in refused] == ["forbidden", "forbidden"]
    assert patched.status == 200
    assert done["revision"] == 4
    assert [told[c].get("reportedBy") for c in (student, staff, boss)] == [None, "ana", "ana"]
    whole, nameless = shown(guarded, name, "personal"), shown(guarded, name, "estudiante")
    assert [entry["by"] for entry in whole["history"]] == ["ana", "luis", "rosa", "luis"]
    assert not [entry for entry in nameless["history"] if "by" in entry]
    assert whole["incident"]["reportedBy"] == "ana"
    assert "reportedBy" not in nameless["incident"]


def test_a_connection_with_an_expired_token_is_refused_and_swept(guarded: Deployment) -> None:
    ends_in_s = 4
    made = token("autoridad", exp=now_s() - LEEWAY_S + ends_in_s)
    functions = guarded.client("lambda")
    with WsClient(guarded.ws_url, headers=bearer(made)) as client:
        client.ping()

        refusal = eventually(
            lambda: client.ping() if client.ping().get("code") else None, "a refusal"
        )
        minute = json.dumps({"time": "2026-11-30T19:01:00Z"})
        answer = functions.invoke(FunctionName=guarded.function("broadcast"), Payload=minute)
        result = json.loads(answer["Payload"].read())
        client.wait_closed()

    assert refusal["code"] == "unauthorized"
    assert (result["closed"], result["failed"]) == (1, 0)


def test_the_secret_is_in_secrets_manager_and_nowhere_else(guarded: Deployment) -> None:
    functions = guarded.client("lambda").list_functions()["Functions"]
    template = guarded.client("cloudformation").get_template(StackName=f"{STACK}-prod")
    s3, bucket = guarded.client("s3"), guarded.outputs["ServerlessDeploymentBucketName"]
    uploaded = {
        one["Key"]: s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
        for one in s3.list_objects_v2(Bucket=bucket)["Contents"]
    }
    secrets = guarded.client("secretsmanager")
    stored = secrets.get_secret_value(SecretId=SECRET_NAME)

    assert stored["SecretString"] == SECRET
    assert any(key.endswith("serverless-state.json") for key in uploaded)
    assert [key for key, content in uploaded.items() if SECRET.encode() in content] == []
    assert SECRET not in json.dumps([functions, template["TemplateBody"]])


def test_another_secret_takes_effect_and_a_package_goes_back(guarded: Deployment) -> None:
    url, old = f"{guarded.http_url}/incidents", bearer(token("personal"))

    guarded.run("package", *guarded.options(**SIGN_IN), "--package", "anterior")
    guarded.deploy(**SIGN_IN | {"authSecret": "otro-" * 8})
    refused = http_request("GET", url, None, old)
    guarded.run("deploy", "--package", "anterior")
    accepted = http_request("GET", url, None, old)

    assert refused.status == 401
    assert accepted.status == 200


def test_a_package_whose_secret_is_not_stored_is_not_deployed(guarded: Deployment) -> None:
    never = SIGN_IN | {"authSecret": "nunca-" * 8}
    guarded.run("package", *guarded.options(**never), "--package", "nunca")

    with pytest.raises(DeployFailed, match=r"no está en Secrets Manager.*is not in Secrets"):
        guarded.run("deploy", "--package", "nunca")

    answer = http_request("GET", f"{guarded.http_url}/me", None, bearer(token("personal")))
    assert answer.status == 200
