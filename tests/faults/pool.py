"""No connection to the database is free, in the server and then in PostgreSQL: 503, and back."""

import time
from contextlib import ExitStack, suppress

import psycopg

from faults.askers import Ask, Asker, slowest, wrong
from faults.rig import Outcome
from faults.traffic import Client, Writers, lost, seconds_until_well

ON = ("postgresql",)
FULL = {"clients": 24, "seconds": 20}
SHORT = {"clients": 12, "seconds": 2}

LOCK_TIMEOUT = 1
IN_TIME = 5
MOST = 40
LOCK = "SELECT 1 FROM account WHERE username_key = 'alice' FOR UPDATE"
END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> ALL(%s)"
)


def drill(rig, *, clients, seconds):
    database = rig.url
    rig.postgres.crash()
    rig.postgres.start_again(f"-c max_connections={MOST}")
    with rig.serving(LOCK_TIMEOUT=LOCK_TIMEOUT) as server:
        account, other = rig.account(server), rig.account(server, "bob")
        asks = [Ask(other.tasks)]
        asker = Asker(server.port, asks, other.token)
        with Writers(server.port, account, clients=clients) as writers:
            with psycopg.connect(database) as holder:
                holder.execute(LOCK)
                asker.start()
                time.sleep(seconds)
            begun = time.monotonic()
            backs = [seconds_until_well(server.port, account)]
            backs.append(writers.seconds_until_one(begun))
            writers.wait_for(len(writers.acknowledged) + clients)
            writers.enough()
        asker.over.set()
        asker.join()
        with taken(database), Client(server.port, account.token) as ask:
            mine = Ask(account.tasks, status=503)
            refused = [(time.monotonic(), mine, ask("GET", mine.path)) for _ in range(20)]
        backs.append(seconds_until_well(server.port, account))
        missing = lost(server.port, writers)
    read = asker.answers
    mistakes = wrong(read + refused)
    mistakes += [each for each in read + refused if each[2].seconds > IN_TIME]
    mistakes += [each for each in refused if "Retry-After" not in each[2].headers]
    figures = {
        **writers.figures(),
        "reads of others in at most": f"{slowest(read):.2f} s",
        "503 when PostgreSQL is full in at most": f"{slowest(refused):.2f} s",
        "back": f"{max(backs):.2f} s after at most",
    }
    return Outcome(
        f"all connections of the server wait for a lock for {seconds} s, {clients} clients write;"
        " then others have all that PostgreSQL has",
        figures,
        lost=missing,
        broken=len(writers.unexpected) + len(mistakes) + sum(back > IN_TIME for back in backs),
    )


class taken(ExitStack):  # noqa: N801 - It is used as a verb: with taken(url).
    """Take all connections that PostgreSQL has, those of the server included."""

    def __init__(self, url):
        super().__init__()
        pids = []
        for _ in range(2):
            with suppress(psycopg.OperationalError):
                while True:
                    connection = self.enter_context(psycopg.connect(url, autocommit=True))
                    pids.append(connection.info.backend_pid)
            connection.execute(END_OTHERS, [pids])
            time.sleep(0.2)
