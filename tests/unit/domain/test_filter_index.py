"""``FilterIndex`` finds the same items as comparing each filter."""

from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.filter_index import FilterIndex
from alerta_utec.domain.filters import FIELDS, Facets, Filter

VALUES = "abc"
sets = st.frozensets(st.sampled_from(VALUES))
filters = st.builds(Filter, **dict.fromkeys(FIELDS, sets))
states = st.builds(Facets, **dict.fromkeys(FIELDS, st.sampled_from(VALUES)))


@given(
    st.lists(st.tuples(filters, st.booleans()), max_size=20),
    st.lists(states, min_size=1, max_size=2, unique=True),
)
def test_the_index_finds_exactly_the_items_whose_filter_accepts_a_state(
    wanted: list[tuple[Filter, bool]], asked: list[Facets]
) -> None:
    index: FilterIndex[int] = FilterIndex()
    for item, (own, _) in enumerate(wanted):
        index.add(item, own)
    for item, (own, stays) in enumerate(wanted):
        if not stays:
            index.remove(item, own)

    found = index.accepting(asked)

    left = [(item, own) for item, (own, stays) in enumerate(wanted) if stays]
    assert sorted(found) == [item for item, own in left if any(map(own.accepts, asked))]


def test_the_index_knows_which_fields_are_restricted() -> None:
    index: FilterIndex[int] = FilterIndex()
    known = [index.fields]

    index.add(1, Filter(type=frozenset("a")))
    index.add(2, Filter(type=frozenset("b"), urgency=frozenset("c")))
    index.add(3, Filter())
    known.append(index.fields)
    index.remove(2, Filter(type=frozenset("b"), urgency=frozenset("c")))
    known.append(index.fields)

    assert known == [frozenset(), {"type", "urgency"}, {"type"}]
