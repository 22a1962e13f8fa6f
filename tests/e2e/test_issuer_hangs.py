"""A token issuer that accepts connections and never answers."""

import socket
from concurrent.futures import ThreadPoolExecutor

from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.e2e.guarded import handshake_status
from tests.support.sign_in import Issuer, bearer

CALLERS = 48


def test_callers_with_unknown_keys_delay_neither_health_checks_nor_others(
    serve: ServeFactory,
) -> None:
    with Issuer() as issuer, socket.create_server(("127.0.0.1", 0), backlog=CALLERS) as hanging:
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}/keys"
        server = serve(environment={**issuer.environment, "ALERTA_AUTH_JWKS_URL": url})
        with ThreadPoolExecutor(CALLERS) as callers:
            tokens = [issuer.token(headers={"kid": f"unknown {n}"}) for n in range(CALLERS)]
            asked = [
                callers.submit(http_request, "GET", f"{server.http_url}/me", None, bearer(made))
                for made in tokens
            ]
            healthy = [http_request("GET", f"{server.http_url}/health").status for _ in range(10)]
            without_token = handshake_status(server)
            some_wait = not all(one.done() for one in asked)
            answers = {one.result().status for one in asked}

    assert set(healthy) == {200}
    assert without_token == 401
    assert some_wait
    assert answers == {503}
