"""The headers of changes in stream records, read without the models of incidents."""

from collections.abc import Mapping
from typing import Any

from alerta_utec.adapters.aws.dynamodb.attributes import number_of
from alerta_utec.domain.position import ChangeHeader, Position

# A restore gives it to the changes that it copies: they are no news to the stream's readers.
RESTORED = "restored"


def is_restored(image: Mapping[str, Any]) -> bool:
    """Tell whether a stream record's new image is a copy that a restore has made."""
    return RESTORED in image


def header_from_image(image: Mapping[str, Any]) -> ChangeHeader:
    """Read the header of the change in a stream record's new image.

    Raises:
        KeyError, ValueError: the item is not a change.
    """
    position = Position(image["epoch"]["S"], number_of(image, "seq"))
    return ChangeHeader(position, image["incidentId"]["S"], image["alarms"]["BOOL"])
