"""The HTTP routes of webhooks; each takes a request and returns the response."""

from collections.abc import Callable, Mapping
from typing import Any

from alerta_utec.domain.values import format_time
from alerta_utec.handlers.request import Request
from alerta_utec.handlers.responses import NOTHING_RUNS, Response, answer
from alerta_utec.webhooks.job import DeadLetter, PostResult
from alerta_utec.webhooks.manage import ManageWebhooks
from alerta_utec.webhooks.model import Webhook


def respond(request: Request, manage: ManageWebhooks) -> Response:
    """Answer a request whose caller is allowed to manage webhooks.

    Raises:
        AlertaError: the request is refused.
    """
    return _ROUTES[request.event["routeKey"]](request, manage)


def _list(_request: Request, manage: ManageWebhooks) -> Response:
    return answer(200, {"webhooks": [webhook.to_json() for webhook in manage.all()]})


def _create(request: Request, manage: ManageWebhooks) -> Response:
    webhook = manage.create(request.json())
    return answer(201, _with_secret(webhook), Location=f"/webhooks/{webhook.webhook_id}")


def _show(request: Request, manage: ManageWebhooks) -> Response:
    return answer(200, manage.get(_id(request)).to_json())


def _change(request: Request, manage: ManageWebhooks) -> Response:
    return answer(200, manage.change(_id(request), request.json()).to_json())


def _delete(request: Request, manage: ManageWebhooks) -> Response:
    manage.delete(_id(request))
    return {"statusCode": 204, "headers": {"Cache-Control": "no-store", **NOTHING_RUNS}}


def _rotate(request: Request, manage: ManageWebhooks) -> Response:
    # The body is optional: it carries a secret supplied by the caller.
    data = request.json() if request.event.get("body") else {}
    return answer(200, _with_secret(manage.rotate(_id(request), data)))


def _failures(request: Request, manage: ManageWebhooks) -> Response:
    return answer(200, {"failures": [_failure(one) for one in manage.failures(_id(request))]})


def _retry(request: Request, manage: ManageWebhooks) -> Response:
    return answer(200, {"owed": manage.retry(_id(request))})


def _test(request: Request, manage: ManageWebhooks) -> Response:
    return answer(200, _test_result(manage.test(_id(request))))


_ROUTES: Mapping[str, Callable[[Request, ManageWebhooks], Response]] = {
    "GET /webhooks": _list,
    "POST /webhooks": _create,
    "GET /webhooks/{webhookId}": _show,
    "PATCH /webhooks/{webhookId}": _change,
    "DELETE /webhooks/{webhookId}": _delete,
    "POST /webhooks/{webhookId}/secret": _rotate,
    "GET /webhooks/{webhookId}/failures": _failures,
    "POST /webhooks/{webhookId}/retry": _retry,
    "POST /webhooks/{webhookId}/test": _test,
}


def _id(request: Request) -> str:
    return request.path_id("webhookId")


def _with_secret(webhook: Webhook) -> dict[str, Any]:
    return webhook.to_json() | {"secret": webhook.secrets[0].value}


def _failure(letter: DeadLetter) -> dict[str, Any]:
    after = letter.change.after
    return {
        "incidentId": after.incident_id,
        "revision": after.revision,
        "seq": after.seq,
        "at": format_time(letter.given_up_at),
        "attempts": letter.attempts,
        **_reason(letter.reason),
    }


def _test_result(result: PostResult) -> dict[str, Any]:
    body: dict[str, Any] = {"ok": result.ok, "ms": result.duration_ms}
    if result.status is not None:
        return body | {"status": result.status}
    return body | _reason(result.reason)


def _reason(reason: str) -> dict[str, str]:
    # ``because`` is the deprecated name of ``reason``, for clients of version 0.1.
    return {"reason": reason, "because": reason}
