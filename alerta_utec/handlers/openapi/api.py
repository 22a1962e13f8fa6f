"""The HTTP routes of the documents that describe the API."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerta_utec.handlers.addresses import ServiceAddress
from alerta_utec.handlers.lambda_io import LambdaResponse
from alerta_utec.handlers.openapi import asyncapi, docs_page
from alerta_utec.handlers.openapi.document import ApiPart, document
from alerta_utec.handlers.request import Request
from alerta_utec.handlers.responses import SAFE_HEADERS, json_response


@dataclass(frozen=True)
class DocumentsApi:
    """The handlers of ``DOCUMENT_ROUTES``; ``parts``: those of the whole HTTP API."""

    parts: Sequence[ApiPart]
    sign_in: bool
    address: ServiceAddress

    def openapi(self, _request: Request) -> LambdaResponse:
        """Return the OpenAPI document of the HTTP API."""
        return json_response(200, document(self.parts, sign_in=self.sign_in))

    def asyncapi(self, request: Request) -> LambdaResponse:
        """Return the AsyncAPI document of the WebSocket API."""
        return json_response(200, asyncapi.document(self.address.web_socket_url(request)))

    def docs(self, _request: Request) -> LambdaResponse:
        """Return the page that shows the OpenAPI document."""
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": docs_page.policy(),
            **SAFE_HEADERS,
        }
        return {"statusCode": 200, "headers": headers, "body": docs_page.page()}
