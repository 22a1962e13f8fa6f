"""Builds the zip for every Lambda: the wheels of requirements.txt, src/ and our package.

``plugin.js`` runs it with any Python 3. It checks wheels by hash and caches them under ``.build/``.
Modules are compiled where the functions' version of Python is installed (``bytecode.py``). The same
content and the same compiler give the same bytes, so that a new deployment without changes uploads
nothing.
"""

import argparse
import contextlib
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from bytecode import bytecode, find_compiler

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".build" / "lambda"
REQUIREMENTS = ROOT / "requirements.txt"
ZIPS_KEPT = 4

# python3.13 on arm64 is Amazon Linux 2023, with glibc 2.34.
PIP_TARGETS = {
    "lambda": [
        *("--platform", "manylinux2014_aarch64"),
        *("--platform", "manylinux_2_17_aarch64"),
        *("--platform", "manylinux_2_28_aarch64"),
        *("--implementation", "cp"),
        *("--python-version", "3.13"),
    ],
    "host": [],
}
OURS = ("alerta_utec", "src")
# Folders of our package for one machine, the clients and the command line.
NOT_ON_LAMBDA = {"airflow", "cli", "client", "gateway", "local", "sqlite"}
OUR_SUFFIXES = {".py", ".html", ".js", ".css", ".svg", ".webmanifest", ".txt"}
LEFT_OUT_SUFFIXES = (".pyc", ".pyi", ".typed")
LEFT_OUT_NAMES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
# Powertools' own copy of Swagger UI (1.7 MB), which no handler loads.
LEFT_OUT_NAMES |= {"swagger-ui-bundle.min.js", "swagger-ui.min.css"}
LEFT_OUT_FOLDERS = {"__pycache__", "bin", "tests"}


def main() -> int:
    """Write the zip; the last line of stdout is ``{"bytes", "unpackedBytes", "compiled"}``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--target", choices=sorted(PIP_TARGETS), default="lambda")
    parser.add_argument("--add", type=Path, nargs="*", default=[], help="files for its root")
    arguments = parser.parse_args()
    try:
        files = content(wheels(arguments.target)) | {file.name: file for file in arguments.add}
        compiler = find_compiler(arguments.target)
        if compiler is not None:
            files |= bytecode(files, compiler, CACHE / arguments.target)
    except subprocess.CalledProcessError as error:
        sys.stderr.write(error.stderr or "")
        return 1
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(zipped(files), arguments.output)
    unpacked = sum(file.stat().st_size for file in files.values())
    result = {"bytes": arguments.output.stat().st_size, "unpackedBytes": unpacked}
    result["compiled"] = compiler is not None
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


def wheels(target: str) -> Path:
    """Return the folder with the wheels' content for ``target``, from the cache if possible.

    Raises:
        subprocess.CalledProcessError: pip failed; ``stderr`` has the reason.
    """
    options = ["--only-binary", ":all:", *PIP_TARGETS[target]]
    asked = [REQUIREMENTS.read_text(encoding="utf-8"), *options]
    if target == "host":
        asked += [sys.implementation.cache_tag, sys.platform, platform.machine()]
    folder = CACHE / target / f"wheels-{_digest(*asked)[:16]}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    for earlier in set(folder.parent.glob("wheels-*")) - {folder}:
        shutil.rmtree(earlier, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input"]
        install += ["--disable-pip-version-check", "--no-compile", "--no-deps", "--require-hashes"]
        install += [*options, "--target", f"{scratch}/wheels", "-r", str(REQUIREMENTS)]
        subprocess.run(install, check=True, capture_output=True, text=True)  # noqa: S603 (our own arguments)
        with contextlib.suppress(OSError):  # another run finished first
            (Path(scratch) / "wheels").rename(folder)
    return folder


def content(wheels_folder: Path) -> dict[str, Path]:
    """Return the content of the zip, sorted: ``{name in the zip: file}``."""
    files = {
        file.relative_to(wheels_folder).as_posix(): file
        for file in wheels_folder.rglob("*")
        if file.is_file() and _belongs(file.relative_to(wheels_folder))
    }
    for folder in OURS:
        for file in (ROOT / folder).rglob("*"):
            name = file.relative_to(ROOT)
            if file.suffix in OUR_SUFFIXES and not NOT_ON_LAMBDA.intersection(name.parts):
                files[name.as_posix()] = file
    return dict(sorted(files.items()))


def zipped(files: dict[str, Path]) -> Path:
    """Return the zip of ``files``, from the cache if possible."""
    parts = [name + hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()]
    path = CACHE / "zips" / f"{_digest(*parts)[:32]}.zip"
    if path.exists():
        path.touch()
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}")
    with zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, file in files.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, for the file permissions
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    scratch.replace(path)
    with contextlib.suppress(FileNotFoundError):  # another run cleans up at the same time
        kept = sorted(path.parent.glob("*.zip"), key=lambda zip_file: zip_file.stat().st_mtime)
        for old in kept[:-ZIPS_KEPT]:
            old.unlink()
    return path


def _belongs(path: Path) -> bool:
    return not (
        path.suffix in LEFT_OUT_SUFFIXES
        or path.name in LEFT_OUT_NAMES
        or LEFT_OUT_FOLDERS.intersection(path.parts[:-1])
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
