"""The asyncio client of the HTTP API: it reads incidents and reports one."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from alerta_utec import wire
from alerta_utec.client.errors import Unreachable
from alerta_utec.client.responses import parse_body
from alerta_utec.client.sign_in import Token, bearer, key_header
from alerta_utec.client.submit import send_until_acked

TIMEOUT_S = 10.0
PAGE = 200


class HttpClient:
    """A client of the service's HTTP API; ``http_client`` creates it."""

    def __init__(self, session: aiohttp.ClientSession, base: URL):
        self._session = session
        self._base = base

    async def incidents(
        self, *, limit: int, filters: Mapping[str, str] | None = None
    ) -> AsyncGenerator[dict[str, Any]]:
        """Yield the newest ``limit`` incidents that match, page after page.

        Raises:
            Refused, UnexpectedAnswer, Unreachable.
        """
        parameters, left = dict(filters or {}), limit
        while left > 0:
            parameters["limit"] = str(min(left, PAGE))
            page = await self._request("GET", "incidents", params=parameters)
            for incident in page["incidents"]:
                yield incident
            left -= len(page["incidents"])
            if "cursor" not in page:
                return
            parameters["cursor"] = str(page["cursor"])

    async def incident(self, incident_id: str) -> dict[str, Any]:
        """Return ``{incident, history, deliveries}``, with the whole history.

        Raises:
            Refused: for example with the code ``not_found``.
            UnexpectedAnswer, Unreachable.
        """
        path = f"incidents/{quote(incident_id, safe='')}"
        found = page = await self._request("GET", path)
        while cursor := page.get("cursor"):
            page = await self._request("GET", path, params={"cursor": str(cursor)})
            for part in ("history", "deliveries"):
                found[part] = [*(page.get(part) or ()), *(found.get(part) or ())]
        found.pop("cursor", None)
        return found

    async def notify(
        self,
        incident: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        patience_s: float = 30.0,
    ) -> dict[str, Any]:
        """Report an incident, and return ``{incidentId, seq, revision, duplicate}``.

        Failures are retried until ``patience_s`` is over, always with the same idempotency key
        (a new one unless given), so the incident is stored once.

        Raises:
            Refused: the service refused the incident.
            UnexpectedAnswer, Unreachable, NoAnswer: the last attempt's failure.
        """

        async def send(message: Mapping[str, Any], answer_s: float) -> dict[str, Any]:
            return await self._request(
                "POST",
                "incidents",
                data=wire.encode(message["incident"]).encode(),
                headers={
                    "Content-Type": "application/json",
                    **key_header(message["idempotencyKey"]),
                },
                timeout=aiohttp.ClientTimeout(total=answer_s),
            )

        return await send_until_acked(send, incident, idempotency_key, patience_s)

    async def _request(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        url = self._base.joinpath(path, encoded=True)
        try:
            async with self._session.request(method, url, **options) as response:
                content = await response.read()
        except TimeoutError as error:
            waited = options.get("timeout", self._session.timeout)
            raise Unreachable(f"{waited.total:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable.because(error) from error
        return parse_body(response.status, response.headers.get("Content-Type", ""), content)


@asynccontextmanager
async def http_client(
    url: str, *, token: Token = None, timeout_s: float = TIMEOUT_S
) -> AsyncIterator[HttpClient]:
    """Create a client of the HTTP API at ``url`` (``http://host:port``); ``token`` signs in."""
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    async with aiohttp.ClientSession(timeout=timeout, headers=bearer(token)) as session:
        yield HttpClient(session, URL(url))
