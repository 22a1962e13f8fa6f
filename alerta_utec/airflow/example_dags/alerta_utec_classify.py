"""Every five minutes: raise the urgency of pending incidents that match a rule.

The DAG never lowers an urgency. It leaves an incident that a person changes meanwhile to the next
run, because each update names the revision that the rules were applied to. If the service requires
sign-in, the connection's token needs the role ``autoridad``.
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

# Airflow creates at most 1,024 tasks from one list.
AT_ONCE = 500


@dataclass(frozen=True)
class UrgencyRule:
    """The urgency of incidents with ``what`` in type or description and ``where`` in location.

    Both are regular expressions and ignore case.
    """

    urgency: Urgency
    what: str
    where: str = ""

    def matches(self, incident: Incident) -> bool:
        """Return whether the rule matches this incident."""
        text = f"{incident.type}\n{incident.description}"
        return bool(
            re.search(self.what, text, re.IGNORECASE)
            and re.search(self.where, incident.location, re.IGNORECASE)
        )


RULES = (
    #    urgency         what                                       where
    UrgencyRule(Urgency.HIGH, r"humo|fuego|incendio|explosi[oó]n|\bgas\b"),
    UrgencyRule(Urgency.HIGH, r"fuga|inundaci[oó]n|temperatura", r"laboratorio|servidor"),
    UrgencyRule(Urgency.MEDIUM, r"fuga|inundaci[oó]n|temperatura|el[eé]ctric"),
    UrgencyRule(Urgency.MEDIUM, r"ascensor|puerta|alarma", r"biblioteca|auditorio"),
)


def raise_by_rules(
    incident: Incident, rules: Iterable[UrgencyRule] = RULES
) -> dict[str, Any] | None:
    """Return the update that raises an incident to its urgency by the rules, or ``None``."""
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
    """Read the pending incidents, apply the rules and raise urgencies."""

    @task
    def classify() -> list[dict[str, Any]]:
        with AlertaUtecHook().get_conn() as alerta:
            pending = alerta.incidents(status="pendiente", urgency=["low", "medium"])
            updates = [update for incident in pending if (update := raise_by_rules(incident))]
        return updates[:AT_ONCE]

    AlertaUtecUpdateOperator.partial(
        task_id="raise_urgency", skip_on_conflict=True, map_index_template="{{ task.incident_id }}"
    ).expand_kwargs(classify())


alerta_utec_classify()
