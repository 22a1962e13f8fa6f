"""A request to the HTTP API, read from an event of payload format 2.0."""

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerta_utec import wire
from alerta_utec.domain.errors import BadJson, NotFound
from alerta_utec.domain.messages import Lang, preferred_lang
from alerta_utec.handlers.lambda_io import LambdaEvent

_ENCODINGS = frozenset({"gzip", "x-gzip", "deflate"})
# Of zlib: the largest window, with a header of gzip or zlib.
_ANY_HEADER = zlib.MAX_WBITS + 32


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of an HTTP request that handlers need."""

    event: LambdaEvent

    @property
    def route_key(self) -> str:
        """The route's key, such as ``GET /incidents/{incidentId}``."""
        return str(self.event["routeKey"])

    @property
    def method(self) -> str:
        """The route's method."""
        return self.route_key.partition(" ")[0]

    @property
    def query(self) -> Mapping[str, str]:
        """The query string's parameters; repeated ones are joined by commas."""
        return self.event.get("queryStringParameters") or {}

    @property
    def source_ip(self) -> str | None:
        """The client's IP address."""
        http = (self.event.get("requestContext") or {}).get("http") or {}
        return http.get("sourceIp")

    @property
    def request_id(self) -> str | None:
        """The gateway's id of the request, which its access log has too."""
        return (self.event.get("requestContext") or {}).get("requestId")

    def path_parameter(self, name: str) -> str:
        """Return a parameter of the path."""
        return str(self.event["pathParameters"][name])

    def path_id(self, name: str) -> str:
        """Return an id in the path.

        Raises:
            NotFound: it is longer than any id.
        """
        value = self.path_parameter(name)
        if len(value) > wire.ID_MAX:
            raise NotFound
        return value

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers by their lower-case names."""
        return self.event.get("headers") or {}

    def header(self, name: str) -> str | None:
        """Return a header by its lower-case name."""
        return self.headers.get(name)

    @property
    def address(self) -> str:
        """The client's IP address, empty if unknown."""
        return str(self.event.get("requestContext", {}).get("http", {}).get("sourceIp", ""))

    @property
    def lang(self) -> Lang:
        """The language of the response, by ``Accept-Language``."""
        return preferred_lang(self.header("accept-language"))

    def json(self) -> dict[str, Any]:
        """Return the body, which must be one JSON object; gzip and deflate are undone.

        Raises:
            BadJson, TooLarge.
        """
        body = self.event.get("body") or ""
        if not self.event.get("isBase64Encoded"):
            return wire.decode(body)
        try:
            data = base64.b64decode(body, validate=True)
        except binascii.Error as error:
            raise BadJson("not base64") from error
        return wire.decode(_decompressed(data, self.header("content-encoding") or ""))


def _decompressed(data: bytes, encoding: str) -> bytes:
    """Return the content; data that is not compressed, whatever the header says, as it is.

    The result is cut after the first byte beyond the size of a message.

    Raises:
        BadJson: the compressed data is broken.
    """
    if encoding.strip().lower() not in _ENCODINGS or data.lstrip()[:1] == b"{":
        return data
    try:
        return zlib.decompressobj(_ANY_HEADER).decompress(data, wire.MESSAGE_MAX_BYTES + 1)
    except zlib.error as error:
        raise BadJson("broken compression") from error
