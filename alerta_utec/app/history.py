"""An incident's history, read from its end in pages as it is needed."""

from collections.abc import Iterator

from alerta_utec.domain.change import Change
from alerta_utec.ports.incidents import HISTORY_PAGE, IncidentStore


def changes_back_from(
    store: IncidentStore,
    incident_id: str,
    before_revision: int | None = None,
    *,
    page_size: int = HISTORY_PAGE,
) -> Iterator[Change]:
    """Yield the incident's changes before a revision, or all, the newest first.

    Raises:
        NotFound, Unavailable: at any step.
    """
    while before_revision is None or before_revision > 1:
        page = store.history(incident_id, limit=page_size, before_revision=before_revision)
        if not page:
            return
        yield from reversed(page)
        # Damaged changes are missing in a page, and one of the first revision ends it.
        before_revision = page[0].after.revision
