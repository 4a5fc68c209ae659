"""The clock jumps by an hour and by ten years, back and ahead: nothing is lost or stays shut."""

import http.client
import platform
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from faults.rig import PASSWORD, CannotRun, Outcome
from faults.traffic import Account, Client, tasks

ON = ("sqlite", "postgresql")
TOGETHER = True
SHORT_ON = ("sqlite",)
HOUR, DECADE = 3600, 3652 * 86400
FULL = {"jumps": (HOUR, 0, -HOUR, 0, DECADE, 0, -DECADE, 0) * 5}
SHORT = {"jumps": (HOUR, DECADE, 0, -DECADE, 0)}

LIMIT = 3
HEARD_IN = 5
"""Seconds within which a stream tells of a change."""


class Clock:
    """The clock of the processes that are started with these `settings`."""

    def __init__(self, file):
        if (sys.platform, platform.machine()) != ("linux", "x86_64"):
            raise CannotRun("libfaketime comes for Linux on x86-64 only")
        package = Path(find_spec("libfaketime").origin).parent
        self.file = file
        self.settings = {
            "LD_PRELOAD": package / "vendor" / "libfaketime" / "src" / "libfaketime.so.1",
            "FAKETIME_TIMESTAMP_FILE": file,
            "FAKETIME_NO_CACHE": 1,
            "DONT_FAKE_MONOTONIC": 1,
        }
        self.jump(0)

    def jump(self, seconds):
        """Let it be so many seconds ahead of the true one."""
        other = self.file.with_suffix(".new")
        other.write_text(f"{seconds:+d}")
        other.replace(self.file)


class Listener:
    """An event stream, and all that has come of it."""

    def __init__(self, port, account):
        self.heard = b""
        self._client = Client(port, account.token)
        self._client.connection.request(
            "GET", f"{account.path}/events", headers=self._client.bearer
        )
        self._response = self._client.connection.getresponse()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        try:
            while line := self._response.readline():
                self.heard += line
        except (OSError, http.client.HTTPException, ValueError):
            pass  # The drill closes it in the middle of a wait.
        self._response.close()
        self._client.close()

    def hears(self, text):
        """Return whether `text` comes, as long as the stream goes on."""
        until = time.monotonic() + HEARD_IN
        while self._thread.is_alive() and time.monotonic() < until:
            if text.encode() in self.heard:
                return True
            time.sleep(0.01)
        return text.encode() in self.heard


class Life:
    """Somebody who uses all that has to do with time, and notes what is wrong."""

    def __init__(self, server, account):
        self.server, self.account = server, account
        self.ask = Client(server.port)
        self.kept, self.wrong, self.asked = {}, [], 0
        self.revision = 0
        self.since = None

    def go_on(self, offset):
        """Live through a jump to `offset` seconds."""
        old = self.account
        login = self.send("POST", "/api/v1/accounts/login", (200,), _login(old.username, PASSWORD))
        self.account = Account(old.username, login.json()["token"])
        self.ask.bearer = {"Authorization": f"Bearer {self.account.token}"}
        name = f"task-{self.asked}"
        made = self.send("POST", old.tasks, (201,), {"name": name}, Idempotency_Key=name)
        again = self.send("POST", old.tasks, (201,), {"name": name}, Idempotency_Key=name)
        self.must(again.json() == made.json(), "a repeat was done twice")
        moment = datetime.now(UTC) + timedelta(seconds=offset)
        created = datetime.fromisoformat(made.json()["creation_date"])
        self.must(abs(created - moment) < timedelta(minutes=1), "the clock has not jumped")
        path, tag = made.headers["Location"], made.headers["ETag"]
        other = self.send("PATCH", path, (200,), {"completed": True}, If_Match=tag)
        self.must(other.json()["revision"] > made.json()["revision"] > self.revision, "revisions")
        self.revision = other.json()["revision"]
        self.kept[name] = other.json()["id"]
        short = self.send("POST", old.tasks, (201,), {"name": "short"})
        self.send("DELETE", short.headers["Location"], (204,))
        query = f"?since={self.since}" if self.since else ""
        news = self.send("GET", f"{old.path}/changes{query}", (200,)).json()
        told = {change.get("name") for change in news["changes"]}
        self.must(name in told or news["reset"] or news["more"], "a change is not told")
        self.since = news["next"]
        for _ in range(LIMIT + 1):
            limited = self.send("POST", "/users", (201, 429), {"data": "hi"})
            self.must(int(limited.headers.get("Retry-After", 0)) <= 2 * HOUR, "shut for long")
            wrong = _login("somebody", "wrong-password")
            limited = self.send("POST", "/api/v1/accounts/login", (401, 429), wrong)
            self.must(int(limited.headers.get("Retry-After", 0)) <= 2 * HOUR, "shut for long")
        return name

    def send(self, method, path, statuses, sent=None, **headers):
        self.asked += 1
        answer = self.ask(method, path, sent, **headers)
        self.must(answer.status in statuses, f"{method} {path} {answer.status} {answer.body}")
        return answer

    def must(self, so, otherwise):
        if not so:
            self.wrong.append(otherwise)


def _login(username, password):
    return {"username": username, "password": password}


def drill(rig, *, jumps):
    clock = Clock(rig.folder / "clock")
    limits = {"MESSAGES_PER_HOUR": LIMIT, "LOGIN_FAILURES": LIMIT, "ADDRESS_LOGIN_FAILURES": 10_000}
    limits["ACCOUNT_LOGIN_FAILURES"] = 10_000
    with rig.serving(**clock.settings, **limits) as server:
        life = Life(server, rig.account(server))
        life.go_on(0)
        for offset in jumps:
            account, stream = life.account, Listener(server.port, life.account)
            clock.jump(offset)
            name = life.go_on(offset)
            with Client(server.port, account.token) as ask:
                alive = ask("GET", account.path).status == 200
            life.must(stream.hears(name) or not alive, "a stream has not told of a change")
        with Client(server.port, life.account.token) as ask:
            ids = {task["name"]: task["id"] for task in tasks(ask, life.account)}
        life.ask.close()
    return Outcome(
        f"the clock of the server put forth and back, {len(jumps)} times, by up to ten years",
        {
            "requests": f"{life.asked:,}",
            "acknowledged": str(len(life.kept)),
            **({"wrong": life.wrong[0]} if life.wrong else {}),
        },
        lost=len(set(life.kept.items()) ^ set(ids.items())),
        broken=len(life.wrong),
    )
