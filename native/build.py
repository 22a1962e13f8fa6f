"""Builds the compiled fan-out into the environment that runs this, where there is a C compiler.

Without one, or without Python's headers, the service does the same in Python: never an error.
"""

import os
import shlex
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("fanout.c")
MODULE = f"alerta_fanout{sysconfig.get_config_var('EXT_SUFFIX')}"


def main() -> None:
    """Build it, or say on standard output why not."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    if shutil.which(compiler[0]) is None:
        print("No C compiler: frames go out one by one, in Python (docs/decisions/0011).")
        return
    target = Path(sysconfig.get_path("platlib")) / MODULE
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        built = Path(folder) / MODULE
        include = f"-I{sysconfig.get_path('include')}"
        command = [*compiler, "-O2", "-shared", "-fPIC", include, "-o", str(built), str(SOURCE)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print("Frames go out one by one, in Python (docs/decisions/0011):")
            print("\n".join(done.stderr.splitlines()[:2]))
            return
        # In one step: a server that runs goes on with the one it has.
        built.replace(target)


if __name__ == "__main__":
    main()
