"""The conversion of incidents and changes to and from DynamoDB items.

Fields that people search and filters select are attributes of their own; the rest is JSON.
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
    """Return the item of an incident; its extra fields are one JSON string."""
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
    """Read an incident that ``incident_item`` wrote.

    Raises:
        KeyError, ValueError: the item is not such an incident.
    """
    extras: dict[str, Any] = json.loads(item["extras"]["S"]) if "extras" in item else {}
    texts = {name: item[name]["S"] for name in _TEXTS if name in item}
    numbers = {name: number_of(item, name) for name in _NUMBERS}
    alarmed = {"alarmed": item["alarmed"]["BOOL"]} if "alarmed" in item else {}
    return Incident.from_json(extras | texts | numbers | alarmed)


def change_item(change: Change, position: Position, *, feed: str, commit_id: str) -> Item:
    """Return the item of a committed change; ``commit_id`` identifies the call that wrote it.

    The attribute ``alarms`` tells the relay which changes notify.
    """
    after = change.after
    texts = {
        "feed": feed,
        "epoch": position.epoch,
        "incidentId": after.incident_id,
        "urgency": after.urgency.value,
        "commitId": commit_id,
    }
    item: Item = {name: text(value) for name, value in texts.items()}
    item["alarms"] = {"BOOL": change.notifies()}
    numbers = {"seq": position.seq, "revision": after.revision, "atUs": epoch_us(change.at)}
    item |= {name: number(value) for name, value in numbers.items()}
    return item | change_attributes(change)


def change_attributes(change: Change) -> Item:
    """Return what a change consists of, as attributes of any item."""
    texts = {
        "before": _dumps(change.before.to_record()) if change.before else None,
        "after": _dumps(change.after.to_record()),
        "by": change.by,
        "note": change.note,
        "digest": change.digest,
        "keyUser": change.key.user if change.key else None,
        "keyText": change.key.key if change.key else None,
        "requestId": change.request_id,
    }
    return {name: text(value) for name, value in texts.items() if value is not None}


def change_from_image(image: Mapping[str, Any]) -> Change:
    """Read the change in an item of ``Changes`` or ``Inbox``, or in a stream record's new image.

    One in ``Inbox`` has no position.

    Raises:
        KeyError, ValueError: the item is not a change, but the counter for example.
    """
    user, key = text_of(image, "keyUser"), text_of(image, "keyText")
    return Change(
        before=_incident(image["before"]["S"]) if "before" in image else None,
        after=_incident(image["after"]["S"]),
        by=text_of(image, "by"),
        note=text_of(image, "note"),
        digest=text_of(image, "digest"),
        key=IdempotencyKey(user, key) if user is not None and key is not None else None,
        position=Position(image["epoch"]["S"], number_of(image, "seq")) if "seq" in image else None,
        request_id=text_of(image, "requestId"),
    )


def key_name(key: IdempotencyKey) -> str:
    """Return the partition key of an idempotency key: a hash, since it may have ≤ 2,048 bytes."""
    return hashlib.sha256(_dumps([key.user, key.key]).encode()).hexdigest()


def _incident(document: str) -> Incident:
    return Incident.from_json(json.loads(document))


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
