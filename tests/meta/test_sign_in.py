"""The settings of sign-in, in the functions that read tokens."""

from pathlib import Path

from tests.meta.conftest import package

KEYS = "--param=authJwksUrl=https://ingreso.example.edu/jwks.json"
JWT = "--param=auth=jwt"


def test_the_functions_that_read_tokens_have_the_sign_in_settings(tmp_path: Path) -> None:
    options = ["--param=authIssuer=https://ingreso.example.edu/", "--param=authAudience=alerta"]
    packaged = package(tmp_path / "checkout", "--stage", "prod", JWT, KEYS, *options)

    for name, function in packaged.of_type("AWS::Lambda::Function").items():
        variables = function["Properties"]["Environment"]["Variables"]
        assert variables["AUTH"] == "jwt"
        function_name = name.removesuffix("LambdaFunction")
        reads = function_name in ("Connect", "Http", "Webhookapi", "Signinapi")
        assert ("AUTH_JWKS_URL" in variables) is reads
        assert ("AUTH_SECRET_ID" in variables) is reads
        if reads:
            assert variables["AUTH_JWKS_URL"] == "https://ingreso.example.edu/jwks.json"
            assert variables["AUTH_ISSUER"] == "https://ingreso.example.edu/"
            assert variables["AUTH_AUDIENCE"] == "alerta"
