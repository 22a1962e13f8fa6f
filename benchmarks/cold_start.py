"""How long each Lambda takes to import: the part of a cold start that the code controls.

Each import runs in a new Python and is measured in wall time: with all modules compiled, and with
those from the zip not compiled, as where ``deploy/bytecode.py`` finds no compiler. Another run
with ``-X importtime`` shows where the time goes. Importing a module builds its handler and AWS
clients; nothing is sent.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.goals import Goal
from benchmarks.machine import ROOT, machine
from benchmarks.options import Options, Steps
from benchmarks.plots import Series, bar_chart
from benchmarks.stats import Row, groups, spread
from benchmarks.tables import figure, table

CONNECT_MAX_MS = 250
QUICK = ("connect", "fanout")
_NO_LAMBDAS = {"__init__", "utils"}
# As in serverless.yml.
SETTINGS = {
    "CONNECTIONS_TABLE": "c",
    "INCIDENTS_TABLE": "i",
    "CHANGES_TABLE": "h",
    "KEYS_TABLE": "k",
    "INBOX_TABLE": "n",
    "DELIVERIES_TABLE": "d",
    "NOTICES_TABLE": "n",
    "ALERTA_MAIL_LIMIT": "20",
    "ALERTA_MAIL_WINDOW": "300",
    "FAN_OUT_QUEUE": "https://sqs.us-east-1.amazonaws.com/000000000000/q",
    "NOTIFICATIONS_QUEUE": "https://sqs.us-east-1.amazonaws.com/000000000000/n.fifo",
    "WEBHOOK_CHANGES_QUEUE": "https://sqs.us-east-1.amazonaws.com/000000000000/w.fifo",
    "CREDENTIALS_TABLE": "a",
    "FAN_OUT_WORKERS": "2",
    "REQUEST_QUOTA": "10000",
    "WEBHOOKS_TABLE": "w",
    "WEBHOOK_JOBS_TABLE": "j",
    "WEBHOOK_BELLS": "https://sqs.us-east-1.amazonaws.com/000000000000/b",
    "WEBHOOK_SOURCE": "https://a.execute-api.us-east-1.amazonaws.com",
    "WEBHOOK_ALLOW_PRIVATE": "false",
    "METRICS_NAMESPACE": "AlertaUTEC/dev",
    "AUTH": "off",
    "ORIGINS": "*",
    "ALARM_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:t",
    "OPERATORS_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:o",
    "ALERTA_TIMEZONE": "America/Lima",
    "MANAGEMENT_ENDPOINT": "https://a.execute-api.us-east-1.amazonaws.com/dev",
    "WEBSOCKET_URL": "wss://a.execute-api.us-east-1.amazonaws.com/dev",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "s",
}
_TIMED = """
import json, sys, time
began = time.perf_counter(), time.process_time()
import src.{name}
took = time.perf_counter() - began[0], time.process_time() - began[1]
print(json.dumps([took[0] * 1000, took[1] * 1000, len(sys.modules)]))
"""
# Lambda's own Python and boto3 are compiled; the zip's modules, if not, cannot be cached.
_UNCOMPILED = r"""
import importlib._bootstrap_external as external, re
brought = re.compile(
    "/(alerta_utec|src|annotated_types|aws_lambda_powertools|cryptography|jwt|pydantic"
    "|pydantic_core|typing_extensions|typing_inspection)[/.]"
)
kept = external.cache_from_source
def cache_from_source(path, *arguments, **named):
    if brought.search(path):
        raise NotImplementedError
    return kept(path, *arguments, **named)
