"""The piece for Python back ends in docs/integrations.md, run as it stands there."""

import re
import subprocess
import sys

from tests.conftest import ServeFactory
from tests.support.emulator import ROOT

PAGE = (ROOT / "docs" / "integrations.md").read_text()
LOCAL = "http://127.0.0.1:8000"


def test_the_piece_for_back_ends_runs_as_it_is_written(serve: ServeFactory) -> None:
    section = PAGE.split("\n## Back ends (Python)\n")[1]
    found = re.search(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert found is not None
    assert LOCAL in found[1]
    program = found[1].replace(LOCAL, serve().http_url)

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    listed, refused, counted = done.stdout.splitlines()
    assert listed == "high Sótano fuga de agua"
    assert refused.startswith("invalid_incident (('incident.location', ")
    assert counted == "1 incidentes esta semana"
