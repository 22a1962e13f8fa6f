"""SQS's permissions as on AWS: a batch needs the permission of a single message.

ministack 1.5.33 asks for ``sqs:SendMessageBatch``, which is not a permission (Amazon SQS developer
guide, "Amazon SQS API permissions").
"""

from typing import Any

from ministack.core import iam_actions

_action_of = iam_actions.extract_iam_action


def action_of(*arguments: Any, **named: Any) -> str | None:
    """Return the permission that a request needs."""
    action: str | None = _action_of(*arguments, **named)
    return action.removesuffix("Batch") if action and action.startswith("sqs:") else action


def install() -> None:
    """Make ministack check these."""
    iam_actions.extract_iam_action = action_of
