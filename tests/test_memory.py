"""The memory that a worker process gives back."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from conftest import serving
from support import PASSWORD

HASH = 7
"""MiB that the hash of one password takes."""


def resident(pid):
    """Return how many MiB the one child of a process has."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    lines = Path(f"/proc/{child}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def test_what_passwords_take_is_given_back(tmp_path):
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/x.db", "WORKERS": 1, "THREADS": 8}
    with serving(tmp_path / "log", **settings) as live, httpx.Client(base_url=live.url) as client:
        account = {"username": "alice", "password": PASSWORD}
        client.post("/api/v1/accounts", json={**account, "email": "alice@example.com"})

        def log_in(_):
            return client.post("/api/v1/accounts/login", json=account).status_code

        def ask(_):
            return client.get("/echo/a").status_code

        with ThreadPoolExecutor(16) as many:
            assert set(many.map(ask, range(200))) == {200}
            before = resident(live.process.pid)
            for _ in range(4):
                assert set(many.map(log_in, range(30))) == {200}
        time.sleep(0.2)
        assert resident(live.process.pid) < before + 3 * HASH
