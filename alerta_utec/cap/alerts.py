"""An incident as an alert of the Common Alerting Protocol (OASIS CAP 1.2, 1 July 2010).

Numbers in brackets are sections of that standard. docs/integrations.md lists the source of each
element.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement
from zoneinfo import ZoneInfo

from alerta_utec.cap.texts import cap_text
from alerta_utec.domain.change import Change
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.messages import Lang
from alerta_utec.domain.values import Status, Urgency, unaccented

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
# "The expiry time of the information" (3.2.2); the end of an incident is unknown beforehand.
VALID_FOR = timedelta(hours=24)
# "160 characters MAY be a useful target limit for headline length" (3.2.2).
HEADLINE_MAX = 160

# Each category, by the beginnings of words in a type, without accents. An alert names all that
# match.
CATEGORIES: Mapping[str, str] = {
    "Fire": "incendio fuego humo quem fire smoke burn",
    "Geo": "sismo temblor terremoto tsunami deslizamiento derrumbe huaico earthquake landslide",
    "Met": "lluvia inundacion tormenta viento granizo rain flood storm",
    "Rescue": "rescate atrapad encerrad desaparecid rescue trapped missing",
    "Health": "salud medic herid lesion desmay intoxic accidente convulsion health injur sick",
    "Security": "robo hurto asalto intrus agresi violen acoso amenaza sospech vandal pelea armad "
    "theft robbery assault threat intru",
    "CBRNE": "quimic radiac explos biologic chemical radiol",
    "Env": "contaminacion derrame residuo plaga pollution spill",
    "Transport": "transito trafico vehic choque atropell traffic",
    "Infra": "agua electric corriente apagon luz energia gas fuga internet wifi ascensor "
    "temperatura servidor infraestructura techo water power outage leak elevator server",
    "Safety": "seguridad evacua caida riesgo peligro multitud safety crowd",
}
# An incident's urgency as CAP's urgency and severity (3.2.2).
LEVELS: Mapping[Urgency, tuple[str, str]] = {
    Urgency.HIGH: ("Immediate", "Severe"),
    Urgency.MEDIUM: ("Expected", "Moderate"),
    Urgency.LOW: ("Future", "Minor"),
}
# "Responsive action is no longer required", "minimal to no known threat" (3.2.2).
LEVEL_RESOLVED = ("Past", "Minor")
CERTAINTY: Mapping[Status, str] = {
    Status.PENDIENTE: "Likely",
    Status.EN_ATENCION: "Observed",
    Status.RESUELTO: "Observed",
}

# XML 1.0, section 2.2: every character that is not a Char.
_NO_CHAR = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# "MUST NOT include spaces, commas or restricted characters (< and &)" (3.2.1).
_NO_SENDER = re.compile(r"[\s,<&]+")


@dataclass(frozen=True)
class CapAlerts:
    """A writer of alerts."""

    # The globally unique name of this service.
    sender: str
    timezone: ZoneInfo
    # The language of the texts that the service adds to what people wrote.
    lang: Lang
    # Whether only signed-in people can read incidents.
    restricted: bool

    def write(self, history: Sequence[Change], *, page: str | None = None, test: bool) -> bytes:
        """Write the alert of an incident's last revision, as XML in UTF-8.

        The same revision and ``page`` give the same alert. It holds no person's name.

        Args:
            history: the last changes of the incident, the oldest first.
            page: the address of a page that shows the incident, if one is known.
            test: mark the alert as a test, which "all recipients disregard" (3.2.1).
        """
        *earlier, last = history
        incident = last.after
        alert = Element("alert", xmlns=NAMESPACE)
        _add(alert, "identifier", _identifier(last, test))
        _add(alert, "sender", self._sender)
        _add(alert, "sent", self._time(last.at))
        _add(alert, "status", "Test" if test else "Exercise" if incident.drill else "Actual")
        _add(alert, "msgType", "Update" if incident.revision > 1 else "Alert")
        _add(alert, "scope", "Restricted" if self.restricted else "Public")
        if self.restricted:
            _add(alert, "restriction", cap_text("restriction", self.lang))
        marks = self._marks(incident, test)
        if marks:
            _add(alert, "note", ": ".join([*marks, incident.incident_id]))
        if earlier:
            _add(alert, "references", " ".join(self._reference(one, test) for one in earlier))
        _add(alert, "incidents", incident.incident_id)
        self._info(alert, last, marks, page)
        ElementTree.indent(alert)
        document: bytes = ElementTree.tostring(alert, encoding="utf-8", xml_declaration=True)
        return document

    def _info(self, alert: Element, change: Change, marks: Sequence[str], page: str | None) -> None:
        incident, info = change.after, SubElement(alert, "info")
        _add(info, "language", cap_text("language", self.lang))
        for category in categories(incident.type):
            _add(info, "category", category)
        _add(info, "event", incident.type)
        _add_level(info, incident)
        _add(info, "effective", self._time(change.at))
        _add(info, "onset", self._time(incident.timestamp))
        _add(info, "expires", self._time(change.at + VALID_FOR))
        _add(info, "senderName", "Alerta UTEC")
        _add(info, "headline", _cut(": ".join([*marks, self._headline(incident)])))
        _add(info, "description", ": ".join([*marks, self._description(change)]))
        _add(info, "instruction", self._instruction(incident))
        if page is not None:
            _add(info, "web", page)
        shown = incident.to_json()
        for name in ("incidentId", "revision", "status"):
            parameter = SubElement(info, "parameter")
            _add(parameter, "valueName", name)
            _add(parameter, "value", str(shown[name]))
        _add(SubElement(info, "area"), "areaDesc", incident.location)

    @property
    def _sender(self) -> str:
        return _NO_SENDER.sub("-", self.sender)

    def _reference(self, change: Change, test: bool) -> str:
        return f"{self._sender},{_identifier(change, test)},{self._time(change.at)}"

    def _marks(self, incident: Incident, test: bool) -> list[str]:
        marks = [cap_text("test", self.lang)] if test else []
        return [*marks, cap_text("drill", self.lang)] if incident.drill else marks

    def _headline(self, incident: Incident) -> str:
        key = "headline.resolved" if incident.status is Status.RESUELTO else "headline"
        urgency = cap_text(f"urgency.{incident.urgency}", self.lang)
        place = {"type": incident.type, "location": incident.location}
        return cap_text(key, self.lang, urgency=urgency, **place)

    def _description(self, change: Change) -> str:
        text = change.after.description or cap_text("no_description", self.lang)
        if change.note is None:
            return text
        return f"{text}\n\n{cap_text('note', self.lang)}: {change.note}"

    def _instruction(self, incident: Incident) -> str:
        key = "high" if incident.urgency is Urgency.HIGH else "other"
        if incident.status is Status.RESUELTO:
            key = "resolved"
        return cap_text(f"instruction.{key}", self.lang)

    def _time(self, moment: datetime) -> str:
        """Format a time for CAP: whole seconds, a numeric offset, and UTC as ``-00:00`` (3.3.2).

        Historical offsets with seconds do not fit that form: such a time is written in UTC.
        """
        try:
            local = moment.astimezone(self.timezone)
        except OverflowError:  # the first or last hours of the years 1 to 9999
            local = moment.astimezone(UTC)
        offset = local.utcoffset()
        if not offset or offset % timedelta(minutes=1):
            local = moment.astimezone(UTC)
            return local.replace(tzinfo=None).isoformat(timespec="seconds") + "-00:00"
        return local.isoformat(timespec="seconds")


def categories(kind: str) -> list[str]:
    """Return the categories of an incident's type; ``Other`` if the table has none of its words."""
    words = re.findall(r"\w+", unaccented(kind).casefold())
    found = [
        category
        for category, beginnings in CATEGORIES.items()
        if any(word.startswith(tuple(beginnings.split())) for word in words)
    ]
    return found or ["Other"]


def _add_level(info: Element, incident: Incident) -> None:
    """Add the response, and how urgent, severe and certain the event is."""
    responses = ["Avoid", "Monitor"] if incident.urgency is Urgency.HIGH else ["Monitor"]
    urgency, severity = LEVELS[incident.urgency]
    if incident.status is Status.RESUELTO:
        responses, (urgency, severity) = ["AllClear"], LEVEL_RESOLVED
    for response in responses:
        _add(info, "responseType", response)
    _add(info, "urgency", urgency)
    _add(info, "severity", severity)
    _add(info, "certainty", CERTAINTY[incident.status])


def _identifier(change: Change, test: bool) -> str:
    """Return the identifier of a revision, which is different for a test of it."""
    return f"{change.incident_id}.{change.after.revision}" + (".test" if test else "")


def _cut(text: str) -> str:
    return text if len(text) <= HEADLINE_MAX else text[: HEADLINE_MAX - 1] + "…"


def _add(parent: Element, name: str, text: str) -> None:
    """Add a child with its text; U+FFFD replaces what XML cannot hold, so that no text is empty."""
    SubElement(parent, name).text = _NO_CHAR.sub("\ufffd", text)
