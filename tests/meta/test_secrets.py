"""A secret among the parameters is in no file that a deployment makes."""

import zipfile
from pathlib import Path

import pytest

from tests.meta.conftest import Packaged, package

SECRET = "este-secreto-no-debe-quedar-escrito-en-ninguna-parte"
JWT = ("--stage=prod", "--param=auth=jwt")


def packaged_with(folder: Path, secret: str) -> Packaged:
    """Package the stage ``prod`` with a secret."""
    return package(folder / "checkout", *JWT, f"--param=authSecret={secret}")


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """The stage ``prod`` with ``SECRET``."""
    return packaged_with(tmp_path_factory.mktemp("signed"), SECRET)


def references(packaged: Packaged) -> set[str]:
    """Return what the functions know of the secret."""
    functions = packaged.of_type("AWS::Lambda::Function").values()
    variables = (one["Properties"]["Environment"]["Variables"] for one in functions)
    return {one["AUTH_SECRET_ID"] for one in variables if "AUTH_SECRET_ID" in one}


def test_the_value_of_a_secret_is_in_no_file_of_a_package(signed: Packaged) -> None:
    made = [path for path in (signed.checkout / ".serverless").rglob("*") if path.is_file()]

    holding = [path.name for path in made if SECRET.encode() in path.read_bytes()]
    with zipfile.ZipFile(signed.zip_path) as archive:
        holding += [name for name in archive.namelist() if SECRET.encode() in archive.read(name)]

    assert {"serverless-state.json", "cloudformation-template-update-stack.json"} <= {
        path.name for path in made
    }
    assert holding == []


def test_the_functions_that_read_tokens_have_a_reference_to_the_secret(signed: Packaged) -> None:
    (reference,) = references(signed)

    name, _, version = reference.partition(":")
    assert name == "alerta-utec-realtime/prod/authSecret"
    assert len(version) == 32


def test_another_value_is_another_version(signed: Packaged, tmp_path: Path) -> None:
    other = packaged_with(tmp_path, SECRET + "!")

    assert references(other) != references(signed)


def test_only_those_functions_may_read_it(signed: Packaged) -> None:
    allowed = {
        name: statement["Resource"]["Fn::Sub"].rpartition(":")[2]
        for name, role in signed.of_type("AWS::IAM::Role").items()
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "secretsmanager:GetSecretValue"
    }

    own = "alerta-utec-realtime/prod/authSecret-??????"
    readers_of_tokens = ("ConnectRole", "HttpRole", "WebhookapiRole", "SigninapiRole")
    assert allowed == dict.fromkeys(readers_of_tokens, own)
    readers = {
        function["Properties"]["Role"]["Fn::GetAtt"][0]
        for function in signed.of_type("AWS::Lambda::Function").values()
        if "AUTH_SECRET_ID" in function["Properties"]["Environment"]["Variables"]
    }
    assert readers == set(allowed)
