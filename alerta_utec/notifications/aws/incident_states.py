"""The earlier states of incidents, from the tables of incidents and of changes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.dynamodb.attributes import text
from alerta_utec.adapters.aws.dynamodb.feed import DynamoFeed
from alerta_utec.adapters.aws.dynamodb.items import change_from_image, incident_from_item
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.domain.incident import Incident

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class DynamoIncidentStates:
    """``IncidentStates``; needs ``GetItem`` on both tables."""

    client: "DynamoDBClient"
    incidents_table: str
    feed: DynamoFeed

    def before(self, incident_id: str, seq: int) -> Incident | None:
        with translated("GetItem"):
            answer = self.client.get_item(
                TableName=self.incidents_table,
                Key={"incidentId": text(incident_id)},
                ConsistentRead=True,
            )
        item = answer.get("Item")
        if item is None:
            return None
        incident = incident_from_item(item)
        if incident.seq < seq:
            return incident
        changes = map(change_from_image, self.feed.items_back_from(incident.seq))
        return next((one.after for one in changes if one.after.seq < seq), None)
