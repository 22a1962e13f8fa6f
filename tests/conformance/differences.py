"""The named differences of a deployment from API Gateway; this list is complete.

A test calls ``target.differs(name)`` and then asserts the other behaviour.
"""

from collections.abc import Mapping

LOCAL: Mapping[str, str] = {
    "single_frame_over_32_kb": (
        "aiohttp hands over whole messages and shows no single frame's size: a frame between "
        "32 and 128 KB is answered with too_large, where API Gateway closes with 1009."
    ),
}

EMULATOR: Mapping[str, str] = {
    "single_frame_over_32_kb": "It closes no socket for a frame's size; the handler refuses it.",
    "message_over_128_kb": "It closes no socket for a message's size; the handler refuses it.",
    "binary_frame": (
        "It takes a binary frame for text and routes it, where API Gateway closes with 1003."
    ),
    "deep_json": (
        "Its own JSON reader overflows while it looks for the action, and closes the socket."
    ),
    "lifecycle_actions": (
        "It runs $connect and $disconnect for messages that name them as their action."
    ),
    "refused_handshake": "Whatever status $connect returns, a refused handshake is a 403.",
    "any_stage": "It opens the socket under a stage that was never deployed.",
    "connection_id_shape": "Its connection ids are 16 hexadecimal digits, not base64.",
    "get_connection_keys": (
        "GET names its fields ConnectedAt, Identity and LastActiveAt, which SDKs do not read."
    ),
    "malformed_connection_id": "It answers 410 to a malformed id, where API Gateway answers 400.",
    "post_over_128_kb": "It delivers frames of any size, where API Gateway answers 413.",
}
