"""serverless.yml, and the template that the framework makes of it without an AWS account."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.deployment import checkout, osls
from tests.support.emulator import ROOT


@dataclass(frozen=True)
class Packaged:
    """The result of ``osls package``: the template, and the zip beside it."""

    template: dict[str, Any]
    zip_path: Path
    checkout: Path

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the template's resources of one type."""
        resources: dict[str, dict[str, Any]] = self.template["Resources"]
        return {name: one for name, one in resources.items() if one["Type"] == kind}


@pytest.fixture(scope="session")
def service() -> dict[str, Any]:
    """serverless.yml."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "serverless.yml").read_text())
    return loaded


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """The stage ``dev`` as it would be deployed to AWS."""
    return package(tmp_path_factory.mktemp("package") / "checkout")


def package(folder: Path, *options: str) -> Packaged:
    """Package a copy of the checkout in ``folder``, without credentials."""
    copy = checkout(folder)
    osls(copy, "package", *options)
    made = copy / ".serverless"
    template = json.loads((made / "cloudformation-template-update-stack.json").read_text())
    return Packaged(template, made / "alerta-utec-realtime.zip", copy)
