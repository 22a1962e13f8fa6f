"""The report of a proof: what was run and measured, without names of the account."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

# Ids of accounts, APIs and resources, and addresses: a report is for everybody.
_REDACTED = (
    re.compile(r"\b\d{12}\b"),
    re.compile(r"\b[a-z0-9]{10}(?=\.execute-api)"),
    re.compile(r"\barn:aws[\w-]*:\S+"),
    re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"),
)


@dataclass
class Findings:
    """What the steps have found so far; times in seconds.

    ``rounds``: by incident, when the ack, the first and the last client had it. ``stopped``: the
    same of the incident during which the fan-out was stopped, and how many clients got it.
    """

    began: str = ""
    region: str = ""
    sockets: int = 0
    took_s: dict[str, float] = field(default_factory=dict)
    conformance: str = ""
    rounds: list[Mapping[str, float]] = field(default_factory=list)
    stopped: Mapping[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def markdown(findings: Findings) -> str:
    """Return the report as a page, redacted."""
    lines = [
        "# Proof on AWS",
        "",
        "Written by `make aws-proof`: a throw-away stage was deployed, tried out and removed.",
        "",
        f"- begun: {findings.began}, region {findings.region}",
        *(f"- {name}: {took_s:.0f} s" for name, took_s in findings.took_s.items()),
        f"- conformance suite: {findings.conformance or 'not run'}",
        "",
        f"## {findings.sockets:,} open clients",
        "",
        *_table(findings.rounds),
        "",
        "## The fan-out stopped in mid-broadcast",
        "",
        *_stopped(findings.stopped),
        "",
        "## Problems",
        "",
        *([f"- {problem}" for problem in findings.problems] or ["None."]),
        "",
    ]
    return redacted("\n".join(lines))


def redacted(text: str) -> str:
    """Return the text without ids of accounts and APIs, ARNs and IP addresses."""
    for pattern in _REDACTED:
        text = pattern.sub("…", text)
    return text


def _table(rounds: Sequence[Mapping[str, float]]) -> list[str]:
    if not rounds:
        return ["Not measured."]
    names = list(rounds[0])
    rows = [
        f"| {name} | {median(one[name] for one in rounds):.2f} "
        f"| {max(one[name] for one in rounds):.2f} |"
        for name in names
    ]
    head = f"Seconds after the report was sent, of {len(rounds)} incidents:"
    return [head, "", "| | median | longest |", "|---|--:|--:|", *rows]


def _stopped(stopped: Mapping[str, float]) -> list[str]:
    if not stopped:
        return ["Not run."]
    return [
        f"{stopped['received']:.0f} of {stopped['clients']:.0f} clients received the incident, the "
        f"last of them {stopped['last']:.1f} s after it was reported."
    ]
