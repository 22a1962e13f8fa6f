"""A ``WebhookSender`` that keeps what it is given."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from alerta_utec.webhooks.job import PostResult


@dataclass(frozen=True, slots=True)
class Post:
    """A request that a ``FakeWebhookSender`` was given."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass
class FakeWebhookSender:
    """A ``WebhookSender`` that appends each request to ``posts``.

    ``results`` has the results to the next posts, in order; after them every answer is a 204.
    """

    posts: list[Post] = field(default_factory=list)
    results: list[PostResult] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
        with self._lock:
            self.posts.append(Post(url, body, headers))
            return self.results.pop(0) if self.results else PostResult(204)
