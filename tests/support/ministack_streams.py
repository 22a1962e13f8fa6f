"""DynamoDB Streams' event sources as Lambda documents them, in place of ministack's own.

ministack 1.5.33 takes a partial failure for a success, repeats a failed batch for ever and
whole, and has one thread for all event sources, so that a consumer that hangs holds up every
other. Here, by the Lambda developer guide ("Using AWS Lambda with Amazon DynamoDB"): each event
source runs by itself; a batch resumes at the first record that failed; one that fails whole
is halved, which counts as no retry; after ``MaximumRetryAttempts``, or past
``MaximumRecordAgeInSeconds``, what is left of the batch goes to the dead letters and the next
one starts. A batch that did not reach its function, because that was throttled, is no attempt.

A third reader of a stream is refused. DynamoDB is designed for two ("Amazon DynamoDB developer
guide: Quotas"): on AWS the reads of more are throttled, which no test would notice.
"""

import contextvars
import json
import threading
import time
from dataclasses import dataclass
from typing import Any

from ministack.core.arn import parse_arn
from ministack.services import dynamodb
from ministack.services import lambda_svc as service

READERS_MAX = 2
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 2.0
Record = dict[str, Any]


@dataclass
class _Source:
    """One event source mapping and the state of its retries."""

    mapping: dict[str, Any]
    table: str
    limit: int | None = None
    retries: int = 0
    busy: bool = False

    def run(self) -> None:
        """Handle all batches in the stream."""
        try:
            while self.mapping["UUID"] in service._esms and self.mapping.get("Enabled", True):
                if not self._turn():
                    return
        finally:
            self.busy = False
            # A record that arrived since the last poll would wait for the next second.
            service._esm_wake.set()

    def _turn(self) -> bool:
        """Handle one batch and return whether there was one."""
        position = max(self._position, dynamodb.stream_start_position(self.table))
        size = self.limit or self.mapping.get("BatchSize", 100)
        batch = dynamodb.stream_records_since(self.table, position, size)
        if not batch:
            return False
        wanted = service._apply_filter_criteria(batch, self.mapping)
        function, _ = service._get_func_record_for_qualifier(
            self.mapping["FunctionName"], self.mapping.get("Qualifier")
        )
        if not wanted or function is None:
            self._go_to(position + len(batch))
            return True
        result = service._execute_function(function, {"Records": wanted})
        if result.get("throttle"):
            time.sleep(FIRST_PAUSE_S)
            return True
        failed = wanted if result.get("error") else _from_first_failure(wanted, result)
        if not failed:
            self.mapping["LastProcessingResult"] = f"OK - {len(wanted)} records"
            self._go_to(position + len(batch))
            return True
        self.mapping["LastProcessingResult"] = "FAILED"
        resume = position + batch.index(failed[0])
        if len(failed) < len(wanted):
            self._go_to(resume)
        self._again(function, failed, result, end=position + len(batch))
        return True

    def _again(
        self, function: Any, failed: list[Record], result: dict[str, Any], *, end: int
    ) -> None:
        if result.get("error") and len(failed) > 1 and self._setting("BisectBatchOnFunctionError"):
            self.limit = max(1, (end - self._position) // 2)
            return
        condition = self._given_up(failed)
        if condition:
            arn = self.mapping["EventSourceArn"]
            service._send_ddb_stream_failure_record(
                self.mapping, function, failed, arn, result, condition
            )
            self._go_to(end)
            return
        time.sleep(min(FIRST_PAUSE_S * 2**self.retries, LONGEST_PAUSE_S))
        self.retries += 1

    def _given_up(self, failed: list[Record]) -> str | None:
        most, oldest_s = (
            self._setting("MaximumRetryAttempts"),
            self._setting("MaximumRecordAgeInSeconds"),
        )
        if 0 <= most <= self.retries:
            return "RetryAttemptsExhausted"
        age_s = time.time() - failed[0]["dynamodb"]["ApproximateCreationDateTime"]
        return "RecordAgeExceeded" if 0 < oldest_s < age_s else None

    def _setting(self, name: str) -> int:
        """Return a number of the mapping, or -1, which means no limit, if it is not set."""
        value = self.mapping.get(name)
        return -1 if value is None else int(value)

    @property
    def _position(self) -> int:
        with service._dynamodb_stream_positions_lock:
            position: int = service._dynamodb_stream_positions[self.mapping["UUID"]]
            return position

    def _go_to(self, position: int) -> None:
        self.limit, self.retries = None, 0
        with service._dynamodb_stream_positions_lock:
            service._dynamodb_stream_positions[self.mapping["UUID"]] = position


def _from_first_failure(records: list[Record], result: dict[str, Any]) -> list[Record]:
    body = result.get("body")
    answer = json.loads(body) if isinstance(body, str) and body else body
    failures = (answer or {}).get("batchItemFailures", [])
    named = {failure["itemIdentifier"] for failure in failures}
    for number, record in enumerate(records):
        if record["dynamodb"]["SequenceNumber"] in named:
            return records[number:]
    return []


_sources: dict[str, _Source] = {}


def poll() -> bool:
    """Start a thread for each event source that has records."""
    for account, region, mapping in service._iter_all_esms():
        spec = parse_arn(mapping.get("EventSourceArn", ""))
        if spec.service != "dynamodb":
            continue
        service._request_account_id.set(account)
        service._request_region.set(region)
        table, _ = service._dynamodb_stream_table_from_arn_spec(spec)
        source = _sources.setdefault(mapping["UUID"], _Source(mapping, table))
        if source.busy or mapping["UUID"] not in service._dynamodb_stream_positions:
            continue
        if dynamodb.stream_end_position(table) <= source._position:
            continue
        source.busy = True
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(source.run,), daemon=True).start()
    return False


_begin, _all = service._init_stream_position, service._iter_all_esms


def begin(mapping_id: str, stream: str, starting: str) -> None:
    """Set where a new event source starts to read.

    Raises:
        ValueError: the stream has ``READERS_MAX`` readers already.
    """
    readers = {mapping["UUID"] for _, _, mapping in _all() if mapping["EventSourceArn"] == stream}
    if ":dynamodb:" in stream and len(readers - {mapping_id}) >= READERS_MAX:
        service._esms.pop(mapping_id, None)
        raise ValueError(f"LimitExceededException: {stream} has {READERS_MAX} readers")
    _begin(mapping_id, stream, starting)


def install() -> None:
    """Make ministack poll streams in this way."""
    service._poll_dynamodb_streams = poll
    service._init_stream_position = begin
