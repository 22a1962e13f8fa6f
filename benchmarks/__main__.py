"""``python -m benchmarks``: run benchmarks, store their figures and draw the report."""

import signal
import sys
import time
from pathlib import Path

import click

from benchmarks import catalogue, native, report, results
from benchmarks.machine import BUILD
from benchmarks.options import Options
from benchmarks.servers import BY_NAME

HELP = """Measure the service beside its peers and the machine's limit.

Figures go to benchmarks/results/NAME.json, and docs/performance.md is drawn from them. Without
NAME, all but those marked with * run. What --quick, --server or --clients leave incomplete goes
to .build/bench/results instead, and is not reported.

\b
Examples:
  python -m benchmarks                           everything (half an hour)
  python -m benchmarks --quick                   a trial of a few minutes
  python -m benchmarks fanout --server c --server alerta --clients 1000
  python -m benchmarks soak --minutes 60
  python -m benchmarks --report                  draw the report again

A server gets a core of its own and the clients another: let nothing else run meanwhile. Other
limits: `ulimit -n` must allow a file for each client.

\b
Benchmarks:
"""


def _help() -> str:
    rows = []
    for name in catalogue.names():
        mark = "*" if catalogue.on_its_own(name) else " "
        rows.append(f"  {name:<12}{mark} {catalogue.title(name)}")
    return HELP + "\n".join(rows)


class Progress:
    """One line that is overwritten on a terminal, and a new line each time elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()

    def say(self, text: str) -> None:
        """Show the progress."""
        click.echo(f"\r\x1b[K{text}" if self._terminal else text, err=True, nl=not self._terminal)

    def end(self) -> None:
        """Finish the line on a terminal."""
        if self._terminal:
            click.echo(err=True)


@click.command(help=_help(), context_settings={"max_content_width": 100})
@click.argument("names", nargs=-1, metavar="[NAME]…", type=click.Choice(catalogue.names()))
@click.option("--quick", is_flag=True, help="A trial of seconds a point, one round.")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="How often.")
@click.option("--server", "servers", multiple=True, type=click.Choice(list(BY_NAME)), help="Only.")
@click.option("--clients", multiple=True, type=click.IntRange(1), help="Only so many; repeatable.")
@click.option("--minutes", default=10.0, show_default=True, help="How long the soak lasts.")
@click.option(
    "--results",
    "kept",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the figures here instead, and draw no report.",
)
@click.option("--report", "only_report", is_flag=True, help="Measure nothing, draw the report.")
def main(
    names: tuple[str, ...],
    quick: bool,
    rounds: int,
    servers: tuple[str, ...],
    clients: tuple[int, ...],
    minutes: float,
    kept: Path | None,
    only_report: bool,
) -> None:
    """Run the chosen benchmarks, one after another."""
    progress = Progress()
    options = Options(quick, rounds, servers, clients, minutes, progress.say)
    # Partial or quick figures must not replace those of a whole run.
    partial = quick or bool(servers) or bool(clients)
    folder = kept or (BUILD / "results" if partial else results.RESULTS)
    chosen = names or [name for name in catalogue.names() if not catalogue.on_its_own(name)]
    for name in () if only_report else chosen:
        started = time.monotonic()
        try:
            result = catalogue.module(name).run(options)
        except native.NoCompiler as error:
            raise click.ClickException(str(error)) from error
        progress.end()
        path = results.write(folder, name, result)
        click.echo(f"{name}: {time.monotonic() - started:.0f} s, {path}")
    if only_report or folder == results.RESULTS:
        report.draw(results.RESULTS, report.DOCUMENT)
        click.echo(str(report.DOCUMENT))


if __name__ == "__main__":
    # End the servers and remove their folders on SIGTERM too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    main(prog_name="python -m benchmarks")
