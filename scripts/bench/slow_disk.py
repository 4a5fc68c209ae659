"""A disk that is slow to flush: a shim that is compiled when a run begins, and preloaded."""

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("slow_fsync.c")


def shim(folder: Path) -> Path:
    """Return the shim, made in `folder` unless it is there.

    Raises OSError or SubprocessError where it cannot be made, for want of a compiler, say.
    """
    made = folder / "slow_fsync.so"
    if not made.exists():
        compiler = shutil.which("cc")
        if compiler is None:
            raise FileNotFoundError("there is no C compiler to slow fsync with")
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", made, SOURCE, "-ldl"]
        subprocess.run(command, check=True, capture_output=True)
    return made
