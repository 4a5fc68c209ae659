"""How far away the database is: what a round trip takes."""

import math
import time
from contextlib import closing

from todo_api.database import Database
from todo_api.errors import Unavailable
from todo_api.failures import understood
from todo_api.place import Place, nothing

_TRIES = 20


def measured(database: Database) -> float:
    """Return the seconds that an answer takes at best, of some; infinity where there is none.

    What it takes on SQLite, which is in this process, is nothing.
    """
    if database.is_sqlite:
        return 0
    try:
        with understood(database.engine, database.guard):
            place = database.place()
            with closing(place.pooled):
                return min(_one(place) for _ in range(_TRIES))
    except Unavailable:
        return math.inf


def _one(place: Place) -> float:
    begun = time.perf_counter()
    place.put("SELECT 1", None, nothing)
    return time.perf_counter() - begun
