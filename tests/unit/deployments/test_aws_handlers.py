"""``aws_handlers``: what a Lambda's process is like once its handler is built."""

import subprocess
import sys

from benchmarks.cold_start import SETTINGS
from tests.support.emulator import ROOT, clean_environment


def test_garbage_is_collected_again_and_what_was_loaded_is_left_out() -> None:
    code = "import gc, src.connect; print(gc.isenabled(), gc.get_freeze_count() > 10_000)"

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=clean_environment() | SETTINGS,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert done.stdout == "True True\n"
