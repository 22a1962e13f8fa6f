"""The content of a rules file as nodes: values with the lines that they are on, if known.

Two parsers write the same YAML as nodes: PyYAML on one machine, the deployment framework's for
AWS. A scalar says whether its parser took it for text, so that a text which some parsers take
for a number or a switch has to be in quotes for all of them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value, as it is written."""

    text: str
    is_text: bool = True
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: "tuple[Node, ...]" = ()
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Pairs:
    """A mapping; a key can be there twice."""

    pairs: "tuple[tuple[Node, Node], ...]" = ()
    line: int | None = None


Node = Scalar | Items | Pairs


def from_json(value: Any) -> Node:
    """Return the nodes of parsed JSON, which has no lines."""
    if isinstance(value, str):
        return Scalar(value)
    if isinstance(value, list):
        return Items(tuple(map(from_json, value)))
    if isinstance(value, Mapping):
        return Pairs(tuple((Scalar(key), from_json(one)) for key, one in value.items()))
    return Scalar(json.dumps(value), is_text=False)
