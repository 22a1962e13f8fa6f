"""The limits on submissions without sign-in, for callers that a trusted proxy forwards."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from alerta_utec.app.limits import PER_ADDRESS, PER_CONNECTION
from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.e2e.raw import TEXT, RawSocket
from tests.support.incidents import incident


def test_a_flood_from_one_address_is_refused_and_others_are_served(
    serve: ServeFactory, tmp_path: Path
) -> None:
    server = serve(options=("--trusted-proxy", "127.0.0.1"))

    def report(address: str) -> tuple[int, str | None]:
        headers = {"X-Forwarded-For": address} if address else {}
        body = json.dumps(incident()).encode()
        answer = http_request("POST", f"{server.http_url}/incidents", body, headers)
        return answer.status, answer.headers.get("retry-after")

    with ThreadPoolExecutor(16) as clients:
        flood = list(clients.map(report, ["203.0.113.7"] * 2 * PER_ADDRESS.burst))
        own = list(clients.map(report, [""] * 20))

    assert {status for status, _ in flood} == {201, 429}
    assert sum(status == 201 for status, _ in flood) >= PER_ADDRESS.burst
    assert all(after for status, after in flood if status == 429)
    assert {status for status, _ in own} == {201}
    assert report("198.51.100.1")[0] == 201


def test_a_flood_over_one_connection_is_refused(serve: ServeFactory) -> None:
    server = serve(options=("--trusted-proxy", "127.0.0.1"))
    with RawSocket(server.port) as socket:
        assert socket.handshake(X_Forwarded_For="203.0.113.7") == 101
        count = 3 * PER_CONNECTION.burst
        for number in range(count):
            message = {"action": "notify", "requestId": str(number), "incident": incident()}
            socket.send_frame(TEXT, json.dumps(message).encode())
        answers: list[dict[str, Any]] = []
        while len(answers) < count:
            frame = json.loads(socket.read_frame()[1])
            if "requestId" in frame:
                answers.append(frame)

    refused = [answer for answer in answers if answer["type"] == "error"]
    assert {answer["code"] for answer in refused} == {"rate_limited"}
    assert len(answers) - len(refused) >= PER_CONNECTION.burst
    assert all(answer["retryAfter"] >= 1 for answer in refused)
