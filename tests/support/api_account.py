"""A stand-in for API Gateway's account setting and for IAM's roles, with their quota and delays."""

import json
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

from tests.support.loopback import LoopbackServer, QuietHandler

ACCOUNT = "123456789012"
# One UpdateAccount in 20 s for each account.
QUOTA_S = 20.0
# IAM has these roles from the start.
ROLE_XML = "<Role><Path>/</Path><RoleName>{0}</RoleName><RoleId>AROA</RoleId><Arn>{1}</Arn></Role>"


def role_arn(name: str) -> str:
    """Return the ARN of a role of the account."""
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


@dataclass(eq=False)
class AccountApi(LoopbackServer):
    """``with AccountApi(…) as api:`` speaks ``/account`` and IAM's roles.

    Its seconds last ``pace`` each.
    ``role_ready_s``: for so long API Gateway refuses a role after it was created. ``busy``: just
    before the first UpdateAccount another program sends one.
    """

    role_ready_s: float = 0.0
    pace: float = 1.0
    busy: bool = False
    named: str | None = None
    roles: set[str] = field(default_factory=set)
    updates: list[int] = field(default_factory=list)
    trust: str = ""

    def __post_init__(self) -> None:
        self._created = self._updated = float("-inf")
        super().__init__(self._handler())

    def account(self) -> tuple[int, dict[str, str]]:
        """Return the answer to GetAccount."""
        return 200, {"cloudwatchRoleArn": self.named} if self.named else {}

    def update_account(self, arn: str) -> tuple[int, dict[str, str]]:
        """Return the answer to UpdateAccount."""
        now = self._now()
        before = now if self.busy and not self.updates else self._updated
        # A refused request counts too.
        self._updated = now
        if now - before < QUOTA_S:
            answer = 429, {"__type": "TooManyRequestsException", "message": "Too Many Requests"}
        elif arn.rpartition("/")[2] not in self.roles or now - self._created < self.role_ready_s:
            answer = 400, {"__type": "BadRequestException", "message": "The role ARN does not …"}
        else:
            self.named = arn
            answer = self.account()
        self.updates.append(answer[0])
        return answer

    def iam(self, query: dict[str, str]) -> tuple[int, str]:
        """Return the answer to a request to IAM."""
        action, name = query["Action"], query["RoleName"]
        result = ROLE_XML.format(name, role_arn(name))
        if action == "CreateRole" and name in self.roles:
            return 409, _error("EntityAlreadyExists")
        if action == "GetRole" and name not in self.roles:
            return 404, _error("NoSuchEntity")
        if action == "CreateRole":
            self.roles.add(name)
            self._created, self.trust = self._now(), query["AssumeRolePolicyDocument"]
        elif action == "AttachRolePolicy":
            result = ""
        return 200, f"<R><{action}Result>{result}</{action}Result></R>"

    def _now(self) -> float:
        return time.monotonic() / self.pace

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                self._json(*api.account())

            def do_PATCH(self) -> None:
                (operation,) = json.loads(self._body())["patchOperations"]
                self._json(*api.update_account(operation["value"]))

            def do_POST(self) -> None:
                query = {name: one[0] for name, one in parse_qs(self._body().decode()).items()}
                status, text = api.iam(query)
                self._send(status, text, "text/xml")

            def _json(self, status: int, body: dict[str, str]) -> None:
                self._send(status, json.dumps(body), "application/json", body.get("__type", ""))

            def _send(self, status: int, text: str, kind: str, error: str = "") -> None:
                content = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                if error:
                    self.send_header("x-amzn-ErrorType", error)
                self.end_headers()
                self.wfile.write(content)

            def _body(self) -> bytes:
                return self.rfile.read(int(self.headers["Content-Length"]))

        return Handler


def _error(code: str) -> str:
    return f"<R><Error><Code>{code}</Code><Message>{code}</Message></Error></R>"
