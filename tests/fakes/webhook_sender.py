"""A ``WebhookSender`` that keeps what it is given."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from alerta_utec.webhooks.ports import Answer


@dataclass(frozen=True, slots=True)
class Post:
    """A request that a ``FakeWebhookSender`` was given."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass
class FakeWebhookSender:
    """A ``WebhookSender`` that appends each request to ``posts``.

    ``answers`` has the answers to the next posts, in order; after them every answer is a 204.
    """

    posts: list[Post] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        with self._lock:
            self.posts.append(Post(url, body, headers))
            return self.answers.pop(0) if self.answers else Answer(204)
