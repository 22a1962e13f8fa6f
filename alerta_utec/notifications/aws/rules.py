"""The routing rules that a deployment brings along."""

import json
from collections.abc import Mapping
from typing import Any

from alerta_utec.domain.values import Urgency
from alerta_utec.notifications.recipients import Recipient
from alerta_utec.notifications.rules import Hours, Pattern, Rule


def parse_rules(packed: str) -> tuple[Rule, ...]:
    """The rules that ``deploy/subscriptions.js`` has packed: JSON, which has been through
    ``deploy/routes.js``, where what is not right is refused."""
    return tuple(map(_rule, json.loads(packed)))


def _rule(document: Mapping[str, Any]) -> Rule:
    recipients = (Recipient.of(address) for address in document["to"])
    return Rule(
        document["name"],
        to=tuple(filter(None, recipients)),
        urgency=frozenset(map(Urgency, document["urgency"])),
        type=tuple(map(Pattern.of, document["type"])),
        location=tuple(map(Pattern.of, document["location"])),
        hours=Hours(**document["hours"]) if "hours" in document else None,
        days=frozenset(document["days"]),
        drill=document.get("drill"),
    )
