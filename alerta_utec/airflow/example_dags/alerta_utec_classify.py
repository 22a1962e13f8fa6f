"""Every five minutes: raise the urgency of pending incidents that the rules call worse.

Nothing is ever lowered, and what a person has changed meanwhile is left to them until the next
run: the change names the revision that the rules were applied to. Where people sign in, the
connection's token needs the role ``autoridad``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task

from alerta_utec.airflow.hook import AlertaUtecHook
from alerta_utec.airflow.operators import AlertaUtecUpdateOperator
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.values import Urgency

# Airflow makes no more than 1,024 tasks out of one list.
AT_ONCE = 500


@dataclass(frozen=True)
class Rule:
    """An incident whose type or description has ``what``, at a location that has ``where``.

    Both are regular expressions, and case does not matter.
    """

    urgency: Urgency
    what: str
    where: str = ""

    def matches(self, incident: Incident) -> bool:
        """Whether it is about this incident."""
        told = f"{incident.type}\n{incident.description}"
        return bool(
            re.search(self.what, told, re.IGNORECASE)
            and re.search(self.where, incident.location, re.IGNORECASE)
        )


RULES = (
    #    urgency         what                                       where
    Rule(Urgency.HIGH, r"humo|fuego|incendio|explosi[oó]n|\bgas\b"),
    Rule(Urgency.HIGH, r"fuga|inundaci[oó]n|temperatura", r"laboratorio|servidor"),
    Rule(Urgency.MEDIUM, r"fuga|inundaci[oó]n|temperatura|el[eé]ctric"),
    Rule(Urgency.MEDIUM, r"ascensor|puerta|alarma", r"biblioteca|auditorio"),
)


def raised(incident: Incident, rules: Iterable[Rule] = RULES) -> dict[str, Any] | None:
    """The update that an incident needs by the rules; none where it is urgent enough."""
    matching = [rule for rule in rules if rule.matches(incident)]
    worst = max(matching, key=lambda rule: rule.urgency.rank, default=None)
    if worst is None or worst.urgency.rank <= incident.urgency.rank:
        return None
    where = f" en «{worst.where}»" if worst.where else ""
    return {
        "incident_id": incident.incident_id,
        "urgency": worst.urgency.value,
        "note": f"Urgencia subida por la regla «{worst.what}»{where}.",
        "revision": incident.revision,
    }


@dag(
    schedule="*/5 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=30)},
    tags=["alerta-utec"],
    doc_md=__doc__,
)
def alerta_utec_classify() -> None:
    """Read what is pending, apply the rules, move what they say."""

    @task
    def classify() -> list[dict[str, Any]]:
        with AlertaUtecHook().get_conn() as alerta:
            pending = alerta.incidents(status="pendiente", urgency=["low", "medium"])
            updates = [update for incident in pending if (update := raised(incident))]
        return updates[:AT_ONCE]

    AlertaUtecUpdateOperator.partial(
        task_id="raise_urgency", skip_on_conflict=True, map_index_template="{{ task.incident_id }}"
    ).expand_kwargs(classify())


alerta_utec_classify()
