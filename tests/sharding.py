"""The rules of Citus for tables that are distributed by account, held against SQL that was sent.

They are those of docs.citusdata.com: "Creating and Modifying Distributed Objects" on constraints,
"SQL Support and Workarounds" on statements, "Determining Application Type" on tenants. A statement
that says of each distributed table in it which account it is about is executed by one shard, which
can do all that PostgreSQL can.
"""

import inspect
import re
from functools import cache
from pathlib import Path

import sqlglot
from sqlglot import exp

ROOT = Path(__file__).parent.parent
COMMANDS = (ROOT / "docs" / "scaling.rst").read_text()

DISTRIBUTED = dict(re.findall(r"create_distributed_table\('(\w+)', '(\w+)'", COMMANDS))
"""By which column operators are told to distribute a table."""

REFERENCE = set(re.findall(r"create_reference_table\('(\w+)'", COMMANDS))
"""Of which tables they are told to give each machine a copy."""

LOCAL = {"alembic_version"}
"""Tables that stay where the program connects to, which is where no command is given for them."""

COLOCATED = {
    *re.findall(r"create_distributed_table\('(\w+)', '\w+', colocate_with => 'account'", COMMANDS),
    "account",
}
"""The tables whose rows lie where their account's row does."""

EXCEPTIONS = {
    "FROM account WHERE account.listed": "GET /users shows accounts from all shards.",
    "FROM account WHERE account.id IN": (
        "Whose streams a process has open it asks for at once, after its connection was lost."
    ),
    "DELETE FROM replay WHERE replay.created_date": "Once an hour, what is too old of all.",
    "FROM account ORDER BY account.username_key": "An operator lists all accounts.",
    "SELECT account.id FROM account LIMIT": (
        "Whether there is anybody is asked by load-sample, which is not for such a database."
    ),
}
"""What asks several shards, by a part of the statement, and why it may."""

_HARMLESS = (exp.Cast, exp.Collate, exp.And, exp.Or)


@cache
def faults(statement):
    """Return what keeps one shard from executing the statement."""
    if not statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
        return ()
    plain = " ".join(statement.split())
    if any(part in plain for part in EXCEPTIONS):
        return ()
    found = []
    for each in sqlglot.parse_one(statement, read="postgres").walk():
        if isinstance(each, exp.Table) and isinstance(each.this, exp.Identifier):
            known = each.name in {*DISTRIBUTED, *REFERENCE, *LOCAL}
            found += [] if known else [f"docs/scaling.rst does not say where {each.name} is"]
        elif isinstance(each, exp.Insert):
            found += _of_insert(each)
        elif isinstance(each, exp.Select | exp.Update | exp.Delete):
            found += _of_query(each)
    return tuple(found)


def _of_insert(insert):
    table = insert.this.find(exp.Table)
    column = _column_of(table)
    given = {each.name for each in insert.this.expressions}
    # The id of an account comes from its sequence, before the shard is sought.
    if column and column not in given and table.name != "account":
        yield f"{table.name}: {column} is not given"
    if column and isinstance(insert.expression, exp.Select):
        yield f"{table.name}: what is inserted is selected"


def _of_query(query):
    tables = _tables(query)
    said, same = _said(query, tables)
    for pair in [*same, *same]:
        if said & pair:
            said |= pair
    distributed = {alias for alias, table in tables.items() if _column_of(table)}
    for alias in sorted(distributed - said):
        yield f"{tables[alias].name}: {_column_of(tables[alias])} is not said"
    if len({tables[alias].name in COLOCATED for alias in distributed}) > 1:
        yield "tables are joined that lie apart"
    for join in query.args.get("joins") or ():
        if join.side and join.alias_or_name in distributed and distributed != {*tables}:
            yield f"{join.this.name}: a reference table is joined on the outer side"
    if isinstance(query, exp.Update) and distributed:
        yield from _of_update(query)


def _of_update(update):
    name = update.this.name
    if any(each.this.name == _column_of(update.this) for each in update.expressions):
        yield f"{name}: a row is moved to another shard"
    for function in update.find_all(exp.Func):
        if not isinstance(function, _HARMLESS):
            yield f"{name}: {function.sql()} may be volatile"


def _tables(query):
    """Return the tables that the query itself names, by alias; its subqueries have their turn."""
    sources = [query] if isinstance(query, exp.Update | exp.Delete) else []
    sources += [query.args["from_"]] if query.args.get("from_") else []
    sources += query.args.get("joins") or ()
    found = [each.this for each in sources if isinstance(each.this, exp.Table)]
    return {each.alias_or_name: each for each in found if isinstance(each.this, exp.Identifier)}


def _column_of(table):
    """Return by which column a table is distributed, None if it is not."""
    return DISTRIBUTED.get(table.name)


def _said(query, tables):
    """Return the tables whose account is said, and the pairs of which it is said to be the same."""
    conditions = [query.args["where"].this] if query.args.get("where") else []
    conditions += [join.args["on"] for join in query.args.get("joins") or () if join.args.get("on")]
    said, same = set(), []
    for condition in conditions:
        for part in condition.flatten() if isinstance(condition, exp.And) else [condition]:
            if isinstance(part, exp.EQ):
                sides = {_distributing(side, tables) for side in (part.left, part.right)}
                columns = [*part.find_all(exp.Column)]
                if len(columns) == 1:
                    said |= sides - {None}
                elif None not in sides:
                    same.append(sides)
    return said, same


def _distributing(side, tables):
    """Return the alias of the table that is distributed by this column, if it is one."""
    if not isinstance(side, exp.Column):
        return None
    alias = side.table or next(iter(tables))
    return alias if alias in tables and _column_of(tables[alias]) == side.name else None


def is_sent_by_the_program():
    """Return whether the statement that is just sent comes from what serves requests."""
    frame = inspect.currentframe()
    while frame:
        file = frame.f_code.co_filename.removeprefix(f"{ROOT}/")
        if file.startswith("todo_api/"):
            return not file.startswith(("todo_api/cli/", "todo_api/migrations/", "todo_api/backup"))
        if file.startswith("tests/test_"):
            return False
        frame = frame.f_back
    return False
