"""The documents name everything that there is, agree with each other, and lead somewhere."""

import json
import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote

import click
import pytest
import yaml

from alerta_utec.cli import main
from alerta_utec.deployments.routes import HTTP_ROUTE_KEYS
from alerta_utec.domain.errors import CODES
from alerta_utec.domain.incident import SERVER_FIELDS, Report
from alerta_utec.handlers.http_status import STATUS
from alerta_utec.handlers.routes import ACTIONS, WEBSOCKET_ROUTES
from alerta_utec.wire import KEY_MAX, MESSAGE_MAX_BYTES, REQUEST_ID_MAX

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
READMES = (ROOT / "README.md", ROOT / "README.en.md")
README_LINES = 150
# Every page has its English text in X.md; these have their Spanish text in X.es.md.
BILINGUAL = (
    *("index", "panel", "cli", "settings", "routes"),
    *("operations", "security", "integrations", "upgrading"),
)
PAIRS = (READMES, *((DOCS / f"{page}.es.md", DOCS / f"{page}.md") for page in BILINGUAL))
DOCUMENTS = (
    *READMES,
    *(ROOT / f"{page}.md" for page in ("CHANGELOG", "CONTRIBUTING", "SECURITY")),
    ROOT / ".github" / "pull_request_template.md",
    ROOT / "benchmarks" / "README.md",
    ROOT / "tests" / "events" / "README.md",
    ROOT / "tests" / "golden" / "README.md",
    *sorted(DOCS.rglob("*.md")),
)
PROTOCOL = (DOCS / "protocol.md").read_text()
SEED_MESSAGE = (
    '{"action":"notify","incident":{"type":"prueba","location":"Laboratorio A",'
    '"description":"Mensaje de prueba en tiempo real","urgency":"high","status":"pendiente",'
    '"timestamp":"2025-11-16T18:12:00Z"}}'
)
SEED_FUNCTIONS = (
    *("save_connection", "delete_connection", "list_connections"),
    *("post_to_connection", "save_incident", "publish_sns"),
)
SEED_STEPS = (
    *("sls deploy", "wscat -c ws://", "Postman", "101", "alerta-utec-realtime-alarms"),
    *("wss://", "Node.js", "AWS CLI", "temperatura elevada", "`connect`, `disconnect`, `notify`"),
)
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# A path within the repository or within the package, in the text.
CODE_PATH = re.compile(r"`((?:[\w-]+/)+[\w-]+\.(?:py|js|mjs|c|yml))`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
# STYLE: words that no document uses, each with the words to use in its place.
REFUSED = {
    "en": {
        "whoever": "everyone who, anyone who, the caller",
        "nobody": "no one, or the noun: no client, no recipient",
        "somebody": "someone, or the noun: a user, a caller",
        "none where": "a sentence that says what happens",
        "told of": "notified of, sent",
        "is told": "is notified, is sent",
        "owed": "pending",
        "both homes": "both deployments",
        "hears of": "receives",
        "filter that is none": "malformed filter",
    },
    "es": {
        "ficha": "token",
        "por omisión": "por defecto",
        "suceso": "evento",
        "Intro": "Enter",
        "a lo sumo": "como máximo",
        "línea de órdenes": "línea de comandos",
        "las dos casas": "los dos despliegues",
        "se le debe": "pendiente",
        "avisa de un incidente": "reporta un incidente",
    },
}
# Where a refused word is the name of something, as stored or on the wire.
ALLOWED_WORDS = {"docs/glossary.md": {"owed"}, "docs/protocol.md": {"owed"}}
# An English word that gives away a sentence in English in a Spanish page.
ENGLISH = r"\b(the|which|where|with|whether|when|and|not|of)\b"


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


@pytest.mark.parametrize("route", HTTP_ROUTE_KEYS)
def test_every_http_route_has_a_section_in_the_protocol(route: str) -> None:
    assert f"### {route}\n" in PROTOCOL


@pytest.mark.parametrize("page", ["routes.es.md", "routes.md"])
@pytest.mark.parametrize("route", [*(r.key for r in WEBSOCKET_ROUTES), *HTTP_ROUTE_KEYS])
def test_every_route_stands_in_the_table_of_routes(page: str, route: str) -> None:
    assert f"| `{route}` | `" in (DOCS / page).read_text()


@pytest.mark.parametrize("page", ["routes.es.md", "routes.md"])
@pytest.mark.parametrize("path", sorted((ROOT / "src").glob("*.py")), ids=name)
def test_every_lambda_file_stands_in_the_table_of_routes(page: str, path: Path) -> None:
    assert path.name == "__init__.py" or f"`{name(path)}`" in (DOCS / page).read_text()


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


@pytest.mark.parametrize("page", ["routes.es.md", "routes.md"])
@pytest.mark.parametrize("function", SEED_FUNCTIONS)
def test_every_function_for_scripts_stands_with_the_routes(page: str, function: str) -> None:
    assert f"def {function}(" in (ROOT / "src" / "utils.py").read_text()
    assert f"`{function}`" in (DOCS / page).read_text()


@pytest.mark.parametrize("readme", READMES, ids=name)
@pytest.mark.parametrize("said", SEED_STEPS)
def test_a_readme_has_every_step_of_the_walkthrough(readme: Path, said: str) -> None:
    assert said in readme.read_text()


@pytest.mark.parametrize("page", ["cli.es.md", "cli.md"])
@pytest.mark.parametrize("command", [full for full, _ in COMMANDS])
def test_every_command_stands_in_the_table_of_commands(page: str, command: str) -> None:
    text = (DOCS / page).read_text()

    assert re.search(rf"^\| `{command}( \w+)?` \| ", text, re.MULTILINE)


@pytest.mark.parametrize("suffix", [".es.md", ".md"])
@pytest.mark.parametrize(("option", "variable"), OPTIONS)
def test_every_option_and_variable_stands_with_the_commands_or_the_settings(
    suffix: str, option: str, variable: str
) -> None:
    text = (DOCS / f"cli{suffix}").read_text() + (DOCS / f"settings{suffix}").read_text()

    assert re.search(rf"`{option}[ `]", text)
    assert not variable or f"`{variable}`" in text


@pytest.mark.parametrize("page", ["operations.es.md", "operations.md"])
def test_every_parameter_of_a_deployment_stands_in_operations(page: str) -> None:
    service = yaml.safe_load((ROOT / "serverless.yml").read_text())
    parameters = set(service["params"]["default"]) - {"stage", "region"}
    parameters -= {"routes"}  # the earlier name of rules, accepted but not shown
    table = "".join(re.findall(r"^\| `.*$", (DOCS / page).read_text(), re.MULTILINE))

    assert {each for each in parameters if f"`{each}`" not in table} == set()


@pytest.mark.parametrize("readme", READMES, ids=name)
def test_a_readme_is_short(readme: Path) -> None:
    assert len(readme.read_text().splitlines()) <= README_LINES


@pytest.mark.parametrize(
    ("spanish", "english"),
    PAIRS[:1] + PAIRS[2:],
    ids=[name(pair[0]) for pair in PAIRS[:1] + PAIRS[2:]],
)
def test_both_languages_have_the_same_structure(spanish: Path, english: Path) -> None:
    pages = (spanish, english)

    levels = [[heading.split()[0] for heading in headings(page)] for page in pages]
    blocks = [[kind for kind, _ in FENCED.findall(page.read_text())] for page in pages]
    rows = [re.findall(r"^\|", page.read_text(), re.MULTILINE) for page in pages]
    points = [re.findall(r"^(?:-|\d+\.) ", prose(page), re.MULTILINE) for page in pages]

    assert levels[0] == levels[1]
    assert blocks[0] == blocks[1]
    assert rows[0] == rows[1]
    assert points[0] == points[1]


@pytest.mark.parametrize(("spanish", "english"), PAIRS, ids=[name(pair[0]) for pair in PAIRS])
def test_both_languages_lead_to_each_other(spanish: Path, english: Path) -> None:
    assert f"]({english.name})*" in prose(spanish)
    assert f"]({spanish.name})*" in prose(english)


def test_only_the_pages_that_are_listed_have_a_spanish_text() -> None:
    assert {page.name for page in DOCS.rglob("*.es.md")} == {f"{page}.es.md" for page in BILINGUAL}


@pytest.mark.parametrize("spanish", [pair[0] for pair in PAIRS], ids=name)
def test_a_spanish_page_leads_to_spanish_pages_where_there_are_any(spanish: Path) -> None:
    own = next(pair[1].name for pair in PAIRS if pair[0] == spanish)
    english = {f"{page}.md" for page in BILINGUAL} - {own}

    for link in LINK.findall(prose(spanish)):
        path = link.partition("#")[0].removeprefix("docs/")
        assert path not in english or link == "index.md#decisions", link


@pytest.mark.parametrize("index", ["index.es.md", "index.md"])
def test_every_page_stands_in_the_index(index: str) -> None:
    text = prose(DOCS / index) + (prose(DOCS / "index.md") if index == "index.es.md" else "")
    suffix = ".es.md" if index == "index.es.md" else ".md"

    for page in sorted(DOCS.rglob("*.md")):
        if page.name.endswith(".es.md") or page.stem == "index":
            continue
        own = f"{page.stem}{suffix}" if page.stem in BILINGUAL else str(page.relative_to(DOCS))
        assert f"({own})" in text, own


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_a_document_has_no_refused_word(document: Path) -> None:
    spanish = document.name.endswith(".es.md") or document == READMES[0]
    allowed = ALLOWED_WORDS.get(name(document), set())

    for word, better in REFUSED["es" if spanish else "en"].items():
        found = re.search(rf"\b{word}s?\b", re.sub(r"`[^`\n]*`", "", prose(document)))
        assert found is None or word in allowed, f"{word}: use {better}"


@pytest.mark.parametrize("spanish", [pair[0] for pair in PAIRS], ids=name)
def test_no_spanish_sentence_has_english_words_in_it(spanish: Path) -> None:
    text = re.sub(r"`[^`]*`|\*[^*\n]+\*|\]\([^)]*\)|https?://\S+", "", prose(spanish))

    assert re.findall(ENGLISH, text) == []


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


# The changelog names what was there at its time.
@pytest.mark.parametrize(
    "document", [each for each in DOCUMENTS if each.name != "CHANGELOG.md"], ids=name
)
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    for path in set(CODE_PATH.findall(document.read_text())) - {"benchmarks/NAME.py"}:
        assert any((folder / path).exists() for folder in (ROOT, ROOT / "alerta_utec")), path


def test_every_document_of_the_repository_is_looked_at() -> None:
    folders = (".github", "benchmarks", "deploy", "docs", "frontend", "native", "src", "tests")
    ours = [*ROOT.glob("*.md"), *(page for each in folders for page in (ROOT / each).rglob("*.md"))]

    assert {page for page in ours if "node_modules" not in page.parts} == set(DOCUMENTS)


def test_decisions_are_numbered_without_a_gap() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))

    assert [int(decision.name[:4]) for decision in decisions] == [*range(1, len(decisions) + 1)]
    for number, decision in enumerate(decisions, 1):
        assert headings(decision)[0].startswith(f"# {number}. ")
        assert headings(decision)[1:] == ["## Context", "## Decision", "## Consequences"]


def test_every_test_that_the_security_page_names_is_there() -> None:
    named = re.findall(r"`(tests/\S+\.py)::(\w+)`", (DOCS / "security.md").read_text())

    assert len(named) > 30
    for path, test in named:
        assert f"def {test}(" in (ROOT / path).read_text(), f"{path}::{test}"
