"""One call of ``IncidentStore.commit`` on DynamoDB: alone, or together with others in a rush."""

from dataclasses import dataclass, replace

from alerta_utec.adapters.aws.dynamodb.attributes import number_of, text_of
from alerta_utec.adapters.aws.dynamodb.combine import Combine
from alerta_utec.adapters.aws.dynamodb.commit_tables import CommitTables, Snapshot
from alerta_utec.adapters.aws.dynamodb.feed import DynamoFeed
from alerta_utec.adapters.aws.dynamodb.inbox import Submission
from alerta_utec.adapters.aws.dynamodb.items import change_from_image
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.errors import Conflict, Internal, NotFound, Unavailable
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.incidents import Committed

OUTCOME_UNKNOWN = "the outcome is unknown"
# How long to try to withdraw a submission: with the 20 s before, less than Lambda's limit of 29.
_WITHDRAW_S = 3.0


@dataclass
class Commit:
    """One call of ``IncidentStore.commit``.

    It reads the items that the change depends on, then writes it in one transaction which
    requires them unchanged. If another commit comes first, or the counter shows that one
    submission combines the commits of others, the change waits in the inbox: whichever call
    gets the lease commits all that wait (``Combine``), and the others look for their result.

    A transaction whose response is lost may have been applied, or may be applied later. None is
    applied twice: each creates the incident, or moves it on from the revision that the change
    was made from. The call finds its own by the ``commitId``, which no other call has.
    """

    own: Submission
    expected_revision: int | None
    tables: CommitTables
    feed: DynamoFeed
    retry: Retry
    clock: Clock
    # Attempts that met another commit or another failure.
    conflicts: int = 0
    _has_tried: bool = False
    _is_in_inbox: bool = False

    def run(self) -> Committed:
        """Store the change as ``IncidentStore.commit`` specifies."""
        return self._commit_alone() or self._commit_from_inbox()

    def _commit_alone(self) -> Committed | None:
        """Return the result, or ``None`` if the change has to wait in the inbox.

        Raises:
            As ``IncidentStore.commit``.
        """
        snapshot = self.tables.read([self.own.change])
        if snapshot is None:
            return None
        done = self._find(snapshot)
        if done is not None:
            return done
        if snapshot.counter is not None and snapshot.counter.is_in_rush(self.clock.now()):
            return None
        self._has_tried = True
        try:
            last = snapshot.counter.position if snapshot.counter else self.feed.begin_epoch()
            position = replace(last, seq=last.seq + 1)
            stored, actions = self.tables.stored(self.own, snapshot, position)
            self.tables.write([self.tables.counter.advance(last, 1), *actions])
        except Unavailable:
            self.conflicts += 1
            return None
        return Committed(stored)

    def _commit_from_inbox(self) -> Committed:
        """Wait in the inbox for the result, and withdraw the change if there is none in time.

        Raises:
            As ``IncidentStore.commit``.
        """
        self._has_tried = True
        failure: Internal | Unavailable = Unavailable("conflicts for the whole time")
        for _ in self.retry.attempts():
            try:
                done = self._wait()
            except Unavailable:
                continue
            except Internal as error:
                failure = error
                break
            if done is not None:
                return done
        done = self._withdraw()
        if done is None:
            raise failure
        return done

    def _wait(self) -> Committed | None:
        """Look for the result once; combine commits if no other submission does."""
        if not self._is_in_inbox:
            self.tables.inbox.put(self.own)
            self._is_in_inbox = True
        snapshot = self.tables.read([self.own.change], waiting=self.own)
        if snapshot is None:
            return None
        done = self._find(snapshot)
        if done is not None or not snapshot.is_waiting:
            return done
        if snapshot.counter is None:
            self.feed.begin_epoch()
        elif not snapshot.counter.is_leased(self.clock.now()):
            combined = Combine(self.tables, self.retry, self.clock).run(self.own)
            self.conflicts += combined.conflicts
            return Committed(combined.change) if combined.change else None
        return None

    def _withdraw(self) -> Committed | None:
        """Withdraw the change; return the result if a batch has committed it before.

        Raises:
            Unavailable: the outcome is unknown.
            Conflict: as ``IncidentStore.commit``.
        """
        for _ in replace(self.retry, give_up_after_s=_WITHDRAW_S).attempts():
            try:
                if self.tables.inbox.withdraw(self.own):
                    return None
                snapshot = self.tables.read([self.own.change])
                if snapshot is not None:
                    return self._find(snapshot)
            except Unavailable:
                continue
        raise Unavailable(OUTCOME_UNKNOWN)

    def _find(self, snapshot: Snapshot) -> Committed | None:
        """Return the result if the change is stored, by this call or as an equal creation before.

        Raises:
            Conflict, NotFound: as ``IncidentStore.commit``.
        """
        change = self.own.change
        if change.before is None:
            return self._find_creation(snapshot)
        if snapshot.incident(change) is None:
            raise NotFound(change.incident_id)
        is_expected = self.expected_revision in (None, change.before.revision)
        if snapshot.admits(change) and is_expected:
            return None
        return self._find_update(snapshot)

    def _find_creation(self, snapshot: Snapshot) -> Committed | None:
        change = self.own.change
        original = snapshot.original(change)
        if original is None:
            return None
        if text_of(original, "digest") != change.digest:
            raise Conflict(change.incident_id)
        item = self.feed.item_at(number_of(original, "createdSeq"))
        duplicate = text_of(item, "commitId") != self.own.commit_id
        return Committed(change_from_image(item), duplicate=duplicate)

    def _find_update(self, snapshot: Snapshot) -> Committed:
        incident, change = snapshot.incident(self.own.change), self.own.change
        if incident is not None and self._has_tried:
            for item in self.feed.items_back_from(number_of(incident, "seq")):
                if text_of(item, "commitId") == self.own.commit_id:
                    return Committed(change_from_image(item))
                if number_of(item, "revision") <= change.after.revision:
                    break
        raise Conflict(change.incident_id)
