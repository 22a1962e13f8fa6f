"""The answer to the probes of a deployment."""

from collections.abc import Mapping

from alerta_utec.adapters.aws import clients
from alerta_utec.handlers.probe import ProbedStream
from alerta_utec.handlers.stream import RecordsHandler


def probed(records: RecordsHandler, environment: Mapping[str, str]) -> ProbedStream:
    """Return a handler of the stream that answers probes too (``CHANGES_TABLE``)."""

    def answer(feed: str, seq: int) -> None:
        # Loaded at the first probe: only a deployment sends one.
        from alerta_utec.adapters.aws.dynamodb.probes import DynamoProbes

        DynamoProbes(clients.dynamodb(), environment["CHANGES_TABLE"]).answer(feed, seq)

    return ProbedStream(records, answer)
