"""Work: what answering a request takes, by which a server decides where to answer it."""

from enum import Enum, auto


class Work(Enum):
    """A kind of work. Requests of one kind wait only for each other."""

    NO_DATABASE = auto()
    """Short, and without the database."""

    LOOKUP = auto()
    """Reads some rows that an index finds, however many there are."""

    SCAN = auto()
    """May read all rows of an account, or of the price list."""

    PUBLIC_LIST = auto()
    """Reads a list of bounded length that anybody may see."""

    SHORT_WRITE = auto()
    """Writes a few rows of the caller's own account."""

    WRITE = auto()
    """Writes anything else."""

    PASSWORD = auto()
    """Computes the hash of a password."""

    FILE = auto()
    """Reads a whole file that a client sends."""

    LARGE_FILE = auto()
    """Reads a large file, of which there is one at a time."""

    EXPORT = auto()
    """Writes a whole file for a client."""

    STREAM = auto()
    """Begins an answer that goes on for minutes."""

    PROBE = auto()
    """Tells whether the database is within reach."""


KEYSET_PARAMETERS = frozenset({"limit", "after", "sort", "since", "itemname"})
"""Parameters of a query that leave it to an index to find the rows."""


def is_lookup(query_string: str) -> bool:
    """Return whether all parameters of a query leave it to an index to find the rows."""
    if not query_string:
        return True
    names = (parameter.partition("=")[0] for parameter in query_string.split("&"))
    return all(name in KEYSET_PARAMETERS for name in names)
