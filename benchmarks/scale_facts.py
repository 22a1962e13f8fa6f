"""What the model of a deployment on AWS assumes: its use, AWS's prices, times, and sizes."""

from collections.abc import Mapping
from dataclasses import dataclass

SIZES = (1_000, 10_000, 100_000, 1_000_000)
MILLION = 1e6
HOURS_A_MONTH = 730


@dataclass(frozen=True)
class Fact:
    """A number that the model assumes; ``why``: its source."""

    value: float
    unit: str
    what: str
    why: str


# How the service is used.
USE: Mapping[str, Fact] = {
    "changes_a_day": Fact(40, "", "changes a day", "20 incidents, each updated once"),
    "days": Fact(22, "", "days a month", "working days"),
    "hours": Fact(8, "h", "connected a day", "a working day"),
    "opened": Fact(6, "", "connections a day and client", "one every 2 h, and 2 reconnections"),
    "woken": Fact(10, "", "pings a day and client", "a return to the page, a network that is back"),
    "pages": Fact(2, "", "times a day that a client opens the panel", "assumed"),
    "emails": Fact(20, "", "addresses that get an e-mail", ""),
    "frame_bytes": Fact(600, "B", "of a frame", "metered up to 32 KB as one message"),
}
# List prices of us-east-1 of 2025 in dollars, without any free tier.
PRICES: Mapping[str, Fact] = {
    "message": Fact(1.00 / MILLION, "$", "WebSocket message, in or out", "API Gateway"),
    "many_messages": Fact(0.80 / MILLION, "$", "the same, beyond 1,000 M a month", "API Gateway"),
    "minute": Fact(0.25 / MILLION, "$", "minute of a connection", "API Gateway"),
    "http": Fact(1.00 / MILLION, "$", "request of an HTTP API", "API Gateway"),
    "invocation": Fact(0.20 / MILLION, "$", "invocation", "Lambda"),
    "gb_s": Fact(0.0000133334, "$", "GB-second on arm64", "Lambda"),
    "read": Fact(0.125 / MILLION, "$", "read unit of 4 KB, consistent", "DynamoDB on demand"),
    "write": Fact(0.625 / MILLION, "$", "write unit of 1 KB", "DynamoDB on demand"),
    "queue": Fact(0.40 / MILLION, "$", "request", "SQS"),
    "fifo": Fact(0.50 / MILLION, "$", "request to a queue in order (FIFO)", "SQS"),
    "key": Fact(0.03 / 10_000, "$", "request for a table's key", "KMS"),
    "email": Fact(2.00 / 100_000, "$", "e-mail", "SNS"),
    "log_gb": Fact(0.50, "$", "GB of ingested logs", "CloudWatch"),
    "metric": Fact(0.30, "$", "metric, for the hours in which it has values", "CloudWatch"),
    "alarm": Fact(0.10, "$", "metric of an alarm", "CloudWatch"),
    "dashboard": Fact(3.00, "$", "dashboard", "CloudWatch"),
    "secret": Fact(0.40, "$", "secret, where tokens are signed with one", "Secrets Manager"),
    "gb_out": Fact(0.09, "$", "GB to the internet", "data transfer"),
}
# Times and sizes of the service and of AWS.
COSTS: Mapping[str, Fact] = {
    "beat_s": Fact(480, "s", "between two heartbeats", "the service's own: 8 minutes"),
    "ping_s": Fact(270, "s", "between pings without a heartbeat", "the clients' own: 240 to 300 s"),
    "beat_useful_s": Fact(60, "s", "that a heartbeat is of use", "later shards are dropped"),
    "poll_s": Fact(0.25, "s", "until Lambda polls the stream", "4 times a second"),
    "page_s": Fact(0.10, "s", "a page of a scan, 1 MB", "assumed"),
    "read_s": Fact(0.01, "s", "a smaller read, at least", "assumed"),
    "item_bytes": Fact(150, "B", "a connection in the table", "120 and a filter"),
    "queue_s": Fact(0.10, "s", "from SQS to a Lambda that is warm", "assumed"),
    "batch_s": Fact(0.01, "s", "to queue ten shards", "assumed"),
    "post_s": Fact(0.010, "s", "a post to `@connections`", "assumed; the stand-in's"),
    "shard_s": Fact(0.03, "s", "a shard besides its posts", "two reads, one write"),
    "handler_s": Fact(0.015, "s", "a warm handler of a message", "assumed"),
    "log_bytes": Fact(900, "B", "logged for a call", "Lambda's three lines and the API's"),
    "call_log_bytes": Fact(
        350, "B", "of them, Lambda's", "not for clients' messages, except reports"
    ),
    "pollers": Fact(5, "", "pollers of a queue", "Lambda's, as its guide says"),
    "poller_s": Fact(20, "s", "that each waits at an empty queue", "long polling, at most"),
    "key_users": Fact(
        30, "", "pairs of a function and a table it uses", "each one process, assumed"
    ),
    "key_s": Fact(300, "s", "that a table's key is kept", "DynamoDB's guide, for a connection"),
    "sync_bytes": Fact(6_000, "B", "of an answer to `sync`", "ten incidents, assumed"),
    "page_requests": Fact(4, "", "requests of a panel that opens", "browsers keep its files"),
    "page_bytes": Fact(20_000, "B", "of their answers", "compressed, assumed"),
}
