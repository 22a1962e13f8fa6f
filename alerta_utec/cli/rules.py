"""``alerta-utec rules``: check and try a file of notification rules before using it."""

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from alerta_utec.cli.errors import Failure, usage_error
from alerta_utec.cli.param_types import TimeZone
from alerta_utec.cli.program import Group
from alerta_utec.cli.terminal import safe
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import InvalidIncident
from alerta_utec.domain.incident import Incident, Report
from alerta_utec.domain.incident_words import WORDS
from alerta_utec.domain.messages import text
from alerta_utec.notifications.recipients import Recipient
from alerta_utec.notifications.rules import DAYS, Evaluation, Facts, Hours, Rule, RuleSet

Function = TypeVar("Function", bound=Callable[..., Any])
_OLD_VARIABLE = "ALERTA_ROUTES"
_aws = click.option(
    "--aws", is_flag=True, help="Como en AWS: con teléfonos (SMS) y sin URL de Apprise."
)
_LABELS = {"urgency": "urgencia", "type": "tipo", "location": "lugar", "hours": "hora"}


def rules_option(name: str, text: str, **more: Any) -> Callable[[Function], Function]:
    """Add the option ``--rules``; the command gets the file as its parameter ``name``."""
    return click.option(
        "--rules",
        name,
        envvar="ALERTA_RULES",
        default=lambda: os.environ.get(_OLD_VARIABLE) or None,
        type=click.Path(path_type=Path),
        metavar="ARCHIVO",
        show_envvar=True,
        help=text,
        **more,
    )


@click.group(cls=Group)
def rules() -> None:
    """Revisa y prueba el archivo de reglas: quién recibe qué notificaciones.

    \b
    Ejemplos:
      alerta-utec rules check reglas.yml
      alerta-utec rules test --rules reglas.yml --type humo --location Patio --urgency high
    """


@rules.command()
@click.argument("file", metavar="ARCHIVO", type=click.Path(path_type=Path))
@_aws
def check(file: Path, *, aws: bool) -> None:
    """Dice si el archivo es válido; si no, todo lo que hay que corregir.

    \b
    Ejemplo:
      alerta-utec rules check reglas.yml
    """
    found = load(file, aws=aws)
    for rule in found:
        click.echo(f"{rule.name}: {_recipients(rule.to)}")
    recipients = {recipient.key for rule in found for recipient in rule.to}
    click.echo(f"Correcto: reglas, {len(found)}; destinatarios, {len(recipients)}.")


@rules.command()
@rules_option("file", "Archivo de reglas.", required=True)
@click.option("--type", "kind", required=True, metavar="TIPO", help="Tipo de incidente.")
@click.option("--location", required=True, metavar="LUGAR", help="Lugar.")
@click.option("--urgency", required=True, metavar="URGENCIA", help="low, medium o high.")
@click.option("--drill", is_flag=True, help="Es un simulacro.")
@click.option("--at", metavar="FECHA", help="Cuándo, como 2026-11-24T23:30; si falta, ahora.")
@click.option(
    "--timezone",
    envvar="ALERTA_TIMEZONE",
    default="America/Lima",
    type=TimeZone(),
    show_default=True,
    show_envvar=True,
    help="Zona horaria del campus.",
)
@_aws
def test(
    file: Path,
    kind: str,
    location: str,
    urgency: str,
    *,
    drill: bool,
    at: str | None,
    timezone: str,
    aws: bool,
) -> None:
    """Dice quién recibiría un incidente y por qué, regla por regla. No envía nada.

    \b
    Ejemplo:
      alerta-utec rules test --rules reglas.yml --type incendio --location "Laboratorio A" \\
        --urgency high --at 2026-11-24T23:30
    """
    zone = ZoneInfo(timezone)
    rules = RuleSet(load(file, aws=aws), zone)
    fields = {"type": kind, "location": location, "urgency": urgency, "drill": drill}
    change = _change(fields, _moment(at, zone))
    facts = Facts.of(change, zone)
    local = f"{DAYS[facts.at.weekday()][0]} {facts.at:%Y-%m-%d %H:%M}"
    click.echo(safe(f"{change.after.type}, {change.after.location}, {local} ({timezone})"))
    click.echo()
    for evaluation in rules.evaluate(facts):
        click.echo(_explained(evaluation, facts))
    click.echo()
    click.echo(_conclusion(change, rules.recipients_of(change)))


