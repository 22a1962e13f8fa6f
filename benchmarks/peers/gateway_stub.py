"""A stand-in for ``@connections``: it answers each request after a fixed time, and counts.

``python gateway_stub.py '{"latency_s": 0.01, "pem": FILE, "rate": 10000, "burst": 5000}'``; only
the first is required. It writes its port. It answers each line on its standard input with its
counts since the last line, and refills the bucket. It ends with its standard input.

It does not check signatures: API Gateway's work would only slow the stand-in down.
"""

import asyncio
import json
import resource
import ssl
import sys
import time
from typing import Any, cast

import uvloop

_HEADERS = (
    "Date: Tue, 18 Nov 2025 10:00:00 GMT\r\nContent-Length: 0\r\nConnection: keep-alive\r\n"
    "x-amzn-RequestId: 7d3c2a1e-5f1b-4c55-9a51-0a1b2c3d4e5f\r\n"
    "Apigw-Requestid: UCabcdefghijklm=\r\n\r\n"
)
OK = f"HTTP/1.1 200 OK\r\n{_HEADERS}".encode()
_REFUSED = "HTTP/1.1 429 Too Many Requests\r\nx-amzn-ErrorType: LimitExceededException\r\n"
TOO_MANY = (_REFUSED + _HEADERS).encode()


class Gateway:
    """The request counter and the token bucket."""

    def __init__(self, latency_s: float, rate: float = 0.0, burst: float = 0.0) -> None:
        self.latency_s, self._rate, self._burst = latency_s, rate, burst
        self.reset()

    def reset(self) -> None:
        """Start counting with a full bucket."""
        self._tokens, self._filled_s = self._burst, time.monotonic()
        self._requests = self._throttled = 0
        self._began = time.monotonic(), _cpu_s()

    def answer(self) -> bytes:
        """Return the answer to one request."""
        self._requests += 1
        if self._rate:
            now_s = time.monotonic()
            gained = (now_s - self._filled_s) * self._rate
            self._tokens, self._filled_s = min(self._burst, self._tokens + gained), now_s
            if self._tokens < 1:
                self._throttled += 1
                return TOO_MANY
            self._tokens -= 1
        return OK

    def said(self) -> dict[str, Any]:
        """Return the counts since ``reset``; ``cpu``: the busy share of a core."""
        wall_s, cpu_s = time.monotonic() - self._began[0], _cpu_s() - self._began[1]
        return {
            "requests": self._requests,
            "throttled": self._throttled,
            "seconds": wall_s,
            "cpu": cpu_s / wall_s,
        }


class Connection(asyncio.Protocol):
    """One connection, which delays each answer by the latency."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._buffer = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer every complete request."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            whole = end + 4 + _length(self._buffer[:end])
            if len(self._buffer) < whole:
                return
            self._buffer = self._buffer[whole:]
            answer = self._gateway.answer()
            self._loop.call_later(self._gateway.latency_s, self._transport.write, answer)


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"Content-Length: ")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def main(settings: dict[str, Any]) -> None:
    """Serve until standard input ends."""
    pem = settings.pop("pem", None)
    tls = None
    if pem is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(pem)
    gateway = Gateway(**settings)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: Connection(gateway), "127.0.0.1", 0, ssl=tls, backlog=4096
    )
    print(listening.sockets[0].getsockname()[1], flush=True)  # noqa: T201 (for who started it)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(gateway.said()), flush=True)  # noqa: T201
        gateway.reset()


if __name__ == "__main__":
    uvloop.run(main(json.loads(sys.argv[1])))
