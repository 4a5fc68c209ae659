"""A stranger tries names: how long a refusal takes must not tell whether there is an account."""

import gc
import time

from support import Backend

from faults.rig import PASSWORD, Outcome
from todo_api.database import Database
from todo_api.settings import Settings

ON = ("sqlite", "postgresql")
SHORT_ON = ("sqlite",)
FULL = {"pairs": 500}
SHORT = {"pairs": 25}

LOGIN = "/api/v1/accounts/login"
MOST = 1_000_000
"""Wrong passwords that are let pass, so that each of them is looked at."""

PART = 0.05
"""How far from a half the AUC may be over ALL pairs; over fewer, chance alone brings it further."""

ALL = 500


def drill(rig, *, pairs):
    """Compare the processor time of both, in which other processes of the machine do not count."""
    limits = ("login_failures", "account_login_failures", "address_login_failures")
    settings = Settings(database_url=rig.url, **dict.fromkeys(limits, MOST))
    database = Database(rig.url)
    backend = Backend(settings, database)
    gc.disable()
    try:
        backend.register("known", PASSWORD)
        seconds = {"known": [], "other": []}
        for number in range(pairs + 5):
            # Which of a pair comes first alternates, since what it finds in the caches differs.
            for name in sorted(seconds, reverse=number % 2):
                took = _refuse(backend, name)
                if number >= 5:
                    seconds[name].append(took)
    finally:
        gc.enable()
        backend.close()
        database.close()
    found = auc(seconds["known"], seconds["other"])
    allowed = PART * (ALL / pairs) ** 0.5
    figures = {
        "AUC": f"{found:.3f} (0.5 ± {allowed:.2f})",
        "median known": f"{1000 * _median(seconds['known']):.2f} ms",
        "median unknown": f"{1000 * _median(seconds['other']):.2f} ms",
    }
    done = f"{pairs} pairs of wrong passwords, for a known and an unknown name"
    return Outcome(done, figures, broken=int(abs(found - 0.5) > allowed))


def auc(some, others):
    """Return how often one of `some` is larger than one of `others`; ties count for a half."""
    larger = sum((a > b) + (a == b) / 2 for a in some for b in others)
    return larger / (len(some) * len(others))


def _refuse(backend, name):
    begun = time.thread_time()
    answer = backend.nobody.post(LOGIN, json={"username": name, "password": "wrong-horse"})
    took = time.thread_time() - begun
    assert answer.status_code == 401, answer.json
    return took


def _median(values):
    return sorted(values)[len(values) // 2]
