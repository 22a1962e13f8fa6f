"""Permissions as on AWS: those of SQS's batches, and requests that count as sent over TLS.

ministack 1.5.33 asks for ``sqs:SendMessageBatch``, which is not a permission (Amazon SQS developer
guide, "Amazon SQS API permissions"). It is reached over plain HTTP, which policies of the stack
refuse; on AWS, whose place it takes, every request of an SDK is sent over TLS.
"""

from typing import Any

from ministack.core import iam_actions, iam_evaluator

_action_of = iam_actions.extract_iam_action
_condition_key = iam_evaluator._resolve_condition_key


def action_of(*arguments: Any, **named: Any) -> str | None:
    """Return the permission that a request needs."""
    action: str | None = _action_of(*arguments, **named)
    return action.removesuffix("Batch") if action and action.startswith("sqs:") else action


def condition_key(key: str, context: Any) -> Any:
    """Return the value of a condition's key for a request."""
    return "true" if key.lower() == "aws:securetransport" else _condition_key(key, context)


def install() -> None:
    """Make ministack check these."""
    iam_evaluator._resolve_condition_key = condition_key
    iam_actions.extract_iam_action = action_of
