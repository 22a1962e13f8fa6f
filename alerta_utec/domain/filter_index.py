"""Many filters at once."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Generic, TypeVar

from alerta_utec.domain.filters import FIELDS, Facets, Filter

T = TypeVar("T")


class FilterIndex(Generic[T]):
    """Finds which of many items want an incident, each by its filter.

    Items whose filters restrict the same fields are looked through together, and only at those.
    """

    def __init__(self) -> None:
        self._unrestricted: dict[T, None] = {}
        # By the fields that are restricted: what each item accepts in each of them.
        self._kinds: dict[tuple[str, ...], tuple[dict[T, frozenset[str]], ...]] = {}

    @property
    def fields(self) -> frozenset[str]:
        """The fields that some filter restricts: no item asks for the others."""
        return frozenset(chain.from_iterable(self._kinds))

    def add(self, item: T, wanted: Filter) -> None:
        """Let ``item`` be found by ``wanted``."""
        fields = _restricted(wanted)
        if not fields:
            self._unrestricted[item] = None
            return
        columns = self._kinds.setdefault(fields, tuple({} for _ in fields))
        for field, column in zip(fields, columns, strict=True):
            column[item] = getattr(wanted, field)

    def remove(self, item: T, wanted: Filter) -> None:
        """Undo ``add``."""
        fields = _restricted(wanted)
        if not fields:
            del self._unrestricted[item]
            return
        for column in self._kinds[fields]:
            del column[item]
        if not self._kinds[fields][0]:
            del self._kinds[fields]

    def accepting(self, states: Iterable[Facets]) -> Sequence[T]:
        """The items whose filter accepts one of ``states``, each once."""
        found = [self._accepting(facets) for facets in states]
        return found[0] if len(found) == 1 else list(dict.fromkeys(chain.from_iterable(found)))

    def _accepting(self, facets: Facets) -> list[T]:
        found = list(self._unrestricted)
        for fields, (first, *others) in self._kinds.items():
            value = getattr(facets, fields[0])
            left = [item for item, accepted in first.items() if value in accepted]
            for field, column in zip(fields[1:], others, strict=True):
                value = getattr(facets, field)
                left = [item for item in left if value in column[item]]
            found += left
        return found


def _restricted(wanted: Filter) -> tuple[str, ...]:
    """The fields that the filter restricts."""
    return tuple(field for field in FIELDS if getattr(wanted, field))
