"""Clients in a process that can be frozen: the kernel answers, the clients do not."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.emulator import ROOT
from tests.support.load import LoadClient, run

EXIT_S = 30.0


@contextmanager
def frozen_clients(port: int, count: int, receive_buffer_bytes: int) -> Iterator[None]:
    """Open clients and stop their process until the block ends; then all must have ended."""
    command = [sys.executable, "-m", __name__, str(port), str(count), str(receive_buffer_bytes)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "open\n"
            process.send_signal(signal.SIGSTOP)
            yield
            process.send_signal(signal.SIGCONT)
            assert process.wait(EXIT_S) == 0
        finally:
            process.kill()


async def _listen(port: int, count: int, receive_buffer_bytes: int) -> None:
    clients = [
        await LoadClient().open(port, receive_buffer_bytes=receive_buffer_bytes)
        for _ in range(count)
    ]
    sys.stdout.write("open\n")
    sys.stdout.flush()
    await asyncio.gather(*(client.ended.wait() for client in clients))


if __name__ == "__main__":
    run(_listen(*map(int, sys.argv[1:])))
