"""The modules that a handler's import loads: a cold start pays for each of them."""

import pytest

from benchmarks.cold_start import SETTINGS
from tests.support.emulator import ROOT
from tests.support.fresh_python import printed_json

# The kernel's table of routes needs nothing, and that of the whole API only the wings' tables.
ROUTES_LOAD = {
    "alerta_utec.handlers.routes": {"alerta_utec", "alerta_utec.handlers"},
    "alerta_utec.deployments.routes": {
        *("alerta_utec", "alerta_utec.deployments"),
        *("alerta_utec.handlers", "alerta_utec.handlers.routes"),
        *("alerta_utec.cap", "alerta_utec.cap.routes"),
        *("alerta_utec.webhooks", "alerta_utec.webhooks.routes"),
        *("alerta_utec.sign_in", "alerta_utec.sign_in.routes"),
    },
}
NEVER_ON_LAMBDA = {
    *("aiohttp", "uvloop", "apprise", "click", "sqlite3", "websockets", "boto3"),
    *("alerta_utec.gateway", "alerta_utec.client", "alerta_utec.cli"),
    "alerta_utec.adapters.sqlite",
    *("alerta_utec.deployments.local.service", "alerta_utec.deployments.handlers"),
}
JWT = "jwt"
HTTP_ONLY = "aws_lambda_powertools.event_handler"
# Opens and closes connections, and knows no incident.
NO_INCIDENTS = {
    *(HTTP_ONLY, JWT, "cryptography", "pydantic", "pydantic_core", "boto3"),
    *("alerta_utec.domain.incident", "alerta_utec.handlers.websocket"),
    "alerta_utec.adapters.aws.connections_api.http",
}
# Only the functions of webhooks load these.
WEBHOOKS = {
    *("alerta_utec.webhooks.model", "alerta_utec.webhooks.requests"),
    *("alerta_utec.webhooks.ports", "alerta_utec.webhooks.delivery"),
    *("alerta_utec.webhooks.events", "alerta_utec.webhooks.manage"),
    *("alerta_utec.webhooks.sender", "alerta_utec.webhooks.aws.registry"),
    *("alerta_utec.webhooks.aws.jobs", "alerta_utec.webhooks.http"),
    *("alerta_utec.webhooks.enqueue", "alerta_utec.webhooks.due_jobs"),
    *("alerta_utec.webhooks.overdue", "alerta_utec.webhooks.job"),
}
OF_WEBHOOKS = {"webhookapi", "webhooks", "webhook", "remind"}
# Only ``webhookapi`` loads these.
MANAGING_WEBHOOKS = {
    *("alerta_utec.webhooks.requests", "alerta_utec.webhooks.manage"),
    "alerta_utec.webhooks.http",
}
FORBIDDEN = {
    "connect": NO_INCIDENTS,
    "disconnect": NO_INCIDENTS,
    "notify_incident": {HTTP_ONLY, "alerta_utec.app.broadcast", "alerta_utec.notifications.email"},
    "ping": {
        HTTP_ONLY,
        "alerta_utec.app.broadcast",
        "alerta_utec.adapters.aws.connections_api.poster",
    },
    "sync": {
        HTTP_ONLY,
        "alerta_utec.app.broadcast",
        "alerta_utec.adapters.aws.connections_api.poster",
    },
    "update_incident": {
        HTTP_ONLY,
        "alerta_utec.app.broadcast",
        "alerta_utec.notifications.email",
        JWT,
    },
    "subscribe": {
        HTTP_ONLY,
        "alerta_utec.app.broadcast",
        "alerta_utec.adapters.aws.dynamodb.commit",
        JWT,
    },
    "default": {HTTP_ONLY, "boto3", "botocore.session", "alerta_utec.adapters.aws"},
    "http_api": {
        *("alerta_utec.app.broadcast", "alerta_utec.adapters.aws.connections_api.poster"),
        *("alerta_utec.handlers.panel", "alerta_utec.handlers.openapi"),
    },
    "webhookapi": {
        *("alerta_utec.app.broadcast", "alerta_utec.adapters.aws.connections_api.poster"),
        *("alerta_utec.handlers.panel", "alerta_utec.handlers.openapi", "alerta_utec.cap"),
    },
    "signinapi": {
        *("alerta_utec.app.broadcast", "alerta_utec.app.submit", "alerta_utec.handlers.panel"),
        "alerta_utec.handlers.openapi",
    },
    "broadcast": {
        *(HTTP_ONLY, JWT, "alerta_utec.adapters.aws.dynamodb.commit", "alerta_utec.app.submit"),
        "alerta_utec.notifications.email",
    },
    "fanout": {
        *(
            HTTP_ONLY,
            JWT,
            "alerta_utec.adapters.aws.dynamodb.commit",
            "alerta_utec.adapters.aws.dynamodb.listing",
        ),
        *("alerta_utec.app.submit", "alerta_utec.notifications.email"),
    },
    "relay": {
        *(HTTP_ONLY, JWT, "pydantic", "pydantic_core", "alerta_utec.domain.incident"),
        *("alerta_utec.app", "alerta_utec.notifications"),
    },
    "alarm": {
        *(HTTP_ONLY, JWT, "alerta_utec.adapters.aws.dynamodb.commit", "alerta_utec.app.submit"),
        *("alerta_utec.app.broadcast", "alerta_utec.adapters.aws.connections_api.http"),
    },
    "webhooks": {
        *(HTTP_ONLY, JWT, "alerta_utec.adapters.aws.dynamodb.commit", "alerta_utec.app.broadcast"),
        *("alerta_utec.webhooks.sender", "alerta_utec.webhooks.delivery"),
        *("alerta_utec.webhooks.due_jobs", "alerta_utec.webhooks.aws.leases"),
        *MANAGING_WEBHOOKS,
    },
    "webhook": {
        *(HTTP_ONLY, JWT, "alerta_utec.adapters.aws.dynamodb.commit", "alerta_utec.app.broadcast"),
        *MANAGING_WEBHOOKS,
    },
    "remind": {
        *(HTTP_ONLY, JWT, "alerta_utec.adapters.aws.dynamodb.commit", "alerta_utec.app.broadcast"),
        *("alerta_utec.webhooks.sender", "alerta_utec.webhooks.delivery"),
        *MANAGING_WEBHOOKS,
    },
    "subscriptions": {
        *(HTTP_ONLY, JWT, "alerta_utec.adapters.aws.dynamodb.commit", "alerta_utec.app.broadcast"),
        "alerta_utec.app.submit",
    },
}


def loaded(module: str) -> set[str]:
    """Return the modules that a new process has loaded after importing ``module``."""
    code = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
    return set(printed_json(code, environment=SETTINGS))


@pytest.mark.parametrize("table", ROUTES_LOAD)
def test_a_table_of_routes_loads_only_tables_of_routes(table: str) -> None:
    ours_and_others = {
        name
        for name in loaded(table) - loaded("dataclasses, typing")
        if not name.startswith("__editable__")
    }

    assert ours_and_others == ROUTES_LOAD[table] | {table}


@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_a_lambda_loads_only_what_its_handler_needs(name: str) -> None:
    modules = loaded(f"src.{name}")

    others = set() if name in OF_WEBHOOKS else WEBHOOKS
    assert not modules & (NEVER_ON_LAMBDA | FORBIDDEN[name] | others)


def test_every_lambda_file_has_an_import_budget() -> None:
    files = {path.stem for path in (ROOT / "src").glob("*.py")} - {"__init__", "utils"}

    assert files == FORBIDDEN.keys()
