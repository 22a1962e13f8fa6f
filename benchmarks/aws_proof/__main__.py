"""``make aws-proof``: prove the deployment on AWS, in ten minutes and for some cents.

Deploys the stage ``proof`` without sign-in, waits until an incident comes back, runs the
conformance suite, opens many sockets and measures, stops the fan-out in mid-broadcast, removes
everything, and writes a redacted report. Whatever fails, the stage is removed at the end.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.aws_proof.report import Findings, markdown
from benchmarks.aws_proof.sockets import Reporter, Sockets, reporter
from benchmarks.aws_proof.stack import ProofFailed, Stack
from benchmarks.options import Steps

# After a first deployment, Lambda takes minutes until it polls a stream (its developer guide).
FIRST_BROADCAST_S = 600.0
BROADCAST_S = 60.0
# A shard whose function was stopped comes back after its queue's visibility timeout.
LATE_S = 420.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the proof; return 0 if every step held."""
    parser = argparse.ArgumentParser(prog="make aws-proof", description=__doc__)
    parser.add_argument("--sockets", type=int, default=1000, help="open clients (1000)")
    parser.add_argument("--rounds", type=int, default=5, help="measured incidents (5)")
    parser.add_argument(
        "--stopped", type=float, default=10, help="seconds without the fan-out (10)"
    )
    parser.add_argument("--report", type=Path, default=Path("docs/aws-proof.md"))
    parser.add_argument("--param", action="append", default=[], help="NAME=VALUE of serverless.yml")
    parser.add_argument("--tests", nargs="*", default=["tests/conformance"], help="of conformance")
    parser.add_argument("--folder", type=Path, default=Path(), help="the checkout to deploy")
    given = parser.parse_args(arguments)
    findings = Findings(began=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", sockets=given.sockets)
    stack = Stack(given.folder, given.param)
    try:
        _prove(stack, given, findings)
    except ProofFailed as error:
        findings.problems.append(str(error))
        sys.stderr.write(f"{error}\n")
    given.report.write_text(markdown(findings))
    _say(f"{'FAILED' if findings.problems else 'PROVEN'}: {given.report}")
    return 1 if findings.problems else 0


def _prove(stack: Stack, given: argparse.Namespace, findings: Findings) -> None:
    steps = Steps(_say, 6)
    stack.check_account()
    findings.region = stack.region
    try:
        steps.next("deploying the stage proof; some four minutes")
        with _timed(findings, "deployed in"):
            stack.deploy()
        steps.next("waiting until a reported incident comes back")
        with _timed(findings, "first incident back after"):
            asyncio.run(_wait_for_broadcast(stack.web_socket_url))
        steps.next("the conformance suite")
        findings.conformance = _conformance(stack, given.tests, findings)
        steps.next(f"{given.sockets} open clients")
        asyncio.run(_measure(stack, given, findings, lambda: steps.next("the fan-out stopped")))
    finally:
        steps.next("removing the stage")
        with _timed(findings, "removed in"):
            stack.remove()


async def _wait_for_broadcast(url: str) -> None:
    """Report drills until one comes back by broadcast.

    Raises:
        ProofFailed: none did.
    """
    deadline_s = time.monotonic() + FIRST_BROADCAST_S
    async with Sockets(url, 1) as listener, reporter(url) as client:
        while time.monotonic() < deadline_s:
            incident_id, _ = await client.report()
            if await listener.wait_for_all(incident_id, 15):
                return
    raise ProofFailed(f"No incident came back within {FIRST_BROADCAST_S:.0f} s of the deployment.")


def _conformance(stack: Stack, tests: Sequence[str], findings: Findings) -> str:
    """Run the conformance suite; return its closing line."""
    if not tests:
        return ""
    addresses = ("--endpoint", stack.web_socket_url, "--http-endpoint", stack.http_url)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, *addresses],
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    if done.returncode:
        failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
        findings.problems += failed or [done.stdout[-1000:] + done.stderr[-1000:]]
    return next(reversed(done.stdout.strip().splitlines()), "no output")


async def _measure(
    stack: Stack, given: argparse.Namespace, findings: Findings, next_step: Callable[[], None]
) -> None:
    url = stack.web_socket_url
    async with Sockets(url, given.sockets) as sockets, reporter(url) as client:
        for number in range(given.rounds):
            measured = await _round(sockets, client)
            findings.rounds.append(measured)
            last_s = measured["last client"]
            _say(f"  {number + 1}/{given.rounds}: last client after {last_s:.2f} s")
            if sockets.lost:
                findings.problems.append(f"{len(sockets.lost)} sockets ended by themselves")
                return
        next_step()
        findings.stopped = await _stopped(stack, sockets, client, given.stopped)
    if findings.stopped["received"] < findings.stopped["clients"]:
        findings.problems.append("some clients did not receive the incident of the stopped fan-out")


async def _round(sockets: Sockets, client: Reporter) -> Mapping[str, float]:
    """Report one incident; return when it was acknowledged and received.

    Raises:
        ProofFailed: some client did not receive it.
    """
    began_s = time.perf_counter()
    incident_id, ack_s = await client.report()
    count = await sockets.wait_for_all(incident_id, BROADCAST_S)
    times = sorted(sockets.received_s[incident_id].values())
    if count < len(sockets):
        raise ProofFailed(f"{count} of {len(sockets)} clients received an incident.")
    return {"ack": ack_s, "first client": times[0] - began_s, "last client": times[-1] - began_s}


async def _stopped(
    stack: Stack, sockets: Sockets, client: Reporter, seconds: float
) -> Mapping[str, float]:
    """Stop the fan-out while a broadcast runs; return how many received it, and when."""
    began_s = time.perf_counter()
    stopping = asyncio.to_thread(stack.set_concurrency, "fanout", 0)
    (incident_id, _), _ = await asyncio.gather(client.report(), stopping)
    try:
        await asyncio.sleep(seconds)
    finally:
        await asyncio.to_thread(stack.set_concurrency, "fanout", None)
    count = await sockets.wait_for_all(incident_id, LATE_S)
    times = sockets.received_s[incident_id].values()
    last_s = max(times, default=began_s) - began_s
    return {"received": count, "clients": len(sockets), "last": last_s}


@contextmanager
def _timed(findings: Findings, name: str) -> Iterator[None]:
    began_s = time.monotonic()
    yield
    findings.took_s[name] = time.monotonic() - began_s


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
