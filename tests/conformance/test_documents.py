"""The service's documents of itself: complete, valid, and sufficient to start with."""

import re
from typing import Any

from jsonschema import Draft202012Validator

from alerta_utec.deployments.routes import HEAD_KEYS, HTTP_ROUTE_KEYS
from alerta_utec.handlers.routes import ACTIONS
from tests.conformance.targets import Target

# The documents describe neither themselves nor pages for people.
UNLISTED = {"GET /openapi.json", "GET /asyncapi.json", "GET /docs"}
UNLISTED |= {"GET /", "GET /panel/{file}", *HEAD_KEYS}


def references(document: Any) -> set[str]:
    """Return every ``$ref`` in a document."""
    if isinstance(document, list):
        return set().union(*map(references, document)) if document else set()
    if not isinstance(document, dict):
        return set()
    own = {document["$ref"]} if isinstance(document.get("$ref"), str) else set()
    return own.union(*map(references, document.values())) if document else own


def resolve(document: Any, reference: str) -> Any:
    """Return the target of a local reference."""
    for step in reference.removeprefix("#/").split("/"):
        document = document[step.replace("~1", "/").replace("~0", "~")]
    return document


def test_every_route_is_in_the_openapi_document_and_no_other(target: Target) -> None:
    document = target.documents.openapi

    routes = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert document["openapi"].startswith("3.1.")
    assert routes == set(HTTP_ROUTE_KEYS) - UNLISTED


def test_every_action_is_in_the_asyncapi_document_and_no_other(target: Target) -> None:
    document = target.documents.asyncapi

    received = {name for name, one in document["operations"].items() if one["action"] == "receive"}
    assert document["asyncapi"].startswith("3.0.")
    assert received == set(ACTIONS)
    server = document["servers"]["main"]
    assert f"{server['protocol']}://{server['host']}{server['pathname']}" == target.ws_url


def test_every_reference_leads_somewhere_and_every_schema_is_one(target: Target) -> None:
    for document in (target.documents.asyncapi, target.documents.openapi):
        for reference in references(document):
            assert resolve(document, reference)
        for schema in document["components"]["schemas"].values():
            Draft202012Validator.check_schema(schema)


def test_every_example_is_valid(target: Target) -> None:
    for document in (target.documents.asyncapi, target.documents.openapi):
        examples = [
            (schema, example)
            for schema in document["components"]["schemas"].values()
            for example in schema.get("examples", ())
        ]
        examples += [
            (message["payload"], example["payload"])
            for message in document["components"].get("messages", {}).values()
            for example in message["examples"]
        ]

        assert examples
        for schema, example in examples:
            root = {"components": document["components"], "allOf": [schema]}
            Draft202012Validator(root).validate(example)


def test_every_example_of_a_message_is_accepted_by_the_service(target: Target) -> None:
    messages = target.documents.asyncapi["components"]["messages"]
    with target.connect() as client:
        answers = {
            name: client.request(messages[name]["examples"][0]["payload"]) for name in ACTIONS
        }

    taken = {name: answer["type"] for name, answer in answers.items() if name != "update"}
    assert taken == {"notify": "ack", "subscribe": "ack", "ping": "pong", "sync": "sync"}
    assert answers["update"]["code"] == "not_found"


def test_the_configuration_names_the_socket_for_front_ends(target: Target) -> None:
    config = target.get("/config.json").json()

    with target.connect(url=config["webSocketUrl"]) as client:
        pong = client.ping()

    assert pong["type"] == "pong"
    assert config["auth"] in ("off", "jwt")
    assert config["roles"] == ["estudiante", "personal", "autoridad"]


def test_the_docs_page_fetches_nothing_from_other_hosts(target: Target) -> None:
    answer = target.get("/docs")

    assert answer.status == 200
    assert answer.headers["content-type"].split(";")[0] == "text/html"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]
    page = answer.body.decode()
    assert "SwaggerUIBundle" in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page.split("<script>")[0])