external.cache_from_source = cache_from_source
"""
# "import time:  self [us] | cumulative | package", indented by depth.
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)")
_PACKAGES_SHOWN = 4
_TIMEOUT_S = 60


def lambdas() -> list[str]:
    """Return the modules of ``src`` that are Lambdas."""
    return sorted(path.stem for path in (ROOT / "src").glob("*.py") if path.stem not in _NO_LAMBDAS)


def run(options: Options) -> dict[str, Any]:
    """Import every Lambda in every round, one after another."""
    names = list(QUICK) if options.quick else lambdas()
    rounds = 1 if options.quick else options.rounds
    about = machine()
    steps = Steps(options.say, rounds + 1)
    for name in names:  # compiles the remaining modules
        _imported(name)
    rows = list(_rounds(steps, names, rounds))
    steps.next("where the time goes")
    shares = [{"lambda": name, "packages": _packages(name)} for name in names]
    return {
        "machine": about,
        "options": {"rounds": rounds, "quick": options.quick},
        "summary": [
            {
                "lambda": name,
                "import_ms": spread(row["import_ms"] for row in own),
                "cpu_ms": spread(row["cpu_ms"] for row in own),
                "uncompiled_ms": spread(row["uncompiled_ms"] for row in own),
                "modules": own[0]["modules"],
            }
            for (name,), own in groups(rows, "lambda").items()
        ],
        "packages": shares,
        "runs": rows,
    }


def report(result: dict[str, Any], folder: Path) -> dict[str, str]:
    """Return the section of ``docs/performance.md``."""
    rows = sorted(result["summary"], key=lambda row: row["import_ms"]["median"])
    shares = {row["lambda"]: row["packages"] for row in result["packages"]}
    bar_chart(
        folder / "cold-start.svg",
        title="Import of each Lambda",
        x="milliseconds",
        series=[_bar(row) for row in rows],
    )
    cells = [
        [
            f"`{row['lambda']}`",
            figure(row["import_ms"]),
            figure(row["cpu_ms"]),
            figure(row["uncompiled_ms"]),
            str(row["modules"]),
            ", ".join(f"{name} {ms:.0f}" for name, ms in shares[row["lambda"]].items()),
        ]
        for row in rows
    ]
    heads = [
        "Lambda",
        "import, ms",
        "CPU, ms",
        "with the zip's modules not compiled, ms",
        "modules",
    ]
    heads += ["of it, by `-X importtime`, ms"]
    return {
        "cold-start": table(heads, cells)
        + "\n\n![Import of each Lambda](performance/cold-start.svg)"
    }


def goals(result: dict[str, Any]) -> list[Goal]:
    """Return the goals."""
    connect = next(row for row in result["summary"] if row["lambda"] == "connect")
    took_ms = connect["import_ms"]["median"]
    target = f"under {CONNECT_MAX_MS} ms"
    return [
        Goal("AWS: imports of `connect`", target, f"{took_ms:.0f} ms", took_ms < CONNECT_MAX_MS)
    ]


def _bar(row: Row) -> Series:
    took = row["import_ms"]
    whisker = (took["min"], took["max"])
    main = row["lambda"] == "connect"
    return Series(row["lambda"], [(0, took["median"])], [whisker], main=main)


def _rounds(steps: Steps, names: list[str], rounds: int) -> Iterator[Row]:
    for number in range(1, rounds + 1):
        steps.next(f"imports, round {number}")
        for name in names:
            import_ms, cpu_ms, modules = _imported(name)
            uncompiled_ms, _, _ = _imported(name, _UNCOMPILED)
            yield {
                "round": number,
                "lambda": name,
                "import_ms": import_ms,
                "cpu_ms": cpu_ms,
                "uncompiled_ms": uncompiled_ms,
                "modules": modules,
            }


def _imported(name: str, before: str = "") -> tuple[float, float, int]:
    """Import a Lambda; return wall and CPU time in milliseconds, and the number of modules."""
    done = _python("-c", before + _TIMED.format(name=name))
    took_ms, cpu_ms, modules = json.loads(done.stdout)
    return took_ms, cpu_ms, modules


def _packages(name: str) -> dict[str, float]:
    """Return the packages whose own modules take longest, in milliseconds.

    A module's time counts for the package that imports it first. Work besides imports, such as
    creating clients, counts for ``src``.
    """
    used: Counter[str] = Counter()
    for line in _python("-X", "importtime", "-c", f"import src.{name}").stderr.splitlines():
        if found := _LINE.match(line):
            used[found[2].partition(".")[0]] += int(found[1])
    return {package: us / 1000 for package, us in used.most_common(_PACKAGES_SHOWN)}


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: v for name, v in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment | SETTINGS,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=True,
    )
