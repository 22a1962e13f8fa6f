"""The text of a digest: one e-mail about several incidents that were held."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from alerta_utec.domain.change import Change
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.domain.values import Status
from alerta_utec.notifications.email import (
    SUBJECT_PREFIX,
    body_text,
    compose,
    local_time,
    subject_line,
)
from alerta_utec.notifications.email_texts import email_text
from alerta_utec.notifications.mailer import Email
from alerta_utec.notifications.sms import cut, gsm_7, short_text
from alerta_utec.notifications.throttle import group_of
from alerta_utec.ports.incidents import IncidentStore

LISTED_MAX = 100
LINE_MAX = 200


@dataclass(frozen=True)
class EmailComposer:
    """A ``Composer`` whose digests mark the incidents that have been resolved meanwhile."""

    incidents: IncidentStore
    timezone: ZoneInfo
    lang: Lang = DEFAULT_LANG

    def compose(self, changes: Sequence[Change]) -> Email:
        names = {change.incident_id for change in changes if len(changes) > 1}
        resolved = {name for name in names if self.incidents.get(name).status is Status.RESUELTO}
        email = compose_all(changes, self.timezone, self.lang, resolved)
        return replace(email, short=short_form(changes, email, self.timezone, self.lang))


def compose_all(
    changes: Sequence[Change],
    timezone: ZoneInfo,
    lang: Lang = DEFAULT_LANG,
    resolved: Collection[str] = (),
) -> Email:
    """Write the e-mail about ``changes`` (at least one); about a single one, as ``compose``.

    The most urgent come first; at most ``LISTED_MAX`` are listed. ``resolved`` holds the ids of
    resolved incidents. The same changes give the same ``message_id``, so that a repeat can be
    recognised.
    """
    if len(changes) == 1:
        return compose(changes[0], timezone, lang)
    ordered = sorted(changes, key=lambda change: (-change.after.urgency.rank, change.after.seq))
    names = " ".join(f"{one.incident_id}.{one.after.revision}" for one in ordered)
    name = hashlib.sha256(names.encode()).hexdigest()[:32]
    return Email(
        message_id=f"<{name}.{len(changes)}@alerta-utec>",
        subject=_subject(ordered, lang),
        body=_body(ordered, timezone, lang, resolved),
        cut_note=email_text("cut", lang),
    )


def short_form(
    changes: Sequence[Change], email: Email, timezone: ZoneInfo, lang: Lang = DEFAULT_LANG
) -> str:
    """Write the text message about ``changes``, of which ``email`` is."""
    if len(changes) == 1:
        return short_text(changes[0], timezone, lang)
    return cut(gsm_7(email.subject.removeprefix(SUBJECT_PREFIX)))


def _subject(changes: Sequence[Change], lang: Lang) -> str:
    first = changes[0].after
    head = email_text(f"urgency.{first.urgency}", lang).upper()
    if all(change.after.drill for change in changes):
        head = f"{email_text('drill', lang)} - {head}"
    about = f": {first.type} - {first.location}" if _alike(changes) else ""
    count = email_text("digest.subject", lang, count=len(changes))
    return subject_line(f"{SUBJECT_PREFIX}{head}: {count}{about}")


def _body(
    changes: Sequence[Change], timezone: ZoneInfo, lang: Lang, resolved: Collection[str]
) -> str:
    lines = [f"Alerta UTEC: {email_text('digest.opening', lang, count=len(changes))}", ""]
    if all(change.after.drill for change in changes):
        lines = [f"{email_text('drill', lang)}: {email_text('opening.drill', lang)}", "", *lines]
    lines += [email_text("digest.why", lang, zone=timezone.key), ""]
    for change in changes[:LISTED_MAX]:
        done = change.incident_id in resolved or change.resolves()
        lines += [*_entry(change, timezone, lang, resolved=done), ""]
    left = len(changes) - LISTED_MAX
    if left > 0:
        lines += [email_text("digest.more", lang, count=left), ""]
    return body_text(lines)


def _entry(change: Change, timezone: ZoneInfo, lang: Lang, *, resolved: bool) -> list[str]:
    incident = change.after
    urgency = email_text(f"urgency.{incident.urgency}", lang).upper()
    drill = f"{email_text('drill', lang)} - " if incident.drill else ""
    status = f" ({email_text('status.resuelto', lang)})" if resolved else ""
    first_line = incident.description.strip().partition("\n")[0]
    text = first_line if len(first_line) <= LINE_MAX else first_line[: LINE_MAX - 1] + "…"
    lines = [
        f"{drill}{urgency}: {incident.type} - {incident.location}{status}",
        f"  {local_time(incident.timestamp, timezone)}  {incident.incident_id}",
    ]
    return [*lines, f"  {text}"] if text else lines


def _alike(changes: Sequence[Change]) -> bool:
    return len({group_of(change) for change in changes}) == 1
