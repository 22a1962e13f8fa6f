"""The HTTP routes of webhooks."""

from dataclasses import dataclass
from typing import Any, Self

from alerta_utec.app.limits import SubmitLimit
from alerta_utec.domain.policy import Permission
from alerta_utec.domain.values import format_time
from alerta_utec.handlers.http_access import RequestAccess
from alerta_utec.handlers.lambda_io import LambdaResponse
from alerta_utec.handlers.operations import Body, Operation, Returned, documented
from alerta_utec.handlers.request import Request
from alerta_utec.handlers.responses import json_response, no_content
from alerta_utec.ports.authentication import Authenticator
from alerta_utec.webhooks.job import DeadLetter, PostResult
from alerta_utec.webhooks.manage import ManageWebhooks
from alerta_utec.webhooks.model import Webhook

_READS = ("forbidden", "not_found")
_CHANGES = (*_READS, "rate_limited")
_TAKES_BODY = ("bad_json", "invalid_request", "too_large")


@dataclass(frozen=True, kw_only=True)
class WebhookServices:
    """The services behind these routes."""

    authenticator: Authenticator
    limit: SubmitLimit
    manage_webhooks: ManageWebhooks


@dataclass(frozen=True)
class WebhooksApi:
    """The handlers of ``WEBHOOK_ROUTES``, for those whom the policy lets manage webhooks."""

    access: RequestAccess
    limit: SubmitLimit
    manage: ManageWebhooks

    @classmethod
    def over(cls, services: WebhookServices) -> Self:
        """Return the handlers over these services."""
        access = RequestAccess(services.authenticator)
        return cls(access, services.limit, services.manage_webhooks)

    @documented(
        Operation("List the webhooks, the oldest first", "WebhookList", ["forbidden"]),
    )
    def list_webhooks(self, request: Request) -> LambdaResponse:
        """Return all webhooks."""
        self._authorize(request)
        webhooks = [webhook.to_json() for webhook in self.manage.all()]
        return json_response(200, {"webhooks": webhooks})

    @documented(
        Operation(
            "Add a webhook that receives later changes",
            {201: Returned("Added", "WebhookWithSecret")},
            ("forbidden", "rate_limited", *_TAKES_BODY),
            body=Body("WebhookToAdd", required=False),
        )
    )
    def create_webhook(self, request: Request) -> LambdaResponse:
        """Create a webhook."""
        by = self._authorize(request, counts=True)
        webhook = self.manage.create(request.json(), by=by)
        location = f"webhooks/{webhook.webhook_id}"
        return json_response(201, _with_secret(webhook), Location=location)

    @documented(Operation("Show a webhook", "Webhook", _READS))
    def show_webhook(self, request: Request) -> LambdaResponse:
        """Return a webhook."""
        self._authorize(request)
        return json_response(200, self.manage.get(_id(request)).to_json())

    @documented(
        Operation(
            "Change a webhook",
            "Webhook",
            (*_CHANGES, *_TAKES_BODY),
            body=Body("WebhookChange", required=False),
        )
    )
    def change_webhook(self, request: Request) -> LambdaResponse:
        """Change a webhook."""
        by = self._authorize(request, counts=True)
        webhook = self.manage.change(_id(request), request.json(), by=by)
        return json_response(200, webhook.to_json())

    @documented(
        Operation(
            "Delete a webhook and its pending deliveries", {204: Returned("Deleted")}, _CHANGES
        )
    )
    def delete_webhook(self, request: Request) -> LambdaResponse:
        """Delete a webhook and its jobs."""
        by = self._authorize(request, counts=True)
        self.manage.delete(_id(request), by=by)
        return no_content()

    @documented(
        Operation(
            "Give it a new secret; the old one signs too for 24 hours",
            "WebhookWithSecret",
            (*_CHANGES, *_TAKES_BODY),
            body=Body("WebhookSecret", required=False),
        )
    )
    def rotate_secret(self, request: Request) -> LambdaResponse:
        """Give a webhook a new secret."""
        by = self._authorize(request, counts=True)
        # The body is optional: it carries a secret supplied by the caller.
        data = request.json() if request.event.get("body") else {}
        return json_response(200, _with_secret(self.manage.rotate(_id(request), data, by=by)))

    @documented(Operation("List the changes it did not receive", "WebhookFailures", _READS))
    def list_failures(self, request: Request) -> LambdaResponse:
        """Return the changes that could not be delivered to a webhook."""
        self._authorize(request)
        failures = [_failure(one) for one in self.manage.failures(_id(request))]
        return json_response(200, {"failures": failures})

    @documented(Operation("Send it now everything it has not received", "WebhookRetry", _CHANGES))
    def retry(self, request: Request) -> LambdaResponse:
        """Make all of a webhook's jobs due now."""
        by = self._authorize(request, counts=True)
        return json_response(200, {"owed": self.manage.retry(_id(request), by=by)})

    @documented(Operation("Send it a test event now", "WebhookTest", (*_CHANGES, "conflict")))
    def send_test(self, request: Request) -> LambdaResponse:
        """Send a webhook a test event."""
        by = self._authorize(request, counts=True)
        return json_response(200, _test_result(self.manage.test(_id(request), by=by)))

    def _authorize(self, request: Request, *, counts: bool = False) -> str | None:
        """Return the caller, if they may manage webhooks; ``counts``: limit how often.

        Raises:
            Unauthorized, Forbidden, RateLimited, Unavailable.
        """
        identity = self.access.permitted(request, Permission.MANAGE_WEBHOOKS)
        if counts:
            self.limit.take(identity, address=request.source_ip)
        return identity.user


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
