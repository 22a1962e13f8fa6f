"""API Gateway's limits, as the local gateway applies them; tests may set them lower.

Source: "Amazon API Gateway quotas", WebSocket API. The frame size of 32 KB is not limited here,
since the WebSocket library shows whole messages only.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits in bytes and seconds.

    ``buffer_max_bytes``: the bytes that may wait for one client that reads slowly; beyond it the
    client is closed with 1013 and aborted after ``abort_after_s``. ``buffers_max_bytes``: the
    bytes that may wait for all clients together; beyond it the clients with the most are closed
    first. ``body_s``: the time for the body of a request. ``closing_s``: the time for a client
    to answer a close frame. ``heartbeat_s``: the interval of the sign of life, which API Gateway
    does not have; proxies close a connection that is silent for 60 s.

    HTTP responses: a client takes ``response_min_bytes`` in each ``response_stall_s`` or is cut
    off; ``responses_per_address_max_bytes`` wait for the clients of one address, and
    ``responses_max_bytes`` for all together.
    """

    message_max_bytes: int = 128 * 1024
    url_max_chars: int = 4096
    body_max_bytes: int = 1024 * 1024
    idle_s: float = 600
    age_s: float = 7200
    handler_s: float = 29
    handshake_s: float = 10
    body_s: float = 10
    buffer_max_bytes: int = 1024 * 1024
    buffers_max_bytes: int = 256 * 1024 * 1024
    abort_after_s: float = 2
    closing_s: float = 2
    heartbeat_s: float = 25
    response_stall_s: float = 10
    response_min_bytes: int = 4096
    responses_per_address_max_bytes: int = 8 * 1024 * 1024
    responses_max_bytes: int = 32 * 1024 * 1024