def load(file: Path, *, aws: bool = False) -> tuple[Rule, ...]:
    """Read the rules in ``file``, for AWS or for one machine.

    Raises:
        Failure: the file is not valid; the message lists every problem.
    """
    from alerta_utec.notifications.aws.rules import ReachFromAws
    from alerta_utec.notifications.rules_file import ReachFromOneMachine, load_rules
    from alerta_utec.notifications.rules_problems import RulesRefused

    try:
        return load_rules(file, os.environ, ReachFromAws() if aws else ReachFromOneMachine())
    except RulesRefused as error:
        problems = "\n".join(f"  {safe(problem)}" for problem in error.problems)
        raise Failure(f"el archivo de reglas no es válido.\n{problems}") from error


def _change(fields: dict[str, object], at: datetime) -> Change:
    try:
        report = Report.parse(fields)
    except InvalidIncident as error:
        wrong = [
            f"--{problem.field.removeprefix('incident.')} {text(problem.key, **problem.params)}"
            for problem in error.problems
        ]
        raise usage_error("; ".join(wrong)) from error
    return Change(None, Incident.from_report(report, incident_id="prueba", at=at))


def _moment(written: str | None, zone: ZoneInfo) -> datetime:
    if written is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(written)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise usage_error(f"--at: {safe(written)} no es una fecha como 2026-11-24T23:30") from error


def _explained(evaluation: Evaluation, facts: Facts) -> str:
    rule = evaluation.rule
    head = f"{'✔' if evaluation.matches else '✘'} {safe(rule.name)}"
    if evaluation.matches:
        reasons = [_condition(name, rule, facts) for name in evaluation.met] or [
            "no pone condiciones"
        ]
        return f"{head} → {_recipients(rule.to)}\n    coincide: {'; '.join(reasons)}"
    reasons = [_condition(name, rule, facts) for name in evaluation.unmet]
    return f"{head}\n    no coincide: {'; '.join(reasons)}"


def _condition(name: str, rule: Rule, facts: Facts) -> str:
    """Describe the incident's value and, in brackets, the values that the rule accepts."""
    match name:
        case "urgency":
            actual = _urgency(facts.urgency)
            wanted = [_urgency(one) for one in sorted(rule.urgency, key=lambda one: one.rank)]
        case "type" | "location":
            actual = facts.type_key if name == "type" else facts.location_key
            patterns = rule.type if name == "type" else rule.location
            wanted = [f"{one.text}{'*' * one.prefix}" for one in patterns]
        case "hours":
            actual, wanted = f"{facts.at:%H:%M}", [_hours(rule.hours)] if rule.hours else []
        case "days":
            actual = DAYS[rule.day(facts)][0]
            wanted = [DAYS[day][0] for day in sorted(rule.days)]
            night = rule.hours is not None and rule.hours.overnight
            return f"{'noche del' if night else 'día'} {actual} ({', '.join(wanted)})"
        case _:
            return "es simulacro" if facts.drill else "no es simulacro"
    return safe(f"{_LABELS[name]} {actual} ({', '.join(wanted)})")


def _conclusion(change: Change, recipients: Sequence[Recipient]) -> str:
    if not change.notifies():
        return "No lo recibe nadie: una urgencia baja no da aviso."
    if not recipients:
        return "No lo recibe nadie."
    return f"Lo reciben {len(recipients)}: {_recipients(recipients)}"


def _recipients(recipients: Iterable[Recipient]) -> str:
    return safe(", ".join(recipient.shown for recipient in recipients))


def _urgency(urgency: str) -> str:
    return WORDS[f"urgency.{urgency}"]["es"]


def _hours(hours: Hours) -> str:
    start, end = (f"{minute // 60:02}:{minute % 60:02}" for minute in (hours.start, hours.end))
    return f"{start}-{end}"
