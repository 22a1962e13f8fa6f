"""The rules of a deployment to AWS: their check, and what the deployed rules decide."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.services.sns import _matches_filter_policy  # type: ignore[import-untyped]

from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.notifications.aws.rules import ReachFromAws, check, parse_rules
from alerta_utec.notifications.aws.sns import SnsMailer
from alerta_utec.notifications.rules import Rule, RuleSet
from alerta_utec.notifications.rules_file import read_rules
from alerta_utec.notifications.rules_problems import RulesRefused
from alerta_utec.notifications.style import MessageStyle
from alerta_utec.notifications.topic import TopicNotifier, TopicPublisher
from tests.contract.builders import creation, update
from tests.fakes.clock import ManualClock
from tests.fakes.deliveries import FakeDeliveries
from tests.support.emulator import ROOT

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

LIMA = ZoneInfo("America/Lima")
STYLE = MessageStyle(LIMA)
ENVIRON = {"GUARDIA": "guardia@example.edu", "CHAT": "tgram://1:a/2"}
MIDNIGHT = datetime(2026, 11, 24, 5, tzinfo=UTC)
TYPES = ["incendio", "Incendio", "fuga de agua", "FUGA", "inundación", "İnundación", "ﬂuido"]
PLACES = ["Laboratorio A", "laboratorio", "Sótano 1", "sotano 1", "ß", "SS 2"]
ADDRESSES = ["guardia@example.edu", "Guardia@example.edu", "jefa@example.edu", "+51999999999"]


def _pattern(texts: list[str]) -> st.SearchStrategy[str]:
    cut = st.sampled_from(texts).flatmap(
        lambda text: st.integers(1, len(text)).map(lambda end: text[:end] + "*")
    )
    return st.sampled_from(texts) | cut


def _some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, min_size=1, max_size=3) | values


clock_times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))
CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    "urgency": _some(st.sampled_from(["medium", "high", "Alta", "MEDIA"])),
    "type": _some(_pattern(TYPES)),
    "location": _some(_pattern(PLACES)),
    "hours": st.tuples(clock_times, clock_times | st.just("24:00"))
    .filter(lambda ends: ends[0] != ends[1] and set(ends) != {"00:00", "24:00"})
    .map("-".join),
    "days": _some(st.sampled_from(["lun", "MAR", "mié", "thu", "fri", "sáb", "dom"])),
    "drill": st.booleans(),
}
RECIPIENTS = _some(st.sampled_from([*ADDRESSES, "env:GUARDIA"]))
WHOLE: dict[str, Any] = {
    "name": "Laboratorios, de noche",
    "urgency": ["medium", "high"],
    "type": ["incendio", "fuga*"],
    "location": "Laboratorio *",
    "hours": "22:00-06:00",
    "days": ["lun", "mar"],
    "drill": False,
    "to": ["guardia@example.edu", "+51999999999"],
}
# Values to put in place of any of these; most are not valid there.
ODD: list[Any] = [
    *(None, True, 7, 1.5, "", "  ", [], {}, [[]], "x" * 120, "x" * 121, "low", "alta", " *"),
    *("*", "a*b", "a*", "a\uff0ab", "*a", "dos\nlíneas", "true", " media ", "Mié", "  Sótano  1"),
    *("25:00-06:00", "6:00-06:00", "00:00-24:00", "00:00-23:59", "22:00-24:00", "22:00-00:00"),
    *("lunes", "24:00-06:00", "7:05 - 8:10", "nadie", "a@b", "env:NADA", "env:CHAT", "env:GUARDIA"),
    *("tgram://1:a/2", "+0123", "+51999999999", ["a"] * 50, ["a"] * 51, ["medium", 3]),
]


@st.composite
def documents(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw the content of a rules file."""
    optional = st.fixed_dictionaries({}, optional=CONDITIONS)
    rules: list[dict[str, Any]] = draw(st.lists(optional, min_size=1, max_size=4))
    return [
        rule | {"name": f"regla {number}", "to": draw(RECIPIENTS)}
        for number, rule in enumerate(rules)
    ]


