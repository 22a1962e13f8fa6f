"""Throttle state, holds and digests to and from DynamoDB's items."""

import json
from collections.abc import Mapping

from alerta_utec.adapters.aws.dynamodb.attributes import Item, number_of, text
from alerta_utec.domain.values import format_time, parse_time
from alerta_utec.notifications.throttle_state import Held, Hold, HoldReason, ThrottleState
from alerta_utec.notifications.topic_ports import Digest

# The kinds of rows in sort order: decisions come before all that a release has to read.
DECIDED, STATE, HELD, DIGEST = "decided", "gate", "held", "parcel"


def row_name(kind: str, seq: int) -> str:
    """Return the sort key of a row; padded, so that rows sort by ``seq``."""
    return f"{kind}#{seq:015}"


def key(recipient: str, row: str) -> Item:
    """Return the key of a row."""
    return {"recipient": text(recipient), "row": text(row)}


def state_from(item: Item | None) -> ThrottleState:
    """Return the state in a row; a new one without a row."""
    if item is None:
        return ThrottleState()
    return ThrottleState.from_json(json.loads(item["gate"]["S"]), number_of(item, "version"))


def hold_attributes(hold: Hold) -> Item:
    """Return the attributes of a hold."""
    return {"because": text(hold.reason), "until": text(format_time(hold.until))}


def hold_from(item: Item) -> Hold | None:
    """Return the hold in a row, or ``None``."""
    if "because" not in item:
        return None
    return Hold(HoldReason(item["because"]["S"]), parse_time(item["until"]["S"]))


def held_from(rows: Mapping[str, Item]) -> dict[int, Held]:
    """Return the held notifications of these rows, by ``seq``, without members of digests."""
    digests = [digest_from(item) for row, item in rows.items() if row.startswith(DIGEST)]
    leaving = {seq for digest in digests for seq in digest.members}
    found: dict[int, Held] = {}
    for row, item in rows.items():
        hold = hold_from(item) if row.startswith(HELD) else None
        if hold is not None and number_of(item, "seq") not in leaving:
            seq = number_of(item, "seq")
            found[seq] = Held(seq, item["group"]["S"], hold)
    return found


def digest_from(item: Item) -> Digest:
    """Return the digest in a row."""
    members = json.loads(item["members"]["S"])
    return Digest(
        {int(seq): HoldReason(reason) for seq, reason in members.items()},
        parse_time(item["owedSince"]["S"]),
        number_of(item, "tryAtUs"),
        number_of(item, "attempts"),
    )
