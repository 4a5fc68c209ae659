"""Sandboxes: all that is stored, put aside and put back."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, text
from sqlalchemy.orm import Session

from todo_api.models.base import Base, new_era

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""The rows of each table, by its name."""


def all_rows(session: Session) -> Rows:
    """Return all rows of all tables."""
    return {
        table.name: [dict(row) for row in session.execute(select(table)).mappings()]
        for table in Base.metadata.sorted_tables
    }


def put_back(session: Session, rows: Rows) -> None:
    """Make `rows` all that there is, in an SQLite database, whose ids begin anew.

    Whatever has an era begins a new one, so that no ETag or sync token of before matches.
    """
    for table in reversed(Base.metadata.sorted_tables):
        session.execute(delete(table))
    session.execute(text("DELETE FROM sqlite_sequence"))
    for table in Base.metadata.sorted_tables:
        era = {"era": new_era()} if "era" in table.c else {}
        if rows[table.name]:
            session.execute(insert(table), [{**row, **era} for row in rows[table.name]])
