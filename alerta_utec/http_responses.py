"""What every HTTP client of this project does with a response, whichever library sends for it."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse

INTERIM_MAX = 20
_SWITCHING_PROTOCOLS = 101


class FinalResponse(HTTPResponse):
    """A response that skips the interim ones before it, such as ``103 Early Hints``.

    A client must be able to (RFC 9110, section 15.2); ``http.client`` itself skips only 100.
    Set it as a connection's ``response_class``.
    """

    def begin(self) -> None:
        """Read the head of the final response.

        Raises:
            HTTPException: there are more interim responses than any server would send.
            OSError.
        """
        super().begin()
        for _ in range(INTERIM_MAX):
            if not 100 <= self.status < 200 or self.status == _SWITCHING_PROTOCOLS:
                return
            # A response that has no headers yet reads its head.
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()
        raise HTTPException("too many interim responses")


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, never negative.

    Its value is a number of seconds or an HTTP date (RFC 9110, section 10.2.3); anything else, as
    no header, is ``None``. The caller bounds the result: it can be centuries.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:10])
    try:
        at = parsedate_to_datetime(text)
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())
    except (ValueError, OverflowError, TypeError):
        return None
