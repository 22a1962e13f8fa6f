"""The documents name everything that there is, agree with each other, and lead somewhere."""

import json
import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from alerta_utec.cli import main
from alerta_utec.domain.errors import CODES
from alerta_utec.domain.incident import SERVER_FIELDS, Report
from alerta_utec.handlers.http_status import STATUS
from alerta_utec.handlers.routes import ACTIONS, HTTP_ROUTES, WEBSOCKET_ROUTES
from alerta_utec.wire import KEY_MAX, MESSAGE_MAX_BYTES, REQUEST_ID_MAX

ROOT = Path(__file__).parents[2]
READMES = (ROOT / "README.md", ROOT / "README.en.md")
PROJECT_PAGES = (ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md")
DOCUMENTS = (*READMES, *PROJECT_PAGES, *sorted((ROOT / "docs").rglob("*.md")))
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
SEED_MESSAGE = (
    '{"action":"notify","incident":{"type":"prueba","location":"Laboratorio A",'
    '"description":"Mensaje de prueba en tiempo real","urgency":"high","status":"pendiente",'
    '"timestamp":"2025-11-16T18:12:00Z"}}'
)
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def name(path: Path) -> str:
    """The path from the repository's root."""
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    """A document without its fenced blocks."""
    return FENCED.sub("", path.read_text())


def headings(path: Path) -> list[str]:
    """Each heading with its number signs."""
    return re.findall(r"^#{1,6} .+$", prose(path), re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """The fragments that GitHub makes of a document's headings."""
    found = set()
    for heading in headings(path):
        text = heading.lstrip("#").strip().lower()
        kept = (c for c in text if c in " -_" or unicodedata.category(c)[0] in "LN")
        found.add("".join(kept).replace(" ", "-"))
    return found


def commands(group: click.Group, path: str) -> list[tuple[str, click.Command]]:
    """Every command under ``group``, by its full name."""
    found: list[tuple[str, click.Command]] = []
    for command in group.commands.values():
        full = f"{path} {command.name}"
        found.append((full, command))
        if isinstance(command, click.Group):
            found += commands(command, full)
    return found


COMMANDS = commands(main, "alerta-utec")
OPTIONS = sorted(
    {
        (option.opts[0], str(option.envvar or ""))
        for _, command in COMMANDS
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden
    }
)


@pytest.mark.parametrize("code", CODES)
def test_every_error_code_stands_in_the_protocol_with_its_status(code: str) -> None:
    assert f"| `{code}` | {STATUS[code]} |" in PROTOCOL


def test_the_protocol_names_no_code_that_is_none() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| \d{3} \|", PROTOCOL, re.MULTILINE)

    assert rows == list(CODES)


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_a_section_in_the_protocol(action: str) -> None:
    assert f"### {action}\n" in PROTOCOL


@pytest.mark.parametrize("route", HTTP_ROUTES)
def test_every_http_route_has_a_section_in_the_protocol(route: str) -> None:
    assert f"### {route}\n" in PROTOCOL


@pytest.mark.parametrize("readme", READMES, ids=name)
@pytest.mark.parametrize("route", [*(r.key for r in WEBSOCKET_ROUTES), *HTTP_ROUTES])
def test_every_route_stands_in_the_readme(readme: Path, route: str) -> None:
    assert f"| `{route}` | `" in readme.read_text()


@pytest.mark.parametrize("field", [f.alias or n for n, f in Report.model_fields.items()])
def test_every_field_of_an_incident_stands_in_the_protocol(field: str) -> None:
    assert f"| `{field}` | " in PROTOCOL


@pytest.mark.parametrize("field", sorted(SERVER_FIELDS))
def test_every_field_of_the_service_stands_in_the_protocol(field: str) -> None:
    assert f"`{field}`" in PROTOCOL


def test_the_limits_in_the_protocol_are_the_ones_in_force() -> None:
    assert f"text, 1 to {REQUEST_ID_MAX} characters" in PROTOCOL
    assert f"text, 1 to {KEY_MAX} characters" in PROTOCOL
    assert f"({MESSAGE_MAX_BYTES:,} bytes)" in PROTOCOL


@pytest.mark.parametrize("readme", READMES, ids=name)
@pytest.mark.parametrize("command", [full for full, _ in COMMANDS])
def test_every_command_stands_in_the_readme(readme: Path, command: str) -> None:
    assert re.search(rf"^\| `{command}( \w+)?` \| ", readme.read_text(), re.MULTILINE)


@pytest.mark.parametrize("readme", READMES, ids=name)
@pytest.mark.parametrize(("option", "variable"), OPTIONS)
def test_every_option_and_variable_stands_in_the_readme(
    readme: Path, option: str, variable: str
) -> None:
    text = readme.read_text()

    assert re.search(rf"`{option}[ `]", text)
    assert not variable or f"`{variable}`" in text


def test_both_readmes_have_the_same_structure() -> None:
    spanish, english = READMES

    levels = [[heading.split()[0] for heading in headings(readme)] for readme in READMES]
    blocks = [[kind for kind, _ in FENCED.findall(readme.read_text())] for readme in READMES]
    rows = [len(re.findall(r"^\|", readme.read_text(), re.MULTILINE)) for readme in READMES]

    assert levels[0] == levels[1]
    assert blocks[0] == blocks[1]
    assert rows[0] == rows[1]
    assert english.name in prose(spanish)
    assert spanish.name in prose(english)


@pytest.mark.parametrize("readme", READMES, ids=name)
def test_the_walkthrough_sends_the_seeds_own_message(readme: Path) -> None:
    assert f"```json\n{SEED_MESSAGE}\n```" in readme.read_text()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_json_example_is_json(document: Path) -> None:
    examples = [text for kind, text in FENCED.findall(document.read_text()) if kind == "json"]

    for example in examples:
        assert isinstance(json.loads(example), dict)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_within_the_repository_leads_somewhere(document: Path) -> None:
    for link in LINK.findall(prose(document)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, fragment = unquote(link).partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert not fragment or fragment in anchors(target), link


def test_decisions_are_numbered_without_a_gap() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))

    assert [int(decision.name[:4]) for decision in decisions] == [*range(1, len(decisions) + 1)]
    for number, decision in enumerate(decisions, 1):
        assert headings(decision)[0].startswith(f"# {number}. ")
        assert headings(decision)[1:] == ["## Context", "## Decision", "## Consequences"]


def test_every_test_that_the_security_page_names_is_there() -> None:
    named = re.findall(r"`(tests/\S+\.py)::(\w+)`", (ROOT / "docs" / "security.md").read_text())

    assert len(named) > 30
    for path, test in named:
        assert f"def {test}(" in (ROOT / path).read_text(), f"{path}::{test}"