@st.composite
def lives(draw: st.DrawFn) -> list[Change]:
    """Draw all changes of one incident; the last can be its all-clear."""
    minutes = st.integers(0, 7 * 24 * 60).map(lambda minute: timedelta(minutes=minute))
    at = MIDNIGHT + draw(minutes)
    given = {"type": draw(st.sampled_from(TYPES)), "location": draw(st.sampled_from(PLACES))}
    urgency, drill = draw(st.sampled_from(Urgency)), draw(st.booleans())
    changes = [creation(at=at, urgency=urgency.value, drill=drill, **given)]
    for _ in range(draw(st.integers(0, 2))):
        at += draw(minutes)
        before = changes[-1].after
        alarmed = before.alarmed or urgency is not Urgency.LOW
        urgency = draw(st.sampled_from(Urgency))
        changes.append(update(before, at=at, urgency=urgency, alarmed=alarmed))
    if draw(st.booleans()):
        changes.append(update(changes[-1].after, at=at + draw(minutes), status=Status.RESUELTO))
    return changes


@dataclass(frozen=True)
class Story:
    """The feed of one incident."""

    life: Sequence[Change]

    def changes_before(self, change: Change) -> Sequence[Change]:
        """Return all changes but the last, which is ``change``."""
        return self.life[:-1]


@dataclass
class Topic:
    """A client of SNS that keeps the attributes of the last message."""

    attributes: dict[str, dict[str, str]] = field(default_factory=dict)

    def publish(self, **request: Any) -> None:
        self.attributes = request["MessageAttributes"]

    def takes(self, policy: Any) -> bool:
        """Tell whether a subscription with this policy gets the message."""
        subscription = {"attributes": {"FilterPolicy": json.dumps(policy)}}
        return bool(_matches_filter_policy(subscription, self.attributes))


@given(documents(), lives())
def test_a_subscription_takes_exactly_what_the_rules_send_to_its_recipient(
    document: list[dict[str, Any]], life: list[Change]
) -> None:
    topic, change = Topic(), life[-1]
    checked = check(document, ENVIRON)
    mailer = SnsMailer(cast("SNSClient", topic), "arn")
    rules = RuleSet(parse_rules(json.dumps(checked["rules"])), LIMA)
    publisher = TopicPublisher(mailer, STYLE, rules, Story(life))
    notifier = TopicNotifier(publisher, ManualClock(), Recorder(FakeDeliveries()))

    sent = notifier.notify(change)

    took = {address for (_, address), policy in _policies(checked).items() if topic.takes(policy)}
    expected = RuleSet(_read(document), LIMA).recipients_of(change, life[:-1])
    assert {one.lower() for one in took} == {one.destination for one in expected}
    assert sent == change.notifies()


@given(documents())
def test_the_function_gets_the_rules_that_one_machine_reads(document: list[dict[str, Any]]) -> None:
    checked = check(document, ENVIRON)

    assert checked["problems"] == []
    deployed = parse_rules(json.dumps(checked["rules"]))
    assert [_plain(rule) for rule in deployed] == [_plain(rule) for rule in _read(document)]


@pytest.mark.parametrize("key", [*WHOLE, "otra"])
@pytest.mark.parametrize("value", ODD, ids=repr)
def test_a_file_has_the_same_problems_from_either_parser(key: str, value: Any) -> None:
    document = [WHOLE | {key: value}]

    texts = check(document, ENVIRON)["problems"]

    try:
        _read(document)
    except RulesRefused as refused:
        here = [re.sub(r"^Línea \d+, ", "", problem) for problem in refused.problems]
        assert [text.partition(" / ")[0] for text in texts] == here
    else:
        assert texts == []


@pytest.mark.parametrize("key", WHOLE)
def test_a_rule_needs_only_a_name_and_recipients(key: str) -> None:
    document = [{name: value for name, value in WHOLE.items() if name != key}]

    problems = check(document, ENVIRON)["problems"]

    assert bool(problems) == (key in {"name", "to"})


def test_two_rules_of_one_name_are_refused() -> None:
    (problem,) = check([WHOLE, WHOLE], ENVIRON)["problems"]

    assert "ya hay otra regla con ese nombre" in problem
    assert "there is another rule with that name" in problem


@pytest.mark.parametrize(("count", "fits"), [(100, True), (101, False)])
def test_a_file_takes_so_many_rules(count: int, fits: bool) -> None:
    document = [WHOLE | {"name": f"r{number}"} for number in range(count)]

    assert (check(document, ENVIRON)["problems"] == []) == fits


