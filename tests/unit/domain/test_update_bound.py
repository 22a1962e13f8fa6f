"""The bound of an incident's updates: it ends, and the way to the end is always open."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.errors import InvalidRequest
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.update import FREE_REVISIONS, require_advance
from alerta_utec.domain.values import Status, Urgency
from tests.contract.builders import creation

AT = datetime(2026, 11, 24, tzinfo=UTC)
Update = tuple[Status | None, Urgency | None]
UPDATES = st.tuples(st.sampled_from([None, *Status]), st.sampled_from([None, *Urgency]))


def at_revision(revision: int, status: Status, urgency: Urgency) -> Incident:
    return creation(status=status, urgency=urgency).after.model_copy(update={"revision": revision})


def updated(incident: Incident, update: Update) -> Incident | None:
    """Return the incident after the update; ``None`` if the bound refuses it."""
    status, urgency = (
        None if new is old else new
        for new, old in zip(update, (incident.status, incident.urgency), strict=True)
    )
    try:
        require_advance(incident, status, urgency)
    except InvalidRequest:
        return None
    return incident.updated(at=AT, status=status, urgency=urgency)


@given(st.sampled_from(Status), st.sampled_from(Urgency), st.lists(UPDATES, max_size=40))
def test_at_most_four_revisions_follow_the_free_ones(
    status: Status, urgency: Urgency, updates: list[Update]
) -> None:
    incident = at_revision(FREE_REVISIONS, status, urgency)

    for update in updates:
        incident = updated(incident, update) or incident

    assert incident.revision <= FREE_REVISIONS + 4


@given(st.sampled_from(Status), st.sampled_from(Urgency), st.lists(UPDATES, max_size=40))
def test_an_incident_can_always_be_resolved_and_rise(
    status: Status, urgency: Urgency, updates: list[Update]
) -> None:
    incident = at_revision(FREE_REVISIONS + 10, status, urgency)
    for update in updates:
        incident = updated(incident, update) or incident

    grave = incident.urgency is Urgency.HIGH or updated(incident, (None, Urgency.HIGH))
    closed = incident.status is Status.RESUELTO or updated(incident, (Status.RESUELTO, None))

    assert grave
    assert closed


@given(st.integers(1, FREE_REVISIONS - 1), UPDATES)
def test_any_update_is_taken_before(revision: int, update: Update) -> None:
    assert updated(at_revision(revision, Status.RESUELTO, Urgency.HIGH), update) is not None


@pytest.mark.parametrize(
    ("update", "fields"),
    [
        ((None, None), ["note"]),
        ((Status.PENDIENTE, None), ["status"]),
        ((None, Urgency.LOW), ["urgency"]),
        ((Status.RESUELTO, Urgency.LOW), ["urgency"]),
        ((Status.PENDIENTE, Urgency.LOW), ["status", "urgency"]),
    ],
)
def test_the_refusal_names_each_field_that_goes_back(update: Update, fields: list[str]) -> None:
    incident = at_revision(FREE_REVISIONS, Status.EN_ATENCION, Urgency.MEDIUM)

    with pytest.raises(InvalidRequest) as refused:
        require_advance(incident, *update)

    assert [problem.field for problem in refused.value.problems] == fields
    assert {problem.key for problem in refused.value.problems} == {"too_many_revisions"}
