"""The open sockets in groups by filter, and the lookup of the groups that a change matches."""

import time
from collections.abc import Mapping, Sequence
from itertools import chain

from alerta_utec.domain.change import Change
from alerta_utec.domain.filter_index import FilterIndex
from alerta_utec.domain.filters import Facets, Filter, facets_of
from alerta_utec.gateway.recipients import CachedRecipients, SubscriberGroup, Target
from alerta_utec.gateway.socket import ClientSocket
from alerta_utec.ports.connections import Form

# The states of every change while no filter restricts any field.
_UNRESTRICTED = (Facets("", "", "", ""),)
# The number of lookups in the cache; each takes 20 bytes for each recipient.
CACHED_LOOKUPS_MAX = 16

# A change's states before and after it, reduced to the fields that filters restrict.
States = Sequence[Facets]


class SubscriberGroups:
    """An index from changes to the sockets that receive them; not thread-safe.

    Lookups are cached until a socket joins, leaves, or changes its backlog.
    """

    def __init__(self) -> None:
        self._groups: dict[tuple[Filter, Form], SubscriberGroup] = {}
        self._group_of: dict[ClientSocket, SubscriberGroup] = {}
        self._indexes: Mapping[Form, FilterIndex[SubscriberGroup]] = {
            Form(private, together): FilterIndex()
            for private in (False, True)
            for together in (False, True)
        }
        self._cache: dict[tuple[States, ...], Sequence[CachedRecipients]] = {}

    def join(self, socket: ClientSocket, wanted: Filter, form: Form) -> None:
        """Put a socket that is in no group into the group of this filter and form."""
        key = (wanted, form)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = SubscriberGroup(*key)
            self._indexes[form].add(group, wanted)
        group.add(socket)
        self._group_of[socket] = group
        self._invalidate()

    def leave(self, socket: ClientSocket) -> None:
        """Remove the socket from its group, if it is in one."""
        group = self._group_of.pop(socket, None)
        if group is None:
            return
        socket.touched_ms = max(socket.touched_ms, group.last_broadcast_ms)
        group.remove(socket)
        self._invalidate()
        if not group.members:
            del self._groups[group.filter, group.form]
            self._indexes[group.form].remove(group, group.filter)

    def refresh(self, socket: ClientSocket) -> None:
        """Take note that the socket's ``backlogged`` has changed."""
        group = self._group_of.get(socket)
        if group is not None:
            group.invalidate()
            self._invalidate()

    def last_active_ms(self, socket: ClientSocket) -> int:
        """Return when the last message passed, broadcasts included; epoch milliseconds."""
        group = self._group_of.get(socket)
        return (
            socket.touched_ms if group is None else max(socket.touched_ms, group.last_broadcast_ms)
        )

    def targets_of(self, changes: Sequence[Change]) -> Sequence[Target]:
        """Return which sockets receive which of the changes, and note the broadcast's time."""
        now_ms = int(time.time() * 1000)
        indexes_of = self._by_states(changes)
        indexes = list(indexes_of.values())
        targets = []
        for cached in self._look_up(tuple(indexes_of)):
            cached.last_broadcast_ms = now_ms
            received = sorted(chain.from_iterable(indexes[state] for state in cached.states))
            targets.append(Target(cached.form, tuple(received), cached.recipients))
        return targets

    def _by_states(self, changes: Sequence[Change]) -> Mapping[States, list[int]]:
        """Return the indexes of the changes by their states: equal states match equal filters."""
        fields = frozenset[str]().union(*(index.fields for index in self._indexes.values()))
        if not fields:
            return {_UNRESTRICTED: list(range(len(changes)))}
        indexes_of: dict[States, list[int]] = {}
        for index, change in enumerate(changes):
            states = tuple(dict.fromkeys(facets.only(fields) for facets in facets_of(change)))
            indexes_of.setdefault(states, []).append(index)
        return indexes_of

    def _look_up(self, states: tuple[States, ...]) -> Sequence[CachedRecipients]:
        """Return the recipients for these states, from the cache if possible."""
        found = self._cache.get(states)
        if found is None:
            if len(self._cache) >= CACHED_LOOKUPS_MAX:
                self._invalidate()
            found = self._cache[states] = [
                CachedRecipients(form, matched, groups)
                for form, index in self._indexes.items()
                for matched, groups in _groups_by_match(index, states).items()
            ]
        return found

    def _invalidate(self) -> None:
        """Empty the cache, since a group has changed."""
        for cached in chain.from_iterable(self._cache.values()):
            cached.invalidate()
        self._cache.clear()


def _groups_by_match(
    index: FilterIndex[SubscriberGroup], states: Sequence[States]
) -> Mapping[tuple[int, ...], Sequence[SubscriberGroup]]:
    """Return the groups that match some of the states, by the indexes of those states."""
    matches = [index.accepting(one) for one in states]
    if len(matches) == 1:
        return {(0,): matches[0]} if matches[0] else {}
    matched_by: dict[SubscriberGroup, tuple[int, ...]] = {}
    for number, groups in enumerate(matches):
        for group in groups:
            matched_by[group] = (*matched_by.get(group, ()), number)
    groups_by_match: dict[tuple[int, ...], list[SubscriberGroup]] = {}
    for group, matched in matched_by.items():
        groups_by_match.setdefault(matched, []).append(group)
    return groups_by_match
