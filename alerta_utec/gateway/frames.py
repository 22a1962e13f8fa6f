"""Server-to-client WebSocket frames as bytes (RFC 6455, section 5.2: unmasked, unfragmented)."""

TEXT = 0x81
CLOSE = 0x88
PING_FRAME = bytes((0x89, 0))


def text_frame(payload: bytes) -> bytes:
    """Return one whole text message; ``payload`` is UTF-8."""
    return _header(TEXT, len(payload)) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """Return a close frame, with up to 123 bytes of the reason."""
    payload = code.to_bytes(2) + reason.encode()[:123]
    return _header(CLOSE, len(payload)) + payload


def _header(first: int, length: int) -> bytes:
    if length < 126:
        return bytes((first, length))
    if length < 1 << 16:
        return bytes((first, 126)) + length.to_bytes(2)
    return bytes((first, 127)) + length.to_bytes(8)
