"""Events in the shape in which API Gateway hands them to Lambda, by file name."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def load(name: str) -> dict[str, Any]:
    """A fresh copy of the event in ``name.json``."""
    event: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return event


def names() -> list[str]:
    """Every event there is."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def message(name: str, body: str | None, **context: Any) -> dict[str, Any]:
    """The message event ``name`` with another body and parts of its context replaced."""
    event = load(name)
    event["body"] = body
    event["requestContext"] |= context
    return event
