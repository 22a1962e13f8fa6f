"""Every block of the READMEs and of docs/ runs, in the order in which a reader pastes it."""

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.docs.exceptions import RUN_ELSEWHERE, UNRUNNABLE, parses
from tests.docs.pages import PAGES, READMES, Block, blocks, commands
from tests.docs.reader import Reader, frames
from tests.support.emulator import ROOT

CLI = [ROOT / "docs" / "cli.es.md", ROOT / "docs" / "cli.md"]
# Programs without an end, and what they have written when they have done what they are for.
ENDLESS = {("docs/client.md", "The Python client"): "complete; 0 recovered"}
HTTP_HEADING = re.compile(r"(GET|POST|PATCH|DELETE) (/\S*)")
GATEWAY_FRAME = {"message", "connectionId", "requestId"}
ARROW = re.compile(r"^\s*(\w+)\s*--?>>\+?-?\s*(\w+):", re.MULTILINE)
DIAGRAMS = re.compile(r"flowchart (?:LR|TD)\n|sequenceDiagram\n")


def name(page: Path) -> str:
    """Return the path from the repository's root."""
    return str(page.relative_to(ROOT))


# test_tutorial.py follows the tutorial, in a copy that it may change.
PASTED = [page for page in PAGES if blocks(page) and page.name != "tutorial.md"]


@pytest.fixture(params=PASTED, ids=name)
def page(request: pytest.FixtureRequest) -> Path:
    """Each page that has blocks."""
    return Path(request.param)


def test_the_reader_has_the_tools_that_the_pages_use() -> None:
    tools = ("bash", "curl", "git", "make", "node", "openssl", "sqlite3")

    assert [tool for tool in tools if shutil.which(tool) is None] == []


def test_every_block_of_a_page_runs_in_the_order_of_the_page(page: Path, tmp_path: Path) -> None:
    begins_without = page in READMES or page in CLI
    with Reader(tmp_path, activated=not begins_without) as reader:
        if page not in READMES:
            reader.clone()
        for block in blocks(page):
            assert block.kind in HANDLERS, f"{block.place}: what is a block of {block.kind!r}?"
            HANDLERS[block.kind](block, reader)


def shell(block: Block, reader: Reader) -> None:
    """Paste the commands."""
    reader.paste(block)


def program(block: Block, reader: Reader) -> None:
    """Save the program for a later command, or run it."""
    if elsewhere(block):
        return
    if block.file_name:
        saved(block, reader)
    else:
        assert block.kind == "python", f"{block.place}: it names no file"
        reader.run_program(block.text, ENDLESS.get((block.page, block.heading)))


def saved(block: Block, reader: Reader) -> None:
    """Save the file, which a later command of the page must name."""
    later = [each for each in blocks(ROOT / block.page) if each.line > block.line]
    used = [line for each in later if each.kind == "sh" for line in commands(each)]

    assert any(str(block.file_name) in line.split() for line in used), f"{block.place}: unused"
    reader.save(block)


def elsewhere(block: Block) -> bool:
    """Return whether another test runs the block; that test must name the page's file."""
    test = RUN_ELSEWHERE.get((block.page, block.heading))
    if test is None:
        return False
    # The English DAG is the Spanish one with other names, which a test below checks.
    page = block.page.replace("integrations.md", "integrations.es.md")
    assert Path(page).name in (ROOT / test).read_text(), f"{block.place}: {test} does not name it"
    return True


def message(block: Block, reader: Reader) -> None:
    """Send a message; hold an answer to what the service says of its own answers."""
    for line in block.text.splitlines():
        example = json.loads(line)
        if "action" in example and "type" not in example:
            reader.send(line)
        elif example.keys() == GATEWAY_FRAME:
            continue
        elif "specversion" in example:
            reader.documents.check_event(example)
        elif "type" in example:
            reader.documents.check_frame(example)
            if reader.watchers and block.page.startswith("README"):
                everyone_has_it(example, reader)
        else:
            http_example(block, example, reader)


def everyone_has_it(example: dict[str, Any], reader: Reader) -> None:
    """Every wscat shows the frame of the page, but for what the service sets."""
    ours = {"incidentId", "seq", "revision", "createdAt", "updatedAt"}
    for watcher in reader.watchers:
        shown = frames(watcher)[-1]
        assert shown.keys() == example.keys()
        assert list(shown["incident"]) == list(example["incident"])
        for field in example["incident"].keys() - ours:
            assert shown["incident"][field] == example["incident"][field]


def http_example(block: Block, example: Any, reader: Reader) -> None:
    """An example under a route's heading is its body or one of its answers."""
    heading = HTTP_HEADING.fullmatch(block.heading)
    assert heading is not None, f"{block.place}: an example of what?"
    reader.documents.check_body_or_answer(heading[1], heading[2], example)


