"""The text of a digest: one e-mail about several incidents that were held."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from alerta_utec.domain.change import Change
from alerta_utec.domain.values import Status
from alerta_utec.notifications.email import (
    SUBJECT_PREFIX,
    body_text,
    compose,
    local_time,
    subject_line,
)
from alerta_utec.notifications.fitting import ShortText
from alerta_utec.notifications.mailer import Email
from alerta_utec.notifications.sms import gsm_7, short_link, short_text
from alerta_utec.notifications.style import MessageStyle
from alerta_utec.notifications.throttle import group_of
from alerta_utec.ports.incidents import IncidentStore

LISTED_MAX = 100
LINE_MAX = 200


@dataclass(frozen=True)
class EmailComposer:
    """A ``Composer`` whose digests mark the incidents that have been resolved meanwhile."""

    incidents: IncidentStore
    style: MessageStyle

    def compose(self, changes: Sequence[Change]) -> Email:
        names = {change.incident_id for change in changes if len(changes) > 1}
        resolved = {name for name in names if self.incidents.get(name).status is Status.RESUELTO}
        email = compose_all(changes, self.style, resolved)
        return replace(email, short=short_form(changes, email, self.style))


def compose_all(
    changes: Sequence[Change], style: MessageStyle, resolved: Collection[str] = ()
) -> Email:
    """Write the e-mail about ``changes`` (at least one); about a single one, as ``compose``.

    The most urgent come first; at most ``LISTED_MAX`` are listed. ``resolved`` holds the ids of
    resolved incidents. The same changes give the same ``message_id``, so that a repeat can be
    recognised.
    """
    if len(changes) == 1:
        return compose(changes[0], style)
    ordered = sorted(changes, key=lambda change: (-change.after.urgency.rank, change.after.seq))
    names = " ".join(f"{one.incident_id}.{one.after.revision}" for one in ordered)
    name = hashlib.sha256(names.encode()).hexdigest()[:32]
    return Email(
        message_id=f"<{name}.{len(changes)}@alerta-utec>",
        subject=_subject(ordered, style),
        body=_body(ordered, style, resolved),
        cut_note=style.cut_note(style.panel_page),
    )


def short_form(changes: Sequence[Change], email: Email, style: MessageStyle) -> ShortText:
    """Write the text message about ``changes``, of which ``email`` is."""
    if len(changes) == 1:
        return short_text(changes[0], style)
    facts = gsm_7(email.subject.removeprefix(SUBJECT_PREFIX))
    return ShortText(facts, link=short_link(style.panel_page))


def _subject(changes: Sequence[Change], style: MessageStyle) -> str:
    first = changes[0].after
    head = style.say(f"urgency.{first.urgency}").upper()
    if all(change.after.drill for change in changes):
        head = f"{style.say('drill')} - {head}"
    about = f": {first.type} - {first.location}" if _alike(changes) else ""
    count = style.say("digest.subject", count=len(changes))
    return subject_line(f"{SUBJECT_PREFIX}{head}: {count}{about}")


def _body(changes: Sequence[Change], style: MessageStyle, resolved: Collection[str]) -> str:
    lines = [f"Alerta UTEC: {style.say('digest.opening', count=len(changes))}", ""]
    if all(change.after.drill for change in changes):
        lines = [f"{style.say('drill')}: {style.say('opening.drill')}", "", *lines]
    lines += [style.say("digest.why", zone=style.timezone.key), ""]
    if style.panel_page is not None:
        lines += [style.say("digest.panel", link=style.panel_page), ""]
    for change in changes[:LISTED_MAX]:
        done = change.incident_id in resolved or change.resolves()
        lines += [*_entry(change, style, resolved=done), ""]
    left = len(changes) - LISTED_MAX
    if left > 0:
        lines += [style.say("digest.more", count=left), ""]
    return body_text(lines)


def _entry(change: Change, style: MessageStyle, *, resolved: bool) -> list[str]:
    incident = change.after
    urgency = style.say(f"urgency.{incident.urgency}").upper()
    drill = f"{style.say('drill')} - " if incident.drill else ""
    status = f" ({style.say('status.resuelto')})" if resolved else ""
    first_line = incident.description.strip().partition("\n")[0]
    text = first_line if len(first_line) <= LINE_MAX else first_line[: LINE_MAX - 1] + "…"
    where = style.incident_page(incident.incident_id) or incident.incident_id
    lines = [
        f"{drill}{urgency}: {incident.type} - {incident.location}{status}",
        f"  {local_time(incident.timestamp, style.timezone)}  {where}",
    ]
    return [*lines, f"  {text}"] if text else lines


def _alike(changes: Sequence[Change]) -> bool:
    return len({group_of(change) for change in changes}) == 1
