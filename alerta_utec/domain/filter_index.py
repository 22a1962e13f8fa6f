"""An index of many filters, so that a change need not be compared with each of them."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Generic, TypeVar

from alerta_utec.domain.filters import FIELDS, Facets, Filter

T = TypeVar("T")


class FilterIndex(Generic[T]):
    """Items by their filters.

    Items whose filters restrict the same fields are compared together, in those fields alone.
    """

    def __init__(self) -> None:
        self._unrestricted: dict[T, None] = {}
        # By the restricted fields: for each of these, the values that each item accepts.
        self._kinds: dict[tuple[str, ...], tuple[dict[T, frozenset[str]], ...]] = {}

    @property
    def fields(self) -> frozenset[str]:
        """The fields that at least one filter restricts."""
        return frozenset(chain.from_iterable(self._kinds))

    def add(self, item: T, wanted: Filter) -> None:
        """Add ``item`` under the filter ``wanted``."""
        fields = _restricted(wanted)
        if not fields:
            self._unrestricted[item] = None
            return
        columns = self._kinds.setdefault(fields, tuple({} for _ in fields))
        for field, column in zip(fields, columns, strict=True):
            column[item] = getattr(wanted, field)

    def remove(self, item: T, wanted: Filter) -> None:
        """Remove an item that was added with the same filter.

        Raises:
            KeyError: it was not added.
        """
        fields = _restricted(wanted)
        if not fields:
            del self._unrestricted[item]
            return
        for column in self._kinds[fields]:
            del column[item]
        if not self._kinds[fields][0]:
            del self._kinds[fields]

    def accepting(self, states: Iterable[Facets]) -> Sequence[T]:
        """Return the items whose filter accepts one of ``states``, each once."""
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
    """Return the fields that the filter restricts."""
    return tuple(field for field in FIELDS if getattr(wanted, field))
