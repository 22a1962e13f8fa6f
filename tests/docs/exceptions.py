"""What a test cannot run, each with its reason and with what is checked instead."""

import re
import subprocess
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import click
import yaml

from alerta_utec.cli import main
from tests.docs.pages import words
from tests.support.emulator import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SERVICE = yaml.safe_load((ROOT / "serverless.yml").read_text())


@dataclass(frozen=True)
class Unrunnable:
    """Commands that a test cannot run."""

    pattern: str
    reason: str
    check: Callable[[str], None]

    def matches(self, command: str) -> bool:
        """Return whether a command is one of these."""
        return re.match(self.pattern, command) is not None


def parses(command: str) -> None:
    """Check that the command line has the command and its options."""
    arguments = words(command)
    arguments = arguments[
        arguments.index(next(a for a in arguments if a.endswith("alerta-utec"))) :
    ]
    group, rest = click.Context(main, info_name=arguments[0]), arguments[1:]
    _, found, rest = main.resolve_command(group, rest)
    assert found is not None
    found.make_context(found.name, rest)


def deploys(command: str) -> None:
    """Check the framework's command, its options and the service's parameters."""
    _, action, *options = words(command)
    assert action in {"deploy", "remove", "info"}
    plain = iter(options)
    for option in plain:
        if option.startswith("--param="):
            name, _, value = option.removeprefix("--param=").partition("=")
            assert name in SERVICE["params"]["default"], name
            assert value
        else:
            assert option in {"--stage", "--region", "--verbose"}, option
            if option != "--verbose":
                assert next(plain)


def made(command: str) -> None:
    """Check that make has the target, and that its recipe can be expanded."""
    done = subprocess.run(
        ["make", "--dry-run", *words(command)[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def known_package(command: str) -> None:
    """Check that the requirement names this project and extras that it has."""
    (requirement,) = words(command)[2:]
    found = re.fullmatch(r"(\S+?)(?:\[(\w+)\])? @ git\+URL-\S+", requirement)
    assert found is not None
    assert found[1] == PROJECT["name"]
    assert found[2] is None or found[2] in PROJECT["optional-dependencies"]


def there_already(command: str) -> None:
    """Check that the tests' environment has the package; the next commands use it."""
    tool, _, package = words(command)
    here = find_spec(package) is not None
    assert here if tool == "pip" else (ROOT / "node_modules" / package).is_dir()


def installs_service(command: str) -> None:
    """Check what can be checked of a command of the installation by root."""
    arguments = words(command)
    if "make" in arguments:
        made(" ".join(arguments[arguments.index("make") :]))


def nothing(_command: str) -> None:
    """There is nothing to check in it but that it is a command line."""


UNRUNNABLE = (
    Unrunnable(r"sudo |cd /opt/", "it changes the system as root", installs_service),
    Unrunnable(r"git pull$", "a test's copy of the repository has no remote", nothing),
    Unrunnable(r"pip install 'alerta-utec", "the repository has no address here", known_package),
    Unrunnable(r"(pip|npm) install standardwebhooks$", "it needs a registry", there_already),
    Unrunnable(r"sls ", "it needs an AWS account; tests/aws deploys to an emulated AWS", deploys),
    Unrunnable(
        r"alerta-utec (redrive|subscriptions|restore --aws)",
        "it needs AWS; tests/aws and tests/faults/aws run it",
        parses,
    ),
    Unrunnable(r"aws (dynamodb|iam|service-quotas) ", "it needs AWS's CLI, an account", nothing),
    Unrunnable(r"make (bench|soak|test|lint)\b", "it takes minutes", made),
)
# Programs that other tests run, by page and heading.
RUN_ELSEWHERE = {
    ("docs/browser-client.md", "The browser client"): "tests/client_js/test_client_js.py",
    ("docs/integrations.es.md", "Airflow"): "tests/airflow/test_integrations_page.py",
    # The same program with other names, which test_snippets.py checks.
    ("docs/integrations.md", "Airflow"): "tests/airflow/test_integrations_page.py",
}
