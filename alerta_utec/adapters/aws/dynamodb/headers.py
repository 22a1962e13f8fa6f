"""The headers of changes in stream records, read without the models of incidents."""

from collections.abc import Mapping
from typing import Any

from alerta_utec.adapters.aws.dynamodb.attributes import number_of
from alerta_utec.domain.position import ChangeHeader, Position


def header_from_image(image: Mapping[str, Any]) -> ChangeHeader:
    """Read the header of the change in a stream record's new image.

    Raises:
        KeyError, ValueError: the item is not a change.
    """
    position = Position(image["epoch"]["S"], number_of(image, "seq"))
    return ChangeHeader(position, image["incidentId"]["S"], image["alarms"]["BOOL"])
