"""`todo-api serve --ephemeral`: a server of one's own, told in one line, that leaves nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from conftest import ROOT, environment

from todo_api.ephemeral import PREFIX
from todo_api.settings import Settings

SERVE = [sys.executable, "-m", "todo_api", "serve", "--ephemeral"]


@dataclass
class Ephemeral:
    process: subprocess.Popen
    told: dict

    @property
    def url(self):
        return self.told["url"]

    @property
    def worker(self):
        """The number of the one process that the server's own has started."""
        pid = self.process.pid
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(child)

    @property
    def folder(self):
        """Where its database is, as its worker has it open."""
        opened = set()
        for file in Path(f"/proc/{self.worker}/fd").iterdir():
            with suppress(FileNotFoundError):
                opened.add(file.readlink())
        (folder,) = {path.parent for path in opened if PREFIX in str(path)}
        return folder

    def register(self, username="alice"):
        account = {"username": username, "email": "a@example.com", "password": "correct-horse"}
        return httpx.post(f"{self.url}/api/v1/accounts", json=account)


@contextmanager
def ephemeral(*arguments, start_new_session=False, **settings):
    process = subprocess.Popen(
        [*SERVE, *arguments],
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=start_new_session,
    )
    try:
        yield Ephemeral(process, json.loads(process.stdout.readline() or "null"))
    finally:
        process.terminate()
        process.communicate(timeout=40)


def ends(condition):
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    return False


def is_gone(server):
    try:
        httpx.get(f"{server.url}/health")
    except httpx.TransportError:
        return True
    return False


def test_one_line_tells_all_that_a_test_needs():
    with ephemeral(PORT="1", WORKERS="2", ACCESS_LOG="on") as server:
        assert set(server.told) == {"url", "control", "admin"}
        assert server.url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{server.url}/users").json() == []
        admin = server.told["admin"]
        bearer = {"Authorization": f"Bearer {admin['token']}"}
        profile = httpx.get(f"{server.url}/api/v1/accounts/admin", headers=bearer).json()
        assert (profile["username"], profile["is_admin"]) == ("admin", True)
        login = {name: admin[name] for name in ("username", "password")}
        assert httpx.post(f"{server.url}/api/v1/accounts/login", json=login).status_code == 200
        control = {"Authorization": f"Bearer {server.told['control']}"}
        clock = httpx.get(f"{server.url}/sandbox/clock", headers=control).json()
        assert clock["is_stopped"] is False
        server.process.terminate()
        rest, errors = server.process.communicate(timeout=40)
        assert (rest, errors, server.process.returncode) == ("", "", 0)


def test_it_listens_where_host_says():
    """A phone or a container has to reach it."""
    with ephemeral(HOST="0.0.0.0") as server:
        port = urlsplit(server.url).port
        assert httpx.get(f"http://127.0.0.2:{port}/users").status_code == 200
    with ephemeral() as server, pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.2:{urlsplit(server.url).port}/users")


def test_ctrl_c_ends_it_in_order():
    """A terminal sends SIGINT to all processes of the group that it started."""
    with ephemeral(start_new_session=True) as server:
        folder = server.folder
        os.killpg(server.process.pid, signal.SIGINT)
        rest, errors = server.process.communicate(timeout=40)
        assert (rest, errors, server.process.returncode) == ("", "", 0)
        assert not folder.exists()


def test_servers_know_nothing_of_each_other_and_leave_nothing():
    with ephemeral() as one, ephemeral("--with-sample") as other:
        assert one.url != other.url
        assert one.register().status_code == 201
        assert httpx.get(f"{one.url}/users").json() == []
        assert httpx.get(f"{other.url}/itemprice?itemname=apples").json()["price"] == 1.35
        assert httpx.get(f"{one.url}/itemprice?itemname=apples").json()["price"] == 0
        assert other.register().status_code == 201
        folders = {one.folder, other.folder}
        assert len(folders) == 2
    assert not [folder for folder in folders if folder.exists()]


def test_tests_may_register_as_often_as_they_like_unless_they_test_the_limit(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert Settings.of_its_own("sqlite:///x.db", 1).registrations_per_hour == 1_000_000
    assert Settings.of_its_own("sqlite:///x.db", 1).messages_per_hour == 1_000_000
    monkeypatch.setenv("REGISTRATIONS_PER_HOUR", "1")
    monkeypatch.setenv("CURRENCY", "CHF")
    told = Settings.of_its_own("sqlite:///x.db", 1)
    assert (told.registrations_per_hour, told.currency) == (1, "CHF")


@pytest.mark.parametrize("signal_sent", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_the_process_that_started_it(signal_sent):
    starting = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    parent = subprocess.Popen(
        [sys.executable, "-c", starting, *SERVE],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with parent:
        server = Ephemeral(parent, json.loads(parent.stdout.readline()))
        main = server.worker
        server.process = subprocess.CompletedProcess([], 0)
        server.process.pid = main
        folder = server.folder
        os.kill(parent.pid, signal_sent)
        parent.wait(timeout=10)
        assert ends(lambda: is_gone(server) and not folder.exists())
        assert ends(lambda: not Path(f"/proc/{main}").exists())


def test_it_ends_when_nobody_reads_where_it_is():
    process = subprocess.Popen(
        SERVE, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    with process:
        process.stdout.close()
        assert process.wait(timeout=40) == 0


def test_its_worker_ends_with_it_even_when_it_is_killed():
    with ephemeral() as server:
        folder, worker = server.folder, server.worker
        server.process.kill()
        assert ends(lambda: is_gone(server) and not folder.exists())
        assert ends(lambda: not Path(f"/proc/{worker}").exists())


def test_it_refuses_a_database_that_is_not_its_own(tmp_path):
    file = tmp_path / "todo.db"
    outcome = subprocess.run(
        SERVE,
        env=environment(DATABASE_URL=f"sqlite:///{file}"),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert outcome.stderr.count("\n") == 1
    assert "DATABASE_URL" in outcome.stderr
    assert not file.exists()
