"""The connection: its form, its test button, and the output of ``airflow providers``."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerta_utec import __version__
from alerta_utec.airflow.provider import get_provider_info
from tests.airflow.conftest import Connect
from tests.support.emulator import free_port
from tests.support.server import Server
from tests.support.sign_in import WITH_SECRET, token

PACKAGE = "alerta-utec-realtime"


def pressed() -> tuple[bool, str]:
    """Press the form's test button, and return its result."""
    from airflow.models import Connection

    return Connection(conn_id="alerta_utec_default", conn_type="alerta_utec").test_connection()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that requires tokens."""
    folder = tmp_path_factory.mktemp("guarded") / "data"
    with Server(folder, environment=WITH_SECRET) as running:
        yield running


def test_the_button_says_that_the_service_answers(server: Server, connect: Connect) -> None:
    connect(host=server.http_url)

    works, message = pressed()

    assert works
    assert message.startswith(f"{server.http_url} responde, en la posición ")
    assert message.endswith("sin inicio de sesión.")


def test_the_button_names_the_tokens_person(guarded: Server, connect: Connect) -> None:
    connect(host="http://127.0.0.1", port=guarded.port, password=token("autoridad", sub="rosa"))

    works, message = pressed()

    assert works
    assert message.endswith("entra como rosa (autoridad).")


@pytest.mark.parametrize("password", [None, "no es un token"])
def test_the_button_reports_a_refused_token(
    guarded: Server, connect: Connect, password: str | None
) -> None:
    connect(host=guarded.http_url, password=password)

    works, message = pressed()

    assert not works
    assert message.startswith("unauthorized: ")


def test_the_button_reports_an_address_without_a_server(connect: Connect) -> None:
    connect(host=f"http://127.0.0.1:{free_port()}")

    assert pressed() == (False, "Connection refused")


@pytest.mark.parametrize("host", [None, "", "alerta.example.edu", "ws://127.0.0.1:8000/dev"])
def test_the_button_reports_a_missing_address(connect: Connect, host: str | None) -> None:
    connect(host=host)

    works, message = pressed()

    assert not works
    assert "necesita en «host» la dirección HTTP" in message


def test_the_form_shows_only_the_fields_that_are_used() -> None:
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    (form,) = (
        each for each in HookMetaService.hook_meta_data() if each.connection_type == "alerta_utec"
    )

    standard = form.standard_fields
    assert form.hook_name == "Alerta UTEC"
    assert (standard.host.title, standard.password.title) == ("Dirección HTTP", "Token")
    assert [standard.url_schema.hidden, standard.login.hidden, standard.port.hidden] == [True] * 3
    assert form.extra_fields.keys() == {"timeout_s", "patience_s"}
    assert form.extra_fields["patience_s"]["value"] == 30


def test_the_metadata_follow_airflows_schema_for_providers() -> None:
    import airflow
    from jsonschema import Draft7Validator

    path = Path(str(airflow.__file__)).with_name("provider.yaml.schema.json")
    schema = json.loads(path.read_text())
    # Airflow requires these keys only from providers in its own repository.
    del schema["required"]

    Draft7Validator(schema).validate(get_provider_info())

    assert schema["additionalProperties"] is False


def test_every_class_in_the_metadata_can_be_imported() -> None:
    from airflow.sdk._shared.module_loading import import_string

    info = get_provider_info()
    kinds = ("hooks", "operators", "sensors", "triggers")
    modules = [name for kind in kinds for each in info[kind] for name in each["python-modules"]]

    for name in modules:
        assert import_string(f"{name}.__doc__")
    for name in [*info["notifications"], info["connection-types"][0]["hook-class-name"]]:
        assert isinstance(import_string(name), type)


def airflow_command(*arguments: str) -> Any:
    """Run the ``airflow`` command, and return its output, decoded from JSON."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("airflow")), *arguments, "--output", "json"],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
        env=os.environ,
    )
    return json.loads(done.stdout[done.stdout.index("[") :])


def test_the_airflow_command_shows_the_provider_and_its_connection_type() -> None:
    listed = airflow_command("providers", "list")
    shown = airflow_command("providers", "get", PACKAGE, "--full")

    (entry,) = (each for each in listed if each["package_name"] == PACKAGE)
    assert entry["version"] == __version__
    (kind,) = shown[0]["connection-types"]
    assert kind["connection-type"] == "alerta_utec"
    assert kind["hook-class-name"] == "alerta_utec.airflow.hook.AlertaUtecHook"
