"""The Spanish catalogue of click's texts, and the time for which it is in effect."""

import ast
import gettext
import os
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from alerta_utec.cli import main
from alerta_utec.cli.translation import DOMAIN, LANGUAGE, LOCALE, in_spanish

SOURCE = LOCALE / LANGUAGE / "LC_MESSAGES" / f"{DOMAIN}.po"
# For the authors of a program, or for features that the commands do not use.
NOT_TRANSLATED = {
    "(dynamic)",
    "Arguments take exactly one parameter declaration, got {length}: {decls}.",
    "Boolean option {decl!r} cannot use the same flag for true/false.",
    "Choice({choices})",
    "Could not determine name for option with declarations {decls!r}",
    "Invalid start character for option ({option})",
    "Name '{name}' defined twice",
    "No options defined but a name was passed ({name}). Did you mean to declare an argument "
    "instead? Did you mean to pass '--{name}'?",
    "Unknown color {colour!r}",
    "Unknown standard stream '{name}'",
    "Value must be an iterable.",
    "Windows error: {error}",
    "d",
    "{editor}: Editing failed",
    "{editor}: Editing failed: {e}",
}


def entries() -> list[dict[str, str]]:
    """Return the texts of each entry of the source by keyword, without the header."""
    found: list[dict[str, str]] = []
    keyword = ""
    for line in SOURCE.read_text().splitlines():
        match = re.fullmatch(r'(?:(msg[\w\[\]]+) )?(".*")', line)
        if match is None:
            continue
        keyword = match[1] or keyword
        if match[1] == "msgid":
            found.append({})
        found[-1][keyword] = found[-1].get(keyword, "") + ast.literal_eval(match[2])
    return found[1:]


def compiled() -> gettext.NullTranslations:
    """Read the compiled catalogue."""
    with SOURCE.with_suffix(".mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def texts_of_click() -> Iterator[str]:
    """Find each text that the installed click passes to gettext in its source."""
    for path in Path(click.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Name(id="_" | "ngettext"), args=[ast.Constant(value=str(text)), *_]
                ):
                    yield text


def test_the_compiled_catalogue_has_the_texts_of_its_source() -> None:
    translations = compiled()

    for entry in entries():
        text = entry["msgid"]
        if (plural := entry.get("msgid_plural")) is None:
            assert translations.gettext(text) == entry["msgstr"]
        else:
            spoken = [translations.ngettext(text, plural, n) for n in (0, 1, 2)]
            assert spoken == [entry["msgstr[1]"], entry["msgstr[0]"], entry["msgstr[1]"]]


def test_every_text_of_the_installed_click_is_translated() -> None:
    texts = set(texts_of_click())

    assert len(texts) > 50
    assert texts - {entry["msgid"] for entry in entries()} <= NOT_TRANSLATED


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry["msgid"])
def test_a_translation_uses_only_the_fields_of_its_text(entry: dict[str, str]) -> None:
    fields = re.compile(r"\{(\w+)|%\((\w+)\)")
    given = set(fields.findall(entry["msgid"] + entry.get("msgid_plural", "")))

    for keyword, text in entry.items():
        if keyword.startswith("msgstr"):
            assert text
            assert set(fields.findall(text)) <= given


@pytest.mark.parametrize("language", [None, "en", "de:fr"])
def test_click_speaks_spanish_only_while_the_command_line_runs(language: str | None) -> None:
    with CliRunner().isolation(env={"LANGUAGE": language, "LC_ALL": "C"}):
        with in_spanish():
            within = gettext.gettext("Usage:")

        after = gettext.gettext("Usage:")
        assert os.environ.get("LANGUAGE") == language

    assert (within, after) == ("Uso:", "Usage:")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("serve", "--lang", "fr"), "'fr' no es uno de 'es', 'en'."),
        (("token",), "falta --role. Elija entre: estudiante, personal, autoridad"),
        (("watch", "--state", "/"), "'/' es una carpeta, no un archivo."),
        (("watch", "--json="), "la opción --json no lleva valor."),
    ],
)
def test_a_message_of_click_is_in_spanish(arguments: tuple[str, ...], message: str) -> None:
    result = CliRunner().invoke(main, arguments, env={"LANGUAGE": "en", "LC_ALL": "C"})

    assert result.exit_code == 2
    assert message in result.stderr.splitlines()[0]
