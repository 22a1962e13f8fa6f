"""Only the stage ``dev`` is deployed without sign-in, and no stage with invalid settings."""

from pathlib import Path

import pytest

from tests.meta.conftest import package
from tests.support.deployment import DeployFailed, checkout, osls

KEYS = "--param=authJwksUrl=https://ingreso.example.edu/jwks.json"
SECRET = "--param=authSecret=" + "s" * 32
JWT = "--param=auth=jwt"


def _refused(folder: Path, *options: str) -> str:
    with pytest.raises(DeployFailed) as failed:
        osls(checkout(folder / "checkout"), "package", *options)
    return str(failed.value)


@pytest.mark.parametrize("stage", ["prod", "Dev"])
def test_a_stage_other_than_dev_requires_sign_in(tmp_path: Path, stage: str) -> None:
    told = _refused(tmp_path, "--stage", stage)

    assert f"La etapa {stage} necesita inicio de sesión" in told
    assert f"Stage {stage} needs sign-in" in told


def test_dev_is_deployed_without_sign_in_with_a_warning(tmp_path: Path) -> None:
    told = osls(checkout(tmp_path / "checkout"), "package")

    assert "Sin inicio de sesión (auth=off)" in told


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--param=auth=jwd"], "auth"),
        ([JWT], "authJwksUrl"),
        ([JWT, KEYS, SECRET], "authJwksUrl"),
        ([JWT, "--param=authSecret=corto"], "32"),
        ([JWT, "--param=authJwksUrl=http://ingreso.example.edu/jwks.json"], "https"),
    ],
    ids=str,
)
def test_invalid_sign_in_settings_are_not_deployed(
    tmp_path: Path, options: list[str], named: str
) -> None:
    told = _refused(tmp_path, *options)

    # Before it, the command is quoted with its options.
    said = told.partition("Error:")[2]
    assert named in said
    assert "corto" not in said


def test_the_functions_that_read_tokens_have_the_sign_in_settings(tmp_path: Path) -> None:
    options = ["--param=authIssuer=https://ingreso.example.edu/", "--param=authAudience=alerta"]
    packaged = package(tmp_path / "checkout", "--stage", "prod", JWT, KEYS, *options)

    for name, function in packaged.of_type("AWS::Lambda::Function").items():
        variables = function["Properties"]["Environment"]["Variables"]
        assert variables["AUTH"] == "jwt"
        reads = name in ("ConnectLambdaFunction", "HttpLambdaFunction")
        assert ("AUTH_JWKS_URL" in variables) is reads
        assert ("AUTH_SECRET" in variables) is reads
        if reads:
            assert variables["AUTH_JWKS_URL"] == "https://ingreso.example.edu/jwks.json"
            assert variables["AUTH_ISSUER"] == "https://ingreso.example.edu/"
            assert variables["AUTH_AUDIENCE"] == "alerta"
