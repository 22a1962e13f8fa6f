"""Incidents and changes as DynamoDB items (low-level attribute values).

Readable attributes for what people look for and filters select on; JSON for the rest.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from alerta_utec.adapters.aws.dynamodb.attributes import (
    Item,
    epoch_us,
    number,
    number_of,
    text,
    text_of,
)
from alerta_utec.domain.change import Change, IdempotencyKey, Position
from alerta_utec.domain.incident import Incident

_TEXTS = (
    "incidentId",
    "type",
    "location",
    "description",
    "urgency",
    "status",
    "timestamp",
    "createdAt",
    "updatedAt",
    "reportedBy",
)
_NUMBERS = ("seq", "revision")


def incident_item(incident: Incident, *, created_seq: int, digest: str | None) -> Item:
    """The incident at its current revision; extra fields go into one JSON string."""
    fields = incident.to_record()
    item = {name: text(fields.pop(name)) for name in _TEXTS if name in fields}
    item |= {name: number(fields.pop(name)) for name in _NUMBERS}
    item["createdSeq"] = number(created_seq)
    if digest is not None:
        item["digest"] = text(digest)
    item["alarmed"] = {"BOOL": fields.pop("alarmed", False)}
    if fields:
        item["extras"] = text(_dumps(fields))
    return item


def incident_from_item(item: Mapping[str, Any]) -> Incident:
    """The incident that ``incident_item`` wrote.

    Raises:
        KeyError, ValueError: it wrote no such item.
    """
    extras: dict[str, Any] = json.loads(item["extras"]["S"]) if "extras" in item else {}
    texts = {name: item[name]["S"] for name in _TEXTS if name in item}
    numbers = {name: number_of(item, name) for name in _NUMBERS}
    alarmed = {"alarmed": item["alarmed"]["BOOL"]} if "alarmed" in item else {}
    return Incident.from_json(extras | texts | numbers | alarmed)


def change_item(change: Change, position: Position, *, feed: str, commit_id: str) -> Item:
    """A committed change; ``commit_id`` says which call wrote it.

    ``alarms`` stands at the top so that a stream's filter can select what calls for an e-mail.
    """
    after = change.after
    texts = {
        "feed": feed,
        "epoch": position.epoch,
        "incidentId": after.incident_id,
        "urgency": after.urgency.value,
        "commitId": commit_id,
        "before": _dumps(change.before.to_record()) if change.before else None,
        "after": _dumps(after.to_record()),
        "by": change.by,
        "note": change.note,
        "digest": change.digest,
        "keyUser": change.key.user if change.key else None,
        "keyText": change.key.key if change.key else None,
    }
    item: Item = {name: text(value) for name, value in texts.items() if value is not None}
    item["alarms"] = {"BOOL": change.notifies()}
    numbers = {"seq": position.seq, "revision": after.revision, "atUs": epoch_us(change.at)}
    return item | {name: number(value) for name, value in numbers.items()}


def change_from_image(image: Mapping[str, Any]) -> Change:
    """The change in an item of ``Changes``, or in a stream record's new image.

    Raises:
        KeyError, ValueError: it is no change (the counter, for one).
    """
    user, key = text_of(image, "keyUser"), text_of(image, "keyText")
    return Change(
        before=_incident(image["before"]["S"]) if "before" in image else None,
        after=_incident(image["after"]["S"]),
        by=text_of(image, "by"),
        note=text_of(image, "note"),
        digest=text_of(image, "digest"),
        key=IdempotencyKey(user, key) if user is not None and key is not None else None,
        position=Position(image["epoch"]["S"], number_of(image, "seq")),
    )


def key_name(key: IdempotencyKey) -> str:
    """The key's own key: bounded, whatever callers make up (a partition key has ≤ 2,048 bytes)."""
    return hashlib.sha256(_dumps([key.user, key.key]).encode()).hexdigest()


def _incident(document: str) -> Incident:
    return Incident.from_json(json.loads(document))


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
