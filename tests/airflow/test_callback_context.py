"""The context of a callback or a task, and its idempotency key."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from alerta_utec.airflow.callback_context import CallbackContext
from alerta_utec.wire import KEY_MAX

CONTEXT = CallbackContext("nocturno", "manual__1", "copiar", 2, 1)


def task_instance(**changes: Any) -> SimpleNamespace:
    """Return a task instance with the attributes that the provider reads."""
    fields = {"dag_id": "nocturno", "run_id": "manual__1", "task_id": "copiar"}
    return SimpleNamespace(**{**fields, "map_index": 2, "try_number": 1, **changes})


@pytest.mark.parametrize("name", ["ti", "task_instance"])
def test_a_tasks_context_names_its_attempt(name: str) -> None:
    assert CallbackContext.from_airflow({name: task_instance()}) == CONTEXT


def test_a_task_that_is_not_mapped_has_the_index_minus_one() -> None:
    assert CallbackContext.from_airflow({"ti": task_instance(map_index=None)}) == replace(
        CONTEXT, map_index=-1
    )


def test_the_context_of_a_dags_callback_names_the_run() -> None:
    context = {"dag": SimpleNamespace(dag_id="nocturno"), "run_id": "manual__1", "reason": "x"}

    assert CallbackContext.from_airflow(context) == CallbackContext("nocturno", "manual__1")


def test_a_missed_deadline_has_its_own_context() -> None:
    dag_run = {"dag_id": "nocturno", "dag_run_id": "manual__1"}

    about = CallbackContext.from_airflow({"dag_run": dag_run, "deadline": {"id": "d-1"}})

    assert about == CallbackContext("nocturno", "manual__1", deadline_id="d-1")


def test_an_empty_context_is_none() -> None:
    assert CallbackContext.from_airflow({}) is None


def test_equal_contexts_and_parts_have_the_same_key() -> None:
    assert CONTEXT.key({"b": 1, "a": 2}) == replace(CONTEXT).key({"a": 2, "b": 1})


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
def test_another_context_has_another_key(change: dict[str, Any]) -> None:
    assert replace(CONTEXT, **change).key("x") != CONTEXT.key("x")


def test_other_parts_have_another_key() -> None:
    assert CONTEXT.key("x", None) != CONTEXT.key("x")


def test_a_key_stays_within_its_limit_for_long_names() -> None:
    assert len(CallbackContext("d" * 250, "r" * 250, "t" * 250).key("x" * 5000)) <= KEY_MAX
