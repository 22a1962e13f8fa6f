"""HTTP responses, as Lambda proxy responses, and the headers that all of them have."""

from collections.abc import Mapping
from typing import Any

from alerta_utec import wire
from alerta_utec.domain.errors import AlertaError, RateLimited, Unavailable
from alerta_utec.domain.messages import Lang
from alerta_utec.handlers.http_status import STATUS
from alerta_utec.handlers.lambda_io import LambdaResponse

SAFE_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# Of ``unavailable``: what is missing may be back at any time, so that clients' own backoff decides.
RETRY_AFTER_S = 1
# For everything but pages: no script runs, wherever the response is opened.
NOTHING_RUNS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    **SAFE_HEADERS,
}


def json_response(
    status: int,
    body: Mapping[str, Any],
    content_type: str = "application/json",
    **headers: str,
) -> LambdaResponse:
    """Return a response with a JSON body."""
    headers = {
        "Content-Type": content_type,
        "Cache-Control": "no-store",
        **NOTHING_RUNS,
        **headers,
    }
    return {"statusCode": status, "headers": headers, "body": wire.encode(body)}


def no_content() -> LambdaResponse:
    """Return the response to a change that leaves nothing to show."""
    return {"statusCode": 204, "headers": {"Cache-Control": "no-store", **NOTHING_RUNS}}


def problem_response(refusal: AlertaError, lang: Lang) -> LambdaResponse:
    """Return a refusal as problem details (RFC 9457), with our ``code`` and ``errors``."""
    status = STATUS[refusal.code]
    body = wire.error_body(refusal, lang=lang)
    details = {"type": "about:blank", "title": body.pop("message"), "status": status, **body}
    # RFC 9110, section 11.6.1: a 401 says how to sign in.
    more = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if isinstance(refusal, RateLimited):
        more["Retry-After"] = str(refusal.retry_after_s)
    elif isinstance(refusal, Unavailable):
        more["Retry-After"] = str(RETRY_AFTER_S)
    more |= {"Content-Language": lang, "Vary": "Accept-Language"}
    return json_response(status, details, "application/problem+json", **more)
