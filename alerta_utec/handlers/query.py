"""Parsing the query strings of the HTTP API."""

from collections.abc import Mapping

from alerta_utec.domain.errors import InvalidRequest, Problem
from alerta_utec.domain.values import Choice, Status, Urgency, parse_choice
from alerta_utec.ports.incidents import HISTORY_PAGE, Query

LIMIT_MAX = 200
DAYS_MAX = 31
DAYS_DEFAULT = 7
TEST = "Test"


def parse_query(parameters: Mapping[str, str]) -> Query:
    """Return the listing that the query string asks for.

    ``status`` and ``urgency`` take several values, separated by commas or repeated.

    Raises:
        InvalidRequest: with every invalid parameter.
    """
    problems: list[Problem] = []
    status = _choices(parameters, "status", Status, problems)
    urgency = _choices(parameters, "urgency", Urgency, problems)
    limit = _number(parameters, "limit", (1, HISTORY_PAGE), problems)
    before_seq = _number(parameters, "cursor", (1, 10**18), problems)
    if problems:
        raise InvalidRequest(problems=problems)
    return Query(
        limit=50 if limit is None else limit,
        before_seq=before_seq,
        status=status,
        urgency=urgency,
        type=parameters.get("type") or None,
        location=parameters.get("location") or None,
    )


def parse_history_page(parameters: Mapping[str, str]) -> tuple[int, int | None]:
    """Return the size of a page of a history, and the revision before which it ends.

    Raises:
        InvalidRequest: with every invalid parameter.
    """
    problems: list[Problem] = []
    limit = _number(parameters, "limit", (1, HISTORY_PAGE), problems)
    before = _number(parameters, "cursor", (1, 10**18), problems)
    if problems:
        raise InvalidRequest(problems=problems)
    return HISTORY_PAGE if limit is None else limit, before


def _choices(
    parameters: Mapping[str, str], name: str, kind: type[Choice], problems: list[Problem]
) -> frozenset[Choice]:
    chosen = set()
    for value in filter(None, parameters.get(name, "").split(",")):
        choice = parse_choice(kind, value)
        if choice is None:
            problems.append(Problem(name, "not_one_of", {"allowed": ", ".join(kind)}))
            break
        chosen.add(choice)
    return frozenset(chosen)


def _number(
    parameters: Mapping[str, str], name: str, span: tuple[int, int], problems: list[Problem]
) -> int | None:
    value = parameters.get(name)
    if value is None:
        return None
    lowest, highest = span
    if value.isascii() and value.isdigit() and len(value) < 20 and lowest <= int(value) <= highest:
        return int(value)
    problems.append(Problem(name, "not_number", {"min": lowest, "max": highest}))
    return None


def parse_test(parameters: Mapping[str, str]) -> bool:
    """Return whether the query string asks for a test alert, by ``status=Test``.

    Raises:
        InvalidRequest: it names another status; an alert's status is otherwise the incident's.
    """
    status = parameters.get("status")
    if status not in (None, TEST):
        raise InvalidRequest(problems=[Problem("status", "not_one_of", {"allowed": TEST})])
    return status is not None


def parse_days(parameters: Mapping[str, str]) -> int:
    """Return how many days the statistics cover: ``days``, or 7 without it.

    Raises:
        InvalidRequest: ``days`` is not a whole number from 1 to 31.
    """
    problems: list[Problem] = []
    days = _number(parameters, "days", (1, DAYS_MAX), problems)
    if problems:
        raise InvalidRequest(problems=problems)
    return DAYS_DEFAULT if days is None else days
