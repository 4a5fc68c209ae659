"""One account does all that keeps a server busy; another one works as ever, and is not held up."""

import threading
import time
from collections import defaultdict

from faults.askers import LOGIN
from faults.attacks import ATTACKS, Attacker
from faults.rig import PASSWORD, Outcome
from faults.traffic import Client

ON = ("sqlite", "postgresql")
FULL = {"seconds": 30, "dated": 60_000, "longest": 2}
SHORT = {"seconds": 1, "dated": 2_000, "longest": 5}
"""`longest` is in seconds what a request of the other account may take. The suite runs two of
these at once with other tests, so that it allows more."""

CLIENTS = 4
PAUSE = 1.0
A_FILE = {"tasks": [{"name": "bread"}, {"name": "milk"}]}


def drill(rig, *, seconds, dated, longest):
    figures, broken = {}, 0
    with rig.serving() as server:
        attacker = Attacker(rig.account(server, "mallory"), dated)
        attacker.fill(server.port)
        neighbour = Neighbour(server.port, rig.account(server, "alice"))
        neighbour.work_once()
        neighbour.answers.clear()
        for attack in ATTACKS:
            enough = threading.Event()
            clients = [
                threading.Thread(target=attack, args=(server.port, attacker, enough))
                for _ in range(CLIENTS)
            ]
            for client in clients:
                client.start()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                neighbour.work_once()
                time.sleep(PAUSE)
            enough.set()
            for client in clients:
                client.join()
            slowest, failed = neighbour.judge(longest)
            figures[attack.__name__.replace("_", " ")] = slowest
            broken += failed
        lost = neighbour.missing()
        neighbour.ask.close()
    return Outcome(
        f"{CLIENTS} clients of one account, {seconds} s each; another one creates, lists, searches,"
        " imports, logs in and asks /ready once a second",
        figures,
        lost=lost,
        broken=broken,
    )


class Neighbour:
    """Somebody who works as ever, and takes down how long each request takes."""

    def __init__(self, port, account):
        self.ask = Client(port, account.token)
        self.answers = defaultdict(list)
        self._account = account
        self._created = set()

    def work_once(self):
        account = self._account
        created = self._request("create", "POST", account.tasks, {"name": "milk"})
        if created.status == 201:
            self._created.add(created.json()["id"])
        self._request("list", "GET", f"{account.tasks}?limit=50")
        self._request("search", "GET", f"{account.tasks}?q=milk")
        self._request("import", "POST", f"{account.path}/import", A_FILE)
        credentials = {"username": account.username, "password": PASSWORD}
        self._request("login", "POST", LOGIN, credentials)
        self._request("ready", "GET", "/ready")

    def judge(self, longest):
        """Return what was slowest since the last time, and how much was not as it should be."""
        slowest, failed = (0.0, ""), 0
        for kind, answers in self.answers.items():
            failed += sum(a.status >= 400 or a.seconds > longest for a in answers)
            wrong = [f" {a.status}" for a in answers if a.status >= 400]
            worst = max(answer.seconds for answer in answers)
            slowest = max(slowest, (worst, f"{kind}{wrong[0] if wrong else ''}"))
        self.answers.clear()
        seconds, kind = slowest
        return f"slowest {1000 * seconds:,.0f} ms ({kind})", failed

    def missing(self):
        """Return how many of the tasks that were created are not there."""
        found, path = set(), f"{self._account.tasks}?limit=200"
        while path:
            page = self.ask("GET", path)
            found |= {task["id"] for task in page.json()["tasks"]}
            path = page.headers.get("Link", "").partition("<")[2].partition(">")[0]
        return len(self._created - found)

    def _request(self, kind, method, path, sent=None):
        answer = self.ask(method, path, sent)
        self.answers[kind].append(answer)
        return answer
