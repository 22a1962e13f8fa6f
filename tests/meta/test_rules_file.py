"""A rules file in the deployment: its effect on the template, and the errors in it."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.notifications.aws.rules import parse_rules
from alerta_utec.notifications.recipients import recipient_id
from tests.meta.conftest import Packaged, package

RULES = """
- name: Guardia
  urgency: [high]
  to: [guardia@example.edu, "+51999999999"]
- name: Laboratorios, de noche
  type: [incendio, fuga*]
  hours: 22:00-06:00
  days: [lun, mar]
  to: guardia@example.edu
"""


@pytest.fixture(scope="module")
def routed(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """The stage ``dev`` with ``RULES`` in a file."""
    folder: Path = tmp_path_factory.mktemp("routes")
    (folder / "reglas.yml").write_text(RULES, encoding="utf-8")
    options = (f"--param=rules={folder / 'reglas.yml'}", "--param=mailLimit=30")
    return package(folder / "checkout", *options)


def _subscriptions(packaged: Packaged) -> list[dict[str, Any]]:
    return [one["Properties"] for one in packaged.of_type("AWS::SNS::Subscription").values()]


def test_each_recipient_has_a_subscription_to_its_messages(routed: Packaged) -> None:
    (first, _), _ = (rule.to for rule in parse_rules(_packed(routed)))
    (email, phone) = sorted(_subscriptions(routed), key=lambda one: str(one["Protocol"]))

    assert email == {
        "TopicArn": {"Ref": "Alarms"},
        "Protocol": "email",
        "Endpoint": "guardia@example.edu",
        "FilterPolicy": {"to": [recipient_id(first)]},
    }
    assert (phone["Protocol"], phone["Endpoint"]) == ("sms", "+51999999999")


def test_the_function_finds_the_rules_in_the_zip(routed: Packaged) -> None:
    alarm = routed.template["Resources"]["AlarmLambdaFunction"]["Properties"]

    assert [rule.name for rule in parse_rules(_packed(routed))] == [
        "Guardia",
        "Laboratorios, de noche",
    ]
    assert alarm["Environment"]["Variables"]["ALERTA_MAIL_LIMIT"] == "30"


def test_the_stack_holds_the_rules_for_redrive(routed: Packaged) -> None:
    metadata = routed.template["Resources"]["Alarms"]["Metadata"]

    assert metadata == {"Routes": json.loads(_packed(routed))}


def test_a_stage_without_a_rules_file_has_no_subscriptions_and_no_rules(packaged: Packaged) -> None:
    alarm = packaged.template["Resources"]["AlarmLambdaFunction"]["Properties"]

    assert not _subscriptions(packaged)
    assert alarm["Environment"]["Variables"]["RULES_FILE"] == ""
    with zipfile.ZipFile(packaged.zip_path) as archive:
        assert "rules.json" not in archive.namelist()


def _packed(packaged: Packaged) -> str:
    """Return the rules as the function reads them."""
    alarm = packaged.template["Resources"]["AlarmLambdaFunction"]["Properties"]
    with zipfile.ZipFile(packaged.zip_path) as archive:
        return archive.read(alarm["Environment"]["Variables"]["RULES_FILE"]).decode()
