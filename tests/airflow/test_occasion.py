"""Which callbacks and tasks are about the same thing."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from alerta_utec.airflow.callback_context import Occasion
from alerta_utec.wire import KEY_MAX

OCCASION = Occasion("nocturno", "manual__1", "copiar", 2, 1)


def task_instance(**changes: Any) -> SimpleNamespace:
    """A task instance, as far as it is looked at."""
    fields = {"dag_id": "nocturno", "run_id": "manual__1", "task_id": "copiar"}
    return SimpleNamespace(**{**fields, "map_index": 2, "try_number": 1, **changes})


@pytest.mark.parametrize("name", ["ti", "task_instance"])
def test_a_tasks_context_is_about_its_try(name: str) -> None:
    assert Occasion.of({name: task_instance()}) == OCCASION


def test_a_task_that_is_not_mapped_is_the_same_however_airflow_says_so() -> None:
    assert Occasion.of({"ti": task_instance(map_index=None)}) == replace(OCCASION, map_index=-1)


def test_the_bare_context_of_a_dags_callback_is_about_the_run() -> None:
    context = {"dag": SimpleNamespace(dag_id="nocturno"), "run_id": "manual__1", "reason": "x"}

    assert Occasion.of(context) == Occasion("nocturno", "manual__1")


def test_a_missed_deadline_is_about_itself() -> None:
    dag_run = {"dag_id": "nocturno", "dag_run_id": "manual__1"}

    occasion = Occasion.of({"dag_run": dag_run, "deadline": {"id": "d-1"}})

    assert occasion == Occasion("nocturno", "manual__1", deadline_id="d-1")


def test_a_context_that_says_nothing_is_about_nothing() -> None:
    assert Occasion.of({}) is None


def test_the_same_occasion_and_parts_have_the_same_key() -> None:
    assert OCCASION.key({"b": 1, "a": 2}) == replace(OCCASION).key({"a": 2, "b": 1})


@pytest.mark.parametrize(
    "change",
    [
        {"dag_id": "x"},
        {"run_id": "x"},
        {"task_id": "x"},
        {"task_id": None},
        {"map_index": -1},
        {"try_number": 2},
        {"deadline_id": "x"},
    ],
)
def test_any_other_occasion_has_another_key(change: dict[str, Any]) -> None:
    assert replace(OCCASION, **change).key("x") != OCCASION.key("x")


def test_other_parts_have_another_key() -> None:
    assert OCCASION.key("x", None) != OCCASION.key("x")


def test_a_key_fits_however_long_the_names_are() -> None:
    assert len(Occasion("d" * 250, "r" * 250, "t" * 250).key("x" * 5000)) <= KEY_MAX
