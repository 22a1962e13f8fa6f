"""Whether an example of the documents is what the service says of its own messages."""

from typing import Any

from jsonschema import ValidationError

from tests.conformance.documents import Documents


class Described(Documents):
    """The service's documents, asked about examples rather than about traffic."""

    def check_event(self, example: Any) -> None:
        """Check an event that a webhook posts.

        Raises:
            ValidationError: it is none.
        """
        steps = ("components", "schemas")
        self._validator("urn:openapi", steps, leaf="WebhookEvent").validate(example)

    def check_body_or_answer(self, method: str, path: str, example: Any) -> None:
        """Check an example under a route's heading: its body, or one of its good answers.

        Raises:
            AssertionError: it is neither; the text has the reasons.
        """
        operation = self.openapi["paths"][path][method.lower()]
        start = ("paths", path, method.lower())
        places = [(*start, "requestBody")] if "requestBody" in operation else []
        good = [status for status in operation["responses"] if status.startswith("2")]
        places += [(*start, "responses", status) for status in good]
        reasons = []
        for place in places:
            try:
                steps = (*place, "content", "application/json")
                self._validator("urn:openapi", steps, leaf="schema").validate(example)
            except ValidationError as error:
                reasons.append(f"{'/'.join(place)}: {error.message}")
            else:
                return
        raise AssertionError("\n".join(reasons))
