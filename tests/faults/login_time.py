"""A stranger tries names: how long a refusal takes must not tell whether there is an account."""

import gc
import time

from support import Backend

from faults.rig import PASSWORD, Outcome
from todo_api.database import Database
from todo_api.settings import Settings

ON = ("sqlite", "postgresql")
SHORT_ON = ("sqlite",)
FULL = {"pairs": 500, "part": 0.05}
SHORT = {"pairs": 25, "part": 0.35}
"""How far from a half the AUC may be: over few pairs, chance alone brings it further."""

LOGIN = "/api/v1/accounts/login"
MOST = 1_000_000
"""Wrong passwords that are let pass, so that each of them is looked at."""


def drill(rig, *, pairs, part):
    """Compare both kinds of time: of the processor, where little disturbs, and what a client sees.

    The processor's is that of all threads of the server, not of another one that is the database.
    """
    limits = ("login_failures", "account_login_failures", "address_login_failures")
    settings = Settings(database_url=rig.url, **dict.fromkeys(limits, MOST))
    database = Database(rig.url)
    backend = Backend(settings, database)
    gc.disable()
    try:
        backend.register("known", PASSWORD)
        took = {"known": [], "other": []}
        for number in range(pairs + 5):
            # Which of a pair comes first alternates, since what it finds in the caches differs.
            for name in sorted(took, reverse=number % 2):
                both = _refuse(backend, name)
                if number >= 5:
                    took[name].append(both)
    finally:
        gc.enable()
        backend.close()
        database.close()
    known, other = (list(zip(*took[name], strict=True)) for name in took)
    found = [auc(*of_both) for of_both in zip(known, other, strict=True)]
    figures = {}
    for kind, value, *times in zip(("processor", "clock"), found, known, other, strict=True):
        medians = " and ".join(f"{1000 * _median(seconds):.2f} ms" for seconds in times)
        figures[kind] = f"AUC {value:.3f} (0.5 ± {part}); medians {medians}"
    done = f"{pairs} pairs of wrong passwords, for a known and an unknown name"
    return Outcome(done, figures, broken=sum(abs(each - 0.5) > part for each in found))


def auc(some, others):
    """Return how often one of `some` is larger than one of `others`; ties count for a half."""
    larger = sum((a > b) + (a == b) / 2 for a in some for b in others)
    return larger / (len(some) * len(others))


def _refuse(backend, name):
    """Return the seconds that it takes: of the processor, and by the clock."""
    begun = time.process_time(), time.perf_counter()
    answer = backend.nobody.post(LOGIN, json={"username": name, "password": "wrong-horse"})
    ended = time.process_time(), time.perf_counter()
    assert answer.status_code == 401, answer.json
    return [end - begin for begin, end in zip(begun, ended, strict=True)]


def _median(values):
    return sorted(values)[len(values) // 2]
