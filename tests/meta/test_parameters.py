"""The parameters of a deployment: what each accepts, and when the others are refused."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.adapters.jwt_tokens import SECRET_MIN_BYTES
from tests.support.deployment import DeployFailed, checkout, osls
from tests.support.emulator import ROOT

SECRET = "s" * SECRET_MIN_BYTES
KEYS = "https://ingreso.example.edu/jwks.json"
# Resolves the parameters of each request in turn, as the framework does.
DRIVER = """
const { PARAMETERS, parameters } = require('./deploy/parameters');
(async () => {
  const [defaults, requests] = JSON.parse(require('fs').readFileSync(0));
  const problems = [];
  for (const { stage, ...given } of requests) {
    const values = { ...defaults, ...given };
    const resolveVariable = async (name) =>
      name === 'sls:stage' ? stage || 'dev' : values[name.replace('param:', '')];
    const options = { param: Object.entries(given).map(([name, value]) => `${name}=${value}`) };
    const resolveConfigurationProperty = async () => 'us-east-1';
    const osls = { options, resolveConfigurationProperty, resolveVariable };
    problems.push((await parameters(osls)).problems);
  }
  console.log(JSON.stringify({ names: Object.keys(PARAMETERS), problems }));
})();
"""
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
DOMAIN = {"domain": "alerta.example.edu", "certificateArn": CERTIFICATE}
JWT = {"auth": "jwt", "authJwksUrl": KEYS}

GOOD: list[dict[str, str]] = [
    {},
    {"email": "guardia@example.edu"},
    {"operatorsEmail": "sistemas@example.edu"},
    *({"mailLimit": limit} for limit in ("1", "3600")),
    *({"mailWindow": window} for window in ("0", "3600")),
    *({"timezone": zone} for zone in ("UTC", "Etc/GMT+5", "US/Eastern", "America/Lima")),
    *({"timezone": zone} for zone in ("America/Argentina/Buenos_Aires", "America/Port_of_Spain")),
    *({"lang": lang} for lang in ("es", "en")),
    *({"dataPolicy": policy} for policy in ("RetainExceptOnCreate", "Retain", "Delete")),
    {"managementEndpoint": "http://127.0.0.1:4566/_aws/execute-api/${WebsocketsApi}/dev"},
    {"panelUrl": "https://alerta.example.edu/panel"},
    {"packageTarget": "host"},
    JWT,
    JWT | {"stage": "prod"},
    {"auth": "jwt", "authJwksUrl": "http://127.0.0.1:9000/jwks.json"},
    {"auth": "jwt", "authSecret": SECRET},
    {"auth": "jwt", "authSecret": "ñ" * (SECRET_MIN_BYTES // 2)},
    JWT | {"authIssuer": "https://ingreso.example.edu/", "authAudience": "alerta"},
    JWT | {"authRoleClaim": "cognito:groups"},
    {"origins": "*"},
    {"origins": "https://portal.example.edu,http://localhost:3000"},
    {"webhookAllowPrivate": "true"},
    {"webhookAllowPrivate": "loopback", "packageTarget": "host"},
    *({"maximumConcurrency": count} for count in ("2", "1000")),
    *({"reservedConcurrency": count} for count in ("0", "50")),
    DOMAIN,
    DOMAIN | {"socketDomain": "sockets.example.edu"},
]
# Each with the name that its problem begins with.
BAD: list[tuple[dict[str, str], str]] = [
    ({"orgins": "*"}, "orgins"),
    ({"Email": "guardia@example.edu"}, "Email"),
    *(({"email": text}, "email") for text in ("nobody", "a@b@example.edu", "a b@example.edu")),
    *(({"operatorsEmail": text}, "operatorsEmail") for text in ("nobody", "a@b@example.edu")),
    *(({"mailLimit": text}, "mailLimit") for text in ("0", "3601", "-1", "1.5", "1e3", "veinte")),
    *(({"mailWindow": text}, "mailWindow") for text in ("-1", "3601", "")),
    *(({"timezone": text}, "timezone") for text in ("Lima", "america/lima", "America/lima", "")),
    *(({"timezone": text}, "timezone") for text in ("+05:00", "America/../Lima", "PET8")),
    *(({"lang": text}, "lang") for text in ("pt", "ES", "")),
    *(({"dataPolicy": text}, "dataPolicy") for text in ("delete", "Snapshot", "")),
    *(({"managementEndpoint": text}, "managementEndpoint") for text in ("", "wss://a.example/dev")),
    ({"managementEndpoint": "https://a.example/dev/"}, "managementEndpoint"),
    *(({"panelUrl": text}, "panelUrl") for text in ("alerta.example.edu", "https://a.example/")),
    ({"packageTarget": "arm64"}, "packageTarget"),
    *(({"auth": text}, "auth=") for text in ("jwd", "", "JWT")),
    ({"auth": "jwt", "authJwksUrl": "http://ingreso.example.edu/jwks.json"}, "authJwksUrl"),
    ({"auth": "jwt", "authSecret": SECRET[1:]}, "authSecret:"),
    (JWT | {"authRoleClaim": ""}, "authRoleClaim"),
    *(({"origins": text}, "origins") for text in ("", "portal.example.edu", "https://a.example/")),
    *(({"origins": text}, "origins") for text in ("https://a.example, https://b.example", "*,*")),
    *(({"origins": text}, "origins") for text in ("https://A.example", "https://a.example,")),
    *(({"webhookAllowPrivate": text}, "webhookAllow") for text in ("yes", "True", "1", "")),
    *(({"maximumConcurrency": text}, "maximumConc") for text in ("1", "1001", "dos", "")),
    *(({"reservedConcurrency": text}, "reservedConc") for text in ("-1", "10001", "dos", "")),
    *((DOMAIN | {"domain": text}, "domain=") for text in ("https://a.example", "a.example/b", "a")),
    *((DOMAIN | {"domain": text}, "domain=") for text in ("A.example", "-a.example", "a.example.")),
    (DOMAIN | {"socketDomain": "wss://ws.example.edu"}, "socketDomain="),
    (DOMAIN | {"certificateArn": "12345678-1234"}, "certificateArn="),
    ({"webhookAllowPrivate": "loopback"}, "webhookAllowPrivate=loopback"),
    ({"domain": "alerta.example.edu"}, "domain y certificateArn"),
    ({"certificateArn": CERTIFICATE}, "domain y certificateArn"),
    ({"socketDomain": "ws.example.edu"}, "socketDomain es otro nombre"),
    (DOMAIN | {"socketDomain": DOMAIN["domain"]}, "socketDomain es otro nombre"),
    (DOMAIN | {"certificateArn": CERTIFICATE.replace("us-", "eu-")}, "el certificado"),
    ({"auth": "jwt"}, "auth=jwt"),
    (JWT | {"authSecret": SECRET}, "auth=jwt"),
    ({"authJwksUrl": KEYS}, "authJwksUrl y authSecret"),
    ({"authSecret": SECRET}, "authJwksUrl y authSecret"),
    ({"stage": "prod"}, "La etapa prod necesita inicio de sesión"),
    ({"stage": "Dev"}, "La etapa Dev necesita inicio de sesión"),
]


def resolve(service: dict[str, Any], requests: list[dict[str, str]]) -> Any:
    """Return the names of the parameters, and the problems of each request."""
    done = subprocess.run(
        ["node", "-e", DRIVER],
        cwd=ROOT,
        input=json.dumps([service["params"]["default"], requests]),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)


def test_values_that_work_are_accepted(service: dict[str, Any]) -> None:
    problems = resolve(service, GOOD)["problems"]

    assert [(given, found) for given, found in zip(GOOD, problems, strict=True) if found] == []


def test_a_value_that_cannot_work_is_refused_in_both_languages(service: dict[str, Any]) -> None:
    problems = resolve(service, [given for given, _ in BAD])["problems"]

    for (given, named), found in zip(BAD, problems, strict=True):
        assert len(found) == 1, (given, found)
        assert found[0].startswith(named), (given, found)
        assert " / " in found[0] or " | " in found[0], found


def test_a_refused_secret_is_not_shown(service: dict[str, Any]) -> None:
    (problems,) = resolve(service, [{"auth": "jwt", "authSecret": "corto"}])["problems"]

    assert "corto" not in str(problems)


def test_every_parameter_has_a_check_a_default_and_its_documents(service: dict[str, Any]) -> None:
    names = set(resolve(service, [])["names"])

    assert names == set(service["params"]["default"])
    head = (ROOT / "serverless.yml").read_text().partition("\nservice:")[0]
    for name in names - {"routes"}:
        assert re.search(rf"\b{name}\b", head), name
        for page in ("operations.md", "operations.es.md"):
            lines = (ROOT / "docs" / page).read_text().splitlines()
            assert any(line.startswith("|") and f"`{name}`" in line for line in lines), (name, page)


def test_a_deployment_lists_every_problem_and_creates_nothing(tmp_path: Path) -> None:
    copy = checkout(tmp_path / "checkout")
    options = ("--stage=prod", "--param=mailLimit=0", "--param=orgins=*", "--param=rules=no.yml")

    with pytest.raises(DeployFailed) as failed:
        osls(copy, "package", *options)

    told = str(failed.value).partition("Error:")[2]
    assert "no se creó ni cambió nada. / Some parameters are no good; nothing was created" in told
    for named in ("orgins:", 'mailLimit="0":', "La etapa prod", "no es un archivo .yml que exista"):
        assert named in told
    assert not (copy / ".serverless").exists()


@pytest.mark.parametrize(
    "options", [("--stage=proof",), ("--stage=prueba", "--param=dataPolicy=Delete")]
)
def test_no_other_stage_is_deployed_without_sign_in(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    with pytest.raises(DeployFailed, match="needs sign-in"):
        osls(checkout(tmp_path / "checkout"), "package", *options)


def test_dev_is_deployed_without_sign_in_with_a_warning(tmp_path: Path) -> None:
    told = osls(checkout(tmp_path / "checkout"), "package")

    assert "Sin inicio de sesión (auth=off)" in told
    assert "Without sign-in (auth=off)" in told
