"""``alerta-utec keys`` against the real server."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.client import AlertaUtec, Refused
from tests.e2e.guarded import handshake_status
from tests.support.emulator import clean_environment
from tests.support.server import Server
from tests.support.sign_in import bearer, token
from tests.unit.cli.running import run


def settings(server: Server) -> dict[str, str]:
    """Return the settings of an authority's commands."""
    return {"ALERTA_HTTP_URL": server.http_url, "ALERTA_TOKEN": token("autoridad")}


def keys(server: Server, *arguments: str, status: int = 0) -> str:
    """Run ``alerta-utec keys`` as an authority and return its output."""
    done = run("keys", *arguments, environment=settings(server))
    assert done.exit_code == status, done.output
    return done.output


def listed(server: Server) -> list[dict[str, Any]]:
    """Return all keys."""
    with AlertaUtec(server.http_url, token=token("autoridad")) as alerta:
        return alerta.keys.all()


def test_a_key_is_made_shown_once_listed_and_revoked(guarded: Server) -> None:
    asked = ("--scope", "feed", "--type", "humo", "--days", "2", "--json")
    made = json.loads(keys(guarded, "add", "Pantalla", *asked))

    shown = keys(guarded, "list")
    assert made["keyId"] in shown
    assert "permisos: feed" in shown
    assert "filtro: type: humo" in shown
    assert "vence:" in shown
    assert made["key"] not in shown
    assert handshake_status(guarded, headers=bearer(made["key"])) == 101
    assert "Revocada." in keys(guarded, "revoke", made["keyId"])
    assert handshake_status(guarded, headers=bearer(made["key"])) == 401
    assert "No existe" in keys(guarded, "revoke", made["keyId"], status=1)


def test_a_key_that_cannot_be_shown_is_revoked(guarded: Server) -> None:
    before = listed(guarded)

    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "alerta_utec", "keys", "add", "Sensor", "--scope", "report"],
            env=clean_environment() | settings(guarded),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 1
    assert "Se revocó; repita." in done.stderr
    assert "Traceback" not in done.stderr
    assert listed(guarded) == before


def test_the_client_makes_keys_with_a_rate_and_is_told_what_is_wrong(guarded: Server) -> None:
    with AlertaUtec(guarded.http_url, token=token("autoridad")) as alerta:
        key = alerta.keys.make("Sensor", ["report"], rate={"perSecond": 5, "burst": 7})
        with pytest.raises(Refused) as refused:
            alerta.keys.make("", ["todo"], rate={"perSecond": 0, "burst": 1.5})
        alerta.keys.revoke(key["keyId"])

    assert key["rate"] == {"perSecond": 5, "burst": 7}
    assert {field for field, _ in refused.value.problems} == {
        *("name", "scopes", "rate.perSecond", "rate.burst"),
    }
