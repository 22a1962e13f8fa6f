"""What a deployment makes of a routing file, asked of the deployment's own scripts."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alerta_utec.notifications.aws.rules import parse_rules
from alerta_utec.notifications.rules import Rule

SCRIPT = Path(__file__).with_name("deployed_routes.js")
ENVIRON = {"GUARDIA": "guardia@example.edu", "CHAT": "tgram://1:a/2"}


@dataclass(frozen=True)
class Deployed:
    """``problems``, or the ``rules`` that the function gets and the ``policies`` of the
    subscriptions by protocol and address."""

    problems: Sequence[str]
    rules: Sequence[Rule]
    policies: Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Scripts:
    """The scripts, running."""

    process: "subprocess.Popen[str]"

    def read(self, document: Any) -> Deployed:
        """What they make of a routing file's content."""
        assert self.process.stdin
        assert self.process.stdout
        question = json.dumps({"document": document, "environment": ENVIRON})
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        each = [one["Properties"] for one in answer["resources"].values()]
        return Deployed(
            answer["problems"],
            () if answer["problems"] else parse_rules(json.dumps(answer["rules"])),
            {(one["Protocol"], one["Endpoint"]): one["FilterPolicy"] for one in each},
        )


@contextmanager
def scripts() -> Iterator[Scripts]:
    """The scripts, running inside the block."""
    with subprocess.Popen(
        ["node", str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Scripts(process)
        assert process.stdin
        process.stdin.close()
        process.wait(timeout=10)