@pytest.mark.parametrize("document", [None, [], {}, "", {"name": "x", "to": "y"}, [None], ["x"]])
def test_a_document_without_a_list_of_rules_is_refused(document: Any) -> None:
    checked = check(document, ENVIRON)

    assert len(checked["problems"]) == 1
    assert not checked["subscriptions"]


def test_a_recipient_of_several_rules_has_one_subscription() -> None:
    document = [
        {"name": "una", "to": ["guardia@example.edu", "+51999999999"]},
        {"name": "otra", "to": ["Guardia@example.edu"]},
    ]

    policies = _policies(check(document, ENVIRON))

    assert {protocol for protocol, _ in policies} == {"email", "sms"}
    assert len(policies) == 2


@pytest.mark.parametrize(("count", "fits"), [(200, True), (201, False)])
def test_a_topic_takes_so_many_recipients(count: int, fits: bool) -> None:
    addresses = [f"u{number}@example.edu" for number in range(count)]
    parts = [addresses[first : first + 50] for first in range(0, count, 50)]
    document = [{"name": f"r{number}", "to": part} for number, part in enumerate(parts)]

    problems = check(document, ENVIRON)["problems"]

    assert (problems == []) == fits
    assert fits or f"hay {count}" in problems[0]


def test_a_url_that_can_hold_a_secret_is_not_shown() -> None:
    (problem,) = check([{"name": "una", "to": "tgram://123:secreto/4"}], ENVIRON)["problems"]

    assert "tgram://…" in problem
    assert "secreto" not in problem


@pytest.mark.parametrize("email", ["GUARDIA@example.edu", "guardia@example.edu"])
def test_an_address_of_a_rule_cannot_get_everything_besides(email: str) -> None:
    (problem,) = check([WHOLE], ENVIRON, email=email)["problems"]

    assert f"{email} lo recibe todo" in problem


def test_the_script_of_the_deployment_needs_the_standard_library_alone() -> None:
    request = json.dumps({"document": [WHOLE | {"to": "env:GUARDIA"}], "email": ""})

    # -I and -S hide every installed package, the project's own included.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", ROOT / "deploy" / "check_rules.py"],
        input=request,
        env=ENVIRON,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.stderr == ""
    assert json.loads(done.stdout)["rules"][0]["to"] == [ENVIRON["GUARDIA"]]


CHECK = """
const { check } = require('./deploy/rules.js');
const circle = [];
circle.push(circle);
const date = new Date('2026-11-24');
const documents = [JSON.parse(process.argv[1]), circle, [{ name: date, to: 'a@b.c' }]];
Promise.all(documents.map((one) => check(one, ''))).then((all) => console.log(JSON.stringify(all)));
"""


def test_the_plugin_hands_the_content_to_the_script_and_its_answer_on() -> None:
    done = subprocess.run(
        ["node", "-e", CHECK, json.dumps([WHOLE])],
        cwd=ROOT,
        env=os.environ | {"ALERTA_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.stderr == ""
    whole, circle, date = json.loads(done.stdout)
    assert whole == check([WHOLE], {})
    assert "contiene a sí mismo" in circle["problems"][0]
    assert "name: debe ser un texto" in date["problems"][0]


def test_the_plugin_says_when_there_is_no_python_for_the_rules() -> None:
    done = subprocess.run(
        ["node", "-e", CHECK, json.dumps([WHOLE])],
        cwd=ROOT,
        env=os.environ | {"ALERTA_PYTHON": "/bin/false"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    (problem,) = json.loads(done.stdout)[0]["problems"]
    assert "Python 3.11 o posterior" in problem
    assert "Python 3.11 or later" in problem


def _policies(checked: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """Return the filter policies of the subscriptions, by protocol and address."""
    each = [one["Properties"] for one in checked["subscriptions"].values()]
    return {(one["Protocol"], one["Endpoint"]): one["FilterPolicy"] for one in each}


def _read(document: list[dict[str, Any]]) -> tuple[Rule, ...]:
    # JSON is YAML.
    return read_rules(json.dumps(document, ensure_ascii=False), ENVIRON, ReachFromAws())


def _plain(rule: Rule) -> Sequence[Any]:
    to = list(dict.fromkeys(one.destination for one in rule.to))
    rest = (rule.name, rule.urgency, set(rule.type), set(rule.location), rule.hours)
    return [to, *rest, rule.days, rule.drill]
