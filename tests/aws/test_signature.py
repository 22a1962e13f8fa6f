"""The request that subscribes an address, against another SDK's signature of it."""

import json
import subprocess
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.emulator import ROOT

URL = "https://sns.sa-east-1.amazonaws.com"
REGION = "sa-east-1"
BODY = "Action=Subscribe&Endpoint=qui%C3%A9n%2Balarmas%40example.org"
SIGN = """
const [url, body, region, credentials] = JSON.parse(process.argv[1]);
const { requireFrom, signed } = require('./deploy/sdk.js');
const config = { region, credentials: async () => credentials };
const form = { 'content-type': 'application/x-www-form-urlencoded' };
signed(requireFrom('./node_modules/osls'), config, 'sns', new URL(url), form, body)
  .then(({ headers }) => console.log(JSON.stringify(headers)));
"""


@pytest.mark.parametrize("token", [None, "a+session/token=="])
def test_a_request_is_signed_as_the_sdk_signs_it(token: str | None) -> None:
    credentials = {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "secret", "sessionToken": token}

    headers = _signed(URL, BODY, REGION, credentials)

    assert headers["authorization"] == _as_the_sdk(headers, token)
    assert headers.get("x-amz-security-token") == token


def _signed(*arguments: Any) -> dict[str, str]:
    done = subprocess.run(
        ["node", "-e", SIGN, json.dumps(arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    headers: dict[str, str] = json.loads(done.stdout)
    return headers


def _as_the_sdk(headers: dict[str, str], token: str | None) -> str:
    auth = SigV4Auth(Credentials("AKIDEXAMPLE", "secret", token), "sns", REGION)
    unsigned = {name: value for name, value in headers.items() if name != "authorization"}
    request = AWSRequest(method="POST", url=URL, data=BODY, headers=unsigned)
    request.context["timestamp"] = headers["x-amz-date"]
    to_sign = auth.string_to_sign(request, auth.canonical_request(request))
    names = auth.signed_headers(auth.headers_to_sign(request))
    return (
        f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, "
        f"SignedHeaders={names}, Signature={auth.signature(to_sign, request)}"
    )
