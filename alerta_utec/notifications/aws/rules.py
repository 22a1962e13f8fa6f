"""The rules of a deployment to AWS: their check before it, and their way into the function.

The check runs without any package (``deploy/check_rules.py``).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from alerta_utec.domain.values import Urgency
from alerta_utec.notifications.recipients import Kind, Recipient, recipient_id
from alerta_utec.notifications.rules import Hours, Pattern, Rule
from alerta_utec.notifications.rules_nodes import from_json
from alerta_utec.notifications.rules_parser import parse_rules as parse_nodes
from alerta_utec.notifications.rules_problems import RulesProblem, RulesRefused

# The quota of SNS for filter policies of one topic; each subscription here has one.
RECIPIENTS_MAX = 200


class ReachFromAws:
    """A ``Reach`` by e-mail and by text message."""

    def problem(self, recipient: Recipient) -> str | None:
        return "no_apprise" if recipient.kind is Kind.APPRISE else None


def check(document: Any, environ: Mapping[str, str], *, email: str = "") -> dict[str, Any]:
    """Check the parsed content of a rules file for a deployment.

    ``environ`` has the values of ``env:NAME``; ``email`` is the address that gets everything.

    Returns:
        ``problems``, in Spanish and English; without any, the ``rules`` as the function reads
        them, and the ``subscriptions`` to the topic as CloudFormation resources.
    """
    try:
        rules = parse_nodes(from_json(document), environ, ReachFromAws())
    except RulesRefused as refused:
        return _problems(refused.details)
    recipients = {recipient_id(one): one for rule in rules for one in rule.to}
    problems = []
    if len(recipients) > RECIPIENTS_MAX:
        counts = {"max": RECIPIENTS_MAX, "count": len(recipients)}
        problems.append(RulesProblem("too_many_recipients", counts))
    everything = Recipient.of(email)
    if everything is not None and recipient_id(everything) in recipients:
        problems.append(RulesProblem("email_repeated", {"email": email}))
    if problems:
        return _problems(problems)
    subscriptions = {f"Recipient{key}": _subscription(key, to) for key, to in recipients.items()}
    return {
        "problems": [],
        "rules": [_packed(rule) for rule in rules],
        "subscriptions": subscriptions,
    }


def parse_rules(packed: str) -> tuple[Rule, ...]:
    """Return the rules of a deployment from their JSON, which ``check`` has written."""
    return tuple(map(_unpacked, json.loads(packed)))


def _problems(problems: Sequence[RulesProblem]) -> dict[str, Any]:
    texts = [f"{one.text('es')} / {one.text('en')}" for one in problems]
    return {"problems": texts, "rules": [], "subscriptions": {}}


def _subscription(key: str, recipient: Recipient) -> dict[str, Any]:
    return {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "TopicArn": {"Ref": "Alarms"},
            "Protocol": "sms" if recipient.kind is Kind.PHONE else "email",
            "Endpoint": recipient.address,
            "FilterPolicy": {"to": [key]},
        },
    }


def _packed(rule: Rule) -> dict[str, Any]:
    """Return the rule without any null, which CloudFormation would refuse."""
    packed: dict[str, Any] = {
        "name": rule.name,
        "urgency": sorted(rule.urgency, key=lambda urgency: urgency.rank),
        "type": [pattern.written for pattern in rule.type],
        "location": [pattern.written for pattern in rule.location],
        "days": sorted(rule.days),
        "to": list(dict.fromkeys(recipient.address for recipient in rule.to)),
    }
    if rule.hours is not None:
        packed["hours"] = {"start": rule.hours.start, "end": rule.hours.end}
    if rule.drill is not None:
        packed["drill"] = rule.drill
    return packed


def _unpacked(document: Mapping[str, Any]) -> Rule:
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
