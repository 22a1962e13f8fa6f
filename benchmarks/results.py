"""The JSON files with the figures."""

import json
from pathlib import Path
from typing import Any

from benchmarks.machine import ROOT

RESULTS = ROOT / "benchmarks" / "results"


def write(folder: Path, name: str, result: dict[str, Any]) -> Path:
    """Write a result as ``NAME.json``, with a line for each row of a list."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text("{\n" + ",\n".join(_member(k, v) for k, v in result.items()) + "\n}\n")
    return path


def read(folder: Path, name: str) -> dict[str, Any] | None:
    """Return the result of a benchmark, or ``None`` if it has not run."""
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _member(key: str, value: object) -> str:
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        rows = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in value)
        return f"  {json.dumps(key)}: [\n{rows}\n  ]"
    text = json.dumps(value, ensure_ascii=False, indent=2).replace("\n", "\n  ")
    return f"  {json.dumps(key)}: {text}"
