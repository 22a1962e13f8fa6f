"""The words that docstrings and comments do not use (CONTRIBUTING.md).

Each of them once stood for a sentence without a subject or a concrete verb. In backticks, a word
is a value that is stored or sent.
"""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.support.emulator import ROOT

WORST = re.compile(
    r"\b(whoever|whomever|nobody|somebody|none where|told of|(?<!`)owed?(?!`)|hears? of)\b",
    re.IGNORECASE,
)
JS_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`\w])//[^\n]*", re.DOTALL)


def tracked(*patterns: str) -> list[str]:
    """Return the tracked and new files that match, as paths below the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(name for name in listed.stdout.splitlines() if (ROOT / name).is_file())


PYTHON = tracked("*.py")
JAVASCRIPT = [
    name for name in tracked("*.js", "*.mjs", "*.ts") if not name.startswith("alerta_utec/static/")
]


def python_prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the docstrings and comments of a Python file, each with its line."""
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node, clean=False)
            if text:
                yield node.body[0].lineno, text
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def javascript_prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the comments of a JavaScript file, each with its line."""
    source = path.read_text(encoding="utf-8")
    for match in JS_COMMENT.finditer(source):
        yield source.count("\n", 0, match.start()) + 1, match[0]


def worst_words(name: str, prose: Iterator[tuple[int, str]]) -> list[str]:
    """Return the places of the words, as ``file:line: word``."""
    return [f"{name}:{line}: {match[0]}" for line, text in prose for match in WORST.finditer(text)]


def test_python_files_use_plain_words() -> None:
    found = [place for name in PYTHON for place in worst_words(name, python_prose(ROOT / name))]

    assert not found


def test_javascript_files_use_plain_words() -> None:
    found = [
        place for name in JAVASCRIPT for place in worst_words(name, javascript_prose(ROOT / name))
    ]

    assert not found


def test_the_words_are_found_where_they_stand(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""What whoever asks may read."""\n\nx = 1  # none where there is none\n')
    script = tmp_path / "script.js"
    script.write_text("const url = 'http://nobody';\n// nobody is told\n/* owed */\n")

    assert worst_words("module.py", python_prose(module)) == [
        "module.py:1: whoever",
        "module.py:3: none where",
    ]
    assert worst_words("script.js", javascript_prose(script)) == [
        "script.js:2: nobody",
        "script.js:3: owed",
    ]
