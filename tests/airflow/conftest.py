"""A temporary Airflow on SQLite, and the real service beside it."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alerta_utec.client import AlertaUtec
from tests.support.server import Server

if TYPE_CHECKING:
    from airflow.sdk import DAG

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXAMPLES = ROOT / "alerta_utec" / "airflow" / "example_dags"
HOME = Path(tempfile.mkdtemp(prefix="airflow-"))
DAGS = HOME / "dags"
PAGE = (ROOT / "docs" / "integrations.es.md").read_text().split("\n## Airflow\n")[1]
CONNECTION = "AIRFLOW_CONN_ALERTA_UTEC_DEFAULT"

# Airflow reads its settings when it is imported: set them before that.
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "NO_PROXY": "*",
}

Connect = Callable[..., None]
RunDag = Callable[..., Any]


def pytest_configure(config: pytest.Config) -> None:
    """Treat only warnings from our own code as errors."""
    for each in ("ignore", r"error:::alerta_utec\.", r"error:::tests\."):
        config.addinivalue_line("filterwarnings", each)


@pytest.fixture(scope="session", autouse=True)
def airflow() -> Iterator[None]:
    """Airflow's database and its DAGs: the examples, the documented one and those of the tests."""
    shutil.copytree(HERE / "dags", DAGS, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("alerta_utec_classify.py", "alerta_utec_report.py", "report.html.jinja"):
        shutil.copy(EXAMPLES / name, DAGS)
    documented = re.search(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert documented is not None
    (DAGS / "documented.py").write_text(documented[1])
    from airflow.utils.db import initdb

    initdb()
    yield
    from airflow import settings

    settings.dispose_orm()
    shutil.rmtree(HOME)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The running service."""
    with Server(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """A function that sets the connection ``alerta_utec_default`` through the environment."""

    def set_connection(**fields: Any) -> None:
        monkeypatch.setenv(CONNECTION, json.dumps({"conn_type": "alerta_utec", **fields}))

    return set_connection


@pytest.fixture
def alerta(server: Server, connect: Connect) -> Iterator[AlertaUtec]:
    """A client of the service, to which the connection leads too."""
    connect(host=server.http_url)
    with AlertaUtec(server.http_url) as client:
        yield client


@pytest.fixture(scope="session")
def dags(airflow: None) -> dict[str, "DAG"]:
    """The DAGs in the folder, by their ids."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(DAGS)
    assert bag.import_errors == {}
    return bag.dags
