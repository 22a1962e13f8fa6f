"""API Gateway's limits, as the local gateway keeps them; tests may set them lower.

Source: "Amazon API Gateway quotas", WebSocket API; the frame size of 32 KB is not kept here,
since whole messages are all that the WebSocket library shows.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds in bytes and seconds.

    ``buffer_max_bytes``: what may wait for one client that reads slowly; beyond it the client
    is closed with 1013 and aborted after ``abort_after_s``. ``buffers_max_bytes``: what may
    wait for all of them together; beyond it those with the most waiting go first.
    ``body_s``: how long the body of a request may take. ``closing_s``: how long
    a client may take to answer a close frame.
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
    handler_threads: int = 32
