"""Run cfn-lint on the template of a deployment with every option, for ``make lint``.

It also checks the policy for deploying, in a template of its own. ``.cfnlintrc.yaml`` says which
rules do not apply.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.deployment import DeployFailed, checkout, osls
from tests.support.emulator import ROOT

RULES = """
- name: Guardia
  urgency: [high]
  to: [guardia@example.edu, "+51999999999"]
"""
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
SETTINGS = {
    "auth": "jwt",
    "authSecret": "s" * 32,
    "operatorsEmail": "sistemas@example.edu",
    "origins": "https://portal.example.edu",
    "domain": "alerta.example.edu",
    "certificateArn": CERTIFICATE,
    "maximumConcurrency": "5",
    "reservedConcurrency": "50",
}


def lint(folder: Path) -> int:
    """Write both templates below ``folder``, lint them, and return the status.

    Raises:
        DeployFailed: the framework cannot make the template.
    """
    files = [_template(folder), _policy(folder)]
    linter = Path(sys.executable).with_name("cfn-lint")
    return subprocess.run([linter, "--", *files], cwd=ROOT, check=False).returncode


def _template(folder: Path) -> Path:
    rules = folder / "rules.yml"
    rules.write_text(RULES)
    copy = checkout(folder / "checkout")
    given = {**SETTINGS, "rules": str(rules)}
    osls(copy, "package", "--stage=prod", *(f"--param={k}={v}" for k, v in given.items()))
    return copy / ".serverless" / "cloudformation-template-update-stack.json"


def _policy(folder: Path) -> Path:
    document = json.loads((ROOT / "deploy" / "deployer-policy.json").read_text())
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
    path = folder / "deployer-policy.json"
    path.write_text(json.dumps({"Resources": {"Policy": policy}}))
    return path


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="template-") as scratch:
        try:
            sys.exit(lint(Path(scratch)))
        except DeployFailed as error:
            sys.exit(str(error))
