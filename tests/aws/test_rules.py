"""A rules file on the deployed stack: its subscriptions and their notifications."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.aws.conftest import Mailbox, subscribed
from tests.support.deployment import DeployFailed, Deployment
from tests.support.emulator import ROOT, clean_environment
from tests.support.eventually import eventually
from tests.support.incidents import incident, unique
from tests.support.wsclient import WsClient

RULES = """
- name: Guardia
  urgency: [alta]
  to: [guardia@example.edu, "+51999999999"]
- name: Laboratorios
  type: [incendio, fuga*]
  location: ["Laboratorio*"]
  to: labs@example.edu
- name: Simulacros
  drill: true
  to: simulacros@example.edu
"""
BEFORE = """
- name: Laboratorios, de día y de noche
  to: [labs@example.edu, jefatura@example.edu]
"""


@dataclass
class Routed:
    """The deployment, and the rules file that it is given; ``before``: its subscriptions with
    an earlier one."""

    deployment: Deployment
    file: Path
    before: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def use(self, text: str) -> None:
        """Deploy with this rules file."""
        self.file.write_text(text, encoding="utf-8")
        self.deployment.deploy(rules=str(self.file))

    def subscriptions(self) -> dict[tuple[str, str], str]:
        """Return the ARN of each subscription of the file, by protocol and address."""
        listed = self.deployment.client("sns").list_subscriptions_by_topic(
            TopicArn=self.deployment.outputs["AlarmTopic"]
        )["Subscriptions"]
        found = {(one["Protocol"], one["Endpoint"]): one["SubscriptionArn"] for one in listed}
        return {key: arn for key, arn in found.items() if self._policy(arn)}

    def policies(self) -> dict[tuple[str, str], Any]:
        """Return the filter policy of each subscription."""
        return {key: json.loads(self._policy(arn)) for key, arn in self.subscriptions().items()}

    def _policy(self, arn: str) -> str:
        sns = self.deployment.client("sns")
        attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        return str(attributes.get("FilterPolicy", ""))


@pytest.fixture(scope="module")
def routed(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routed]:
    """Deploy with ``BEFORE``, then with ``RULES``; afterwards without rules."""
    made = Routed(deployment, tmp_path_factory.mktemp("routes") / "reglas.yml")
    made.use(BEFORE)
    made.before = made.subscriptions()
    made.use(RULES)
    yield made
    deployment.deploy()


def test_each_recipient_of_the_file_has_one_subscription(routed: Routed) -> None:
    assert set(routed.policies()) == {
        ("email", "guardia@example.edu"),
        ("sms", "+51999999999"),
        ("email", "labs@example.edu"),
        ("email", "simulacros@example.edu"),
    }


@pytest.mark.parametrize(
    ("fields", "who"),
    [
        ({"urgency": "high", "type": "robo"}, {"guardia@example.edu", "+51999999999"}),
        ({"urgency": "medium", "type": "Fuga de gas"}, {"labs@example.edu"}),
        ({"urgency": "medium", "type": "robo", "drill": True}, {"simulacros@example.edu"}),
        ({"urgency": "medium", "type": "robo"}, set()),
    ],
)
def test_each_recipient_gets_what_its_rules_send(
    routed: Routed, mailbox: Mailbox, fields: dict[str, Any], who: set[str]
) -> None:
    place = unique("Laboratorio")
    deployment = routed.deployment
    with ExitStack() as stack:
        queues = {
            address: stack.enter_context(subscribed(deployment, policy))
            for (_, address), policy in routed.policies().items()
        }

        with WsClient(deployment.ws_url) as client:
            client.notify(incident(location=place, **fields))
        # The emulator hands a message to all subscriptions at once, in order of their creation.
        for address in who:
            queues[address].about(place)
        mailbox.about(place)

        assert {address for address, queue in queues.items() if queue.heard(place)} == who


def test_an_email_and_a_text_message_are_sent(routed: Routed) -> None:
    emulator = routed.deployment.emulator
    before = len(emulator.log)

    with WsClient(routed.deployment.ws_url) as client:
        client.notify(incident(location=unique("Torre"), urgency="high"))

    eventually(lambda: "SMS +51999999999" in emulator.log[before:], "a text message")
    eventually(lambda: "email guardia@example.edu" in emulator.log[before:], "an e-mail")


def test_an_all_clear_reaches_the_earlier_recipients(routed: Routed) -> None:
    deployment, place = routed.deployment, unique("Patio")
    policy = routed.policies()["email", "guardia@example.edu"]

    with subscribed(deployment, policy) as told, WsClient(deployment.ws_url) as client:
        ack = client.notify(incident(location=place, urgency="high"))
        move = {"action": "update", "incidentId": ack["incidentId"]}
        client.request({**move, "urgency": "low"})
        client.request({**move, "status": "resuelto"})
        got = told.all_about(place, 2)

    assert [one["MessageAttributes"]["event"]["Value"] for one in got] == ["new", "resolved"]


def test_a_redrive_from_outside_reaches_the_same_recipients(routed: Routed) -> None:
    deployment, place = routed.deployment, unique("Azotea")
    policy = routed.policies()["email", "guardia@example.edu"]

    with subscribed(deployment, policy) as told, WsClient(deployment.ws_url) as client:
        seq = str(client.notify(incident(location=place, urgency="high"))["seq"])
        told.about(place)
        command = ["redrive", "--from-seq", seq, "--to-seq", seq, "--channel", "email"]
        done = subprocess.run(
            [sys.executable, "-m", "alerta_utec", *command],
            cwd=ROOT,
            env=clean_environment() | deployment.emulator.environment,
            capture_output=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(told.all_about(place, 2)) == 2


def test_a_recipient_that_stays_in_a_changed_file_keeps_its_subscription(routed: Routed) -> None:
    labs = ("email", "labs@example.edu")

    assert set(routed.before) == {labs, ("email", "jefatura@example.edu")}
    assert routed.subscriptions()[labs] == routed.before[labs]


def test_an_invalid_file_is_refused_before_anything_happens(routed: Routed) -> None:
    before = routed.policies()
    wrong = routed.file.with_name("mal.yml")
    wrong.write_text("- name: Guardia\n  urgencia: alta\n  to: tgram://1:secreto/2\n")

    with pytest.raises(DeployFailed, match=r"(?s)no sirve.*is no good") as refused:
        routed.deployment.deploy(rules=str(wrong))

    assert "la regla 1: «urgencia» no es una clave" in str(refused.value)
    assert "«Guardia»: to: tgram://…: en AWS" in str(refused.value)
    assert "secreto" not in str(refused.value)
    assert routed.policies() == before


def test_an_address_cannot_be_both_unfiltered_and_in_the_rules(routed: Routed) -> None:
    with pytest.raises(DeployFailed, match=r"Guardia@example\.edu lo recibe todo"):
        routed.deployment.deploy(rules=str(routed.file), email="Guardia@example.edu")
