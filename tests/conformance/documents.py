"""The service's documents of its wires, and the checks of frames and responses against them."""

import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from alerta_utec.domain.values import parse_time

Document = dict[str, Any]

_formats = FormatChecker(formats=())


@_formats.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or bool(parse_time(value))


class Documents:
    """Both documents of one deployment.

    Frames and bodies can have no top-level field that their schema does not name.
    """

    def __init__(self, asyncapi: Document, openapi: Document) -> None:
        self.asyncapi = asyncapi
        self.openapi = openapi
        resources = {
            name: Resource.from_contents(document, default_specification=DRAFT202012)
            for name, document in (("urn:asyncapi", asyncapi), ("urn:openapi", openapi))
        }
        self._registry: Any = Registry().with_resources(resources.items())
        self._frames = {
            _type(message): self._validator("urn:asyncapi", ("components", "messages", name))
            for name, message in asyncapi["components"]["messages"].items()
            if asyncapi["operations"][name]["action"] == "send"
        }
        self._paths = [
            (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), path)
            for path in openapi["paths"]
        ]

    def check_frame(self, frame: Mapping[str, Any]) -> None:
        """Assert that a frame of the service is one that it describes.

        A frame without ``type`` is the gateway's own, or was posted by a test.

        Raises:
            AssertionError, jsonschema.ValidationError.
        """
        if "type" not in frame:
            return
        assert frame["type"] in self._frames, f"a frame that is nowhere described: {frame}"
        self._frames[frame["type"]].validate(frame)

    def check_answer(self, method: str, path: str, status: int, kind: str, body: Any) -> None:
        """Assert that an answer of the HTTP API is one that it describes.

        Raises:
            AssertionError, jsonschema.ValidationError.
        """
        found = [known for pattern, known in self._paths if pattern.fullmatch(path)]
        if not found or method.lower() not in self.openapi["paths"][found[0]]:
            return
        answers = self.openapi["paths"][found[0]][method.lower()]["responses"]
        assert str(status) in answers, f"{method} {path}: {status} is nowhere described"
        assert kind in answers[str(status)]["content"], (method, path, status, kind)
        steps = ("paths", found[0], method.lower(), "responses", str(status), "content", kind)
        self._validator("urn:openapi", steps, leaf="schema").validate(body)

    def _validator(
        self, document: str, steps: tuple[str, ...], leaf: str = "payload"
    ) -> Draft202012Validator:
        pointer = "/".join(step.replace("~", "~0").replace("/", "~1") for step in (*steps, leaf))
        schema = {"$ref": f"{document}#/{pointer}", "unevaluatedProperties": False}
        return Draft202012Validator(schema, registry=self._registry, format_checker=_formats)


def _type(message: Mapping[str, Any]) -> str:
    return str(message["payload"]["properties"]["type"]["const"])
