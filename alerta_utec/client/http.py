"""Reading incidents over HTTP."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from alerta_utec.client.errors import Refused, UnexpectedAnswer, Unreachable
from alerta_utec.client.sign_in import Token, bearer

TIMEOUT_S = 10.0
PAGE = 200


class HttpClient:
    """The service's HTTP API; made by ``http_client``."""

    def __init__(self, session: aiohttp.ClientSession, base: URL):
        self._session = session
        self._base = base

    async def incidents(
        self, *, limit: int, filters: Mapping[str, str] | None = None
    ) -> AsyncGenerator[dict[str, Any]]:
        """The newest ``limit`` incidents that match, page after page.

        Raises:
            Refused, UnexpectedAnswer, Unreachable.
        """
        parameters, left = dict(filters or {}), limit
        while left > 0:
            parameters["limit"] = str(min(left, PAGE))
            page = await self._get("incidents", parameters)
            for incident in page["incidents"]:
                yield incident
            left -= len(page["incidents"])
            if "cursor" not in page:
                return
            parameters["cursor"] = str(page["cursor"])

    async def incident(self, incident_id: str) -> dict[str, Any]:
        """``{incident, history}``.

        Raises:
            Refused: ``not_found``, for one.
            UnexpectedAnswer, Unreachable.
        """
        return await self._get(f"incidents/{quote(incident_id, safe='')}", {})

    async def _get(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        url = self._base.joinpath(path, encoded=True)
        try:
            async with self._session.get(url, params=parameters) as response:
                if not response.content_type.endswith("json"):
                    raise UnexpectedAnswer(response.status)
                body = await response.json(content_type=None)
        except TimeoutError as error:
            raise Unreachable(f"{TIMEOUT_S:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable.because(error) from error
        except ValueError as error:
            raise UnexpectedAnswer(response.status) from error
        if not isinstance(body, dict):
            raise UnexpectedAnswer(response.status)
        if not response.ok:
            if "code" not in body:
                raise UnexpectedAnswer(response.status)
            raise Refused.from_body(body, str(body.get("title", "")))
        return body


@asynccontextmanager
async def http_client(
    url: str, *, token: Token = None, timeout_s: float = TIMEOUT_S
) -> AsyncIterator[HttpClient]:
    """A client of the HTTP API at ``url`` (``http://host:port``); ``token`` signs in."""
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    async with aiohttp.ClientSession(timeout=timeout, headers=bearer(token)) as session:
        yield HttpClient(session, URL(url))
