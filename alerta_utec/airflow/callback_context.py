"""The task attempt, DAG run or deadline that a callback is about, and its idempotency key."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class CallbackContext:
    """One attempt of one task, one run of a DAG, or a run's missed deadline.

    It is equal in every process that runs the callback: the worker may run it and, if that worker
    is lost, the DAG processor runs it again.
    """

    dag_id: str
    run_id: str
    task_id: str | None = None
    map_index: int = -1
    try_number: int = 0
    deadline_id: str | None = None

    @classmethod
    def from_airflow(cls, context: Mapping[str, Any]) -> Self | None:
        """Return the subject of Airflow's context; ``None`` if the context does not name one."""
        ti = context.get("ti") or context.get("task_instance")
        if ti is not None:
            index = -1 if ti.map_index is None else ti.map_index
            return cls(ti.dag_id, ti.run_id, ti.task_id, index, ti.try_number)
        if "dag" in context and "run_id" in context:
            return cls(context["dag"].dag_id, context["run_id"])
        dag_run = context.get("dag_run")
        if isinstance(dag_run, Mapping):  # the context of a missed deadline is JSON
            deadline = str(context.get("deadline", {}).get("id"))
            return cls(dag_run["dag_id"], dag_run["dag_run_id"], deadline_id=deadline)
        return None

    def key(self, *parts: Any) -> str:
        """Return an idempotency key for this context and ``parts``, which must be JSON."""
        whole = [getattr(self, name) for name in self.__slots__] + [*parts]
        text = json.dumps(whole, sort_keys=True, default=str)
        return f"airflow-{hashlib.sha256(text.encode()).hexdigest()}"

    def __str__(self) -> str:
        """Return a description for people."""
        what = f"DAG {self.dag_id}, ejecución {self.run_id}"
        if self.task_id is None:
            return what if self.deadline_id is None else f"{what}, plazo vencido"
        index = "" if self.map_index < 0 else f"[{self.map_index}]"
        return f"{what}, tarea {self.task_id}{index}, intento {self.try_number}"
