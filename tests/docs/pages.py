"""The documents' fenced blocks, and the commands in them."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from tests.support.emulator import ROOT

READMES = (ROOT / "README.md", ROOT / "README.en.md")
PAGES = (*READMES, *sorted((ROOT / "docs").rglob("*.md")))
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# "# rules.yml: what it is", in the comments of the block's language.
_NAMED = re.compile(r"(?:#|//) ([\w./-]+\.\w+)(?::| *$)", re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: str
    line: int
    heading: str
    kind: str
    text: str

    @property
    def place(self) -> str:
        """The page and the line, for messages."""
        return f"{self.page}:{self.line}"

    @property
    def file_name(self) -> str | None:
        """The file that the reader saves the block as, if its first line names one."""
        found = _NAMED.match(self.text)
        return found[1] if found else None


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text()
    name = str(page.relative_to(ROOT))
    found = []
    for match in _FENCED.finditer(text):
        before = text[: match.start()]
        headings = _HEADING.findall(_FENCED.sub("", before))
        heading = headings[-1] if headings else ""
        found.append(Block(name, before.count("\n") + 1, heading, match[1], match[2]))
    return found


def commands(block: Block) -> list[str]:
    """Return the command lines of a shell block, with continued lines joined, without comments."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return [line for line in lines if shlex.split(line, comments=True)]


def words(command: str) -> list[str]:
    """Return the words of a command line, as a shell splits them."""
    return shlex.split(command, comments=True)
