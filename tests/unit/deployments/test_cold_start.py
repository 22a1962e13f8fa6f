"""The garbage collector of a process that has imported one of src/."""

import pytest

from benchmarks.cold_start import SETTINGS
from tests.support.fresh_python import run_python


@pytest.mark.parametrize("name", ["connect", "utils"])
def test_the_collector_runs_and_leaves_out_what_was_loaded(name: str) -> None:
    code = f"import gc, src.{name}; print(gc.isenabled(), gc.get_freeze_count() > 10_000)"

    done = run_python("-c", code, environment=SETTINGS)

    assert done.stdout == "True True\n"


def test_the_collector_is_off_while_a_lambda_loads() -> None:
    code = (
        "import builtins, gc, src\n"
        "states, load = {}, builtins.__import__\n"
        "def watched(name, *arguments, **named):\n"
        "    states[name] = gc.isenabled()\n"
        "    return load(name, *arguments, **named)\n"
        "builtins.__import__ = watched\n"
        "import src.connect\n"
        "print(states['botocore.session'], states['src.connect'])"
    )

    done = run_python("-c", code, environment=SETTINGS)

    assert done.stdout == "False False\n"