def diagram(block: Block, _reader: Reader) -> None:
    """A diagram is of a kind that is drawn, and its arrows join what it declares."""
    text = block.text
    assert DIAGRAMS.match(text), block.place
    for opening, closing in ("()", "[]", "{}"):
        assert text.count(opening) == text.count(closing), block.place
    assert text.count('"') % 2 == 0, block.place
    if text.startswith("sequenceDiagram"):
        declared = set(re.findall(r"^\s*participant (\w+) as ", text, re.MULTILINE))
        arrows = ARROW.findall(text)
        assert arrows, block.place
        assert {end for arrow in arrows for end in arrow} <= declared, block.place


def unit(block: Block, reader: Reader) -> None:
    """systemd takes the unit, where there is a systemd; its sections are known in any case."""
    sections = re.findall(r"^\[(\w+)\]$", block.text, re.MULTILINE)
    assert sections == ["Unit", "Service", "Install"], block.place
    assert block.file_name is not None
    (command,) = re.findall(r"^ExecStart=(\S+) serve$", block.text, re.MULTILINE)
    if shutil.which("systemd-analyze"):
        file = reader.folder / Path(block.file_name).name
        here = block.text.replace(command, shutil.which("true") or "/bin/true")
        file.write_text(here)
        said = checked(["systemd-analyze", "verify", "--man=no", str(file)])
        # It ends well also where it ignores a line that it does not know.
        assert str(file) not in said, said


def proxy(block: Block, reader: Reader) -> None:
    """nginx takes the file, where there is an nginx; its braces and ends are right in any case."""
    text = re.sub(r"#.*", "", block.text)
    depth = 0
    for line in filter(None, map(str.strip, text.splitlines())):
        assert line[-1] in ";{}", f"{block.place}: {line}"
        depth += line.count("{") - line.count("}")
        assert depth >= 0
    assert depth == 0
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if nginx:
        folder = reader.folder
        certificate(folder)
        here = text.replace("/etc/ssl/alerta", f"{folder}/alerta").replace(
            "/var/log/nginx", str(folder)
        )
        whole = f"pid {folder}/pid; error_log stderr; events {{}}\nhttp {{\n{here}\n}}\n"
        (folder / "nginx.conf").write_text(whole)
        checked([nginx, "-t", "-q", "-p", str(folder), "-c", str(folder / "nginx.conf")])


def caddy(block: Block, reader: Reader) -> None:
    """Caddy takes the file, where there is a Caddy; its braces are right in any case."""
    assert block.text.count("{") == block.text.count("}")
    if found := shutil.which("caddy"):
        (reader.folder / "Caddyfile").write_text(block.text)
        file = str(reader.folder / "Caddyfile")
        checked([found, "adapt", "--adapter", "caddyfile", "--config", file])


def certificate(folder: Path) -> None:
    """Write a certificate of its own, as the page's proxy has one."""
    request = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=alerta.example.edu"
    files = ["-keyout", str(folder / "alerta.key"), "-out", str(folder / "alerta.pem")]
    checked([*request.split(), *files])


def plain(block: Block, reader: Reader) -> None:
    """A block without a language is the banner, the layers, or the line for cron."""
    if "Ctrl-C" in block.text:
        lines = [reader.here(line) for line in block.text.strip().splitlines()]
        pattern = r"\n+".join(re.escape(line).replace("…", r"\S*") for line in lines if line)
        assert re.search(pattern, reader.banner), f"{block.place}:\n{reader.banner}"
    elif block.text.startswith("15 3 "):
        parses(block.text.split(None, 6)[6])
    else:
        layers(block)


def layers(block: Block) -> None:
    """Each name in the picture of the layers is a part of the package."""
    for line in block.text.strip().splitlines():
        parts = re.split(r" \| |, ", re.split(r" {2,}", line)[0])
        for part in parts:
            assert (ROOT / "alerta_utec" / part).exists(), f"{block.place}: {part}"


def checked(command: list[str]) -> str:
    """Run a program that checks a file, and return what it says.

    Raises:
        AssertionError: it refuses the file.
    """
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


HANDLERS: dict[str, Callable[[Block, Reader], None]] = {
    "sh": shell,
    "python": program,
    "js": program,
    "yaml": saved,
    "json": message,
    "mermaid": diagram,
    "ini": unit,
    "nginx": proxy,
    "caddyfile": caddy,
    "": plain,
}


@pytest.mark.parametrize("exception", UNRUNNABLE, ids=lambda each: each.pattern)
def test_every_exception_is_of_some_command(exception: Any) -> None:
    shells = (block for page in PAGES for block in blocks(page) if block.kind == "sh")

    assert any(exception.matches(command) for block in shells for command in commands(block))


def test_the_dag_is_the_same_program_in_both_languages() -> None:
    spanish, english = (
        next(block.text for block in blocks(ROOT / "docs" / page) if block.kind == "python")
        for page in ("integrations.es.md", "integrations.md")
    )

    assert shape(spanish) == shape(english)


def shape(text: str) -> str:
    """Return the program without its names and texts."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
        elif isinstance(node, ast.Name):
            node.id = ""
    return ast.dump(tree)
