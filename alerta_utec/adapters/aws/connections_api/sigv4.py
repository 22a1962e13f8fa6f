"""Signature Version 4 for many small requests to one host.

botocore takes half a millisecond for any request. Here, what is the same from one request to the
next is computed once (AWS IAM user guide, "Create a signed AWS API request").
"""

import hashlib
import hmac
import time
from dataclasses import dataclass, field

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key; ``token`` is a role's session token, ``None`` for a user's own keys."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Payload:
    """A request's body, and its hash."""

    data: bytes
    sha256: str

    @classmethod
    def of(cls, data: bytes) -> "Payload":
        """Return the payload for ``data``."""
        return cls(data, hashlib.sha256(data).hexdigest())


EMPTY = Payload.of(b"")


@dataclass(frozen=True, slots=True)
class _Moment:
    """The parts that the signatures of one second share; ``headers`` are the canonical headers."""

    at_s: int
    date: str
    scope: str
    key: bytes
    headers: str


class Signer:
    """A signer of requests to ``host`` (with its port, unless it is the scheme's default).

    Safe for several threads. Signs ``host``, ``x-amz-date`` and, if the credentials have one,
    ``x-amz-security-token``.
    """

    def __init__(self, credentials: Credentials, *, region: str, service: str, host: str) -> None:
        self._credentials = credentials
        self._region, self._service, self._host = region, service, host
        self._names = "host;x-amz-date" + (";x-amz-security-token" if credentials.token else "")
        self._moment = self._moment_at(int(time.time()))

    def headers(
        self, method: str, canonical_path: str, payload: Payload, *, at_s: int | None = None
    ) -> dict[str, str]:
        """Return the headers, ``Host`` among them, that sign a request without a query.

        ``canonical_path``: the path as it is sent, percent-encoded once more except its slashes.
        ``at_s``: seconds since 1970, by default now.
        """
        moment = self._moment
        at_s = int(time.time()) if at_s is None else at_s
        if moment.at_s != at_s:
            moment = self._moment = self._moment_at(at_s)
        canonical = (
            f"{method}\n{canonical_path}\n\n{moment.headers}\n{self._names}\n{payload.sha256}"
        )
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"{_ALGORITHM}\n{moment.date}\n{moment.scope}\n{hashed}"
        signature = _hmac(moment.key, to_sign).hex()
        credentials = self._credentials
        headers = {
            "Host": self._host,
            "X-Amz-Date": moment.date,
            "Authorization": f"{_ALGORITHM} Credential={credentials.access_key}/{moment.scope}, "
            f"SignedHeaders={self._names}, Signature={signature}",
        }
        if credentials.token:
            headers["X-Amz-Security-Token"] = credentials.token
        return headers

    def _moment_at(self, at_s: int) -> _Moment:
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at_s))
        parts = (date[:8], self._region, self._service, "aws4_request")
        key = f"AWS4{self._credentials.secret_key}".encode()
        for part in parts:
            key = _hmac(key, part)
        token = self._credentials.token
        signed = f"host:{self._host}\nx-amz-date:{date}\n"
        signed += f"x-amz-security-token:{token}\n" if token else ""
        return _Moment(at_s, date, "/".join(parts), key, signed)


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
