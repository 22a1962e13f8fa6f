"""What comes before a response, and what its ``Retry-After`` can hold."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.client import AlertaUtec, UnexpectedAnswer
from alerta_utec.http_responses import retry_after_s
from tests.support.loopback import LoopbackServer, QuietHandler

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@given(text=st.text(max_size=80) | st.none())
def test_any_header_gives_seconds_or_none(text: str | None) -> None:
    found = retry_after_s(text, NOW)

    assert found is None or found >= 0


@given(
    hour=st.integers(-1, 10**20),
    minute=st.integers(-1, 10**20),
    second=st.integers(-1, 10**20),
    zone=st.sampled_from(["GMT", "-0000", "+9999", "-9999", ""]),
)
def test_any_clock_time_in_a_date_gives_seconds_or_none(
    hour: int, minute: int, second: int, zone: str
) -> None:
    found = retry_after_s(f"Wed, 21 Oct 2026 {hour}:{minute}:{second} {zone}", NOW)

    assert found is None or found >= 0


@given(wait=st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_date_gives_the_seconds_until_then(wait: timedelta) -> None:
    found = retry_after_s(format_datetime(NOW + wait, usegmt=True), NOW)

    assert found == pytest.approx(wait.total_seconds(), abs=1)


class EarlyHints(QuietHandler):
    """Answers 103, then what is wanted, with an odd ``Retry-After`` the first time."""

    busy = 1

    def do_GET(self) -> None:
        self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n")
        if type(self).busy:
            type(self).busy -= 1
            self.send_response(503)
            self.send_header("Retry-After", f"Wed, 21 Oct 2026 07:28:{'9' * 20} GMT")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = b'{"status": "ok", "position": "e:1"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def early_hints() -> Iterator[str]:
    EarlyHints.busy = 1
    with LoopbackServer(EarlyHints) as server:
        yield server.url


def test_the_client_skips_interim_responses_and_odd_waits(early_hints: str) -> None:
    with AlertaUtec(early_hints, patience_s=10) as alerta:
        assert alerta.health()["position"] == "e:1"


def test_the_client_reports_the_final_response(early_hints: str) -> None:
    with AlertaUtec(early_hints, patience_s=0) as alerta, pytest.raises(UnexpectedAnswer) as caught:
        alerta.health()

    assert caught.value.status == 503
