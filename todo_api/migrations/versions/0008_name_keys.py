"""Names are compared by NFKC_Casefold: characters that nobody sees do not count any more.

Programs of the generation before this one would store and look for other keys, so that this begins
a new one. Usernames are of ASCII, whose keys stay.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from todo_api.errors import CannotStart
from todo_api.values import money, names
from todo_api.values.quotes import quoted

revision = "0008"
down_revision = "0007"

AT_ONCE = 1_000
TEXTS = ("name", "note", "item")

task = sa.table(
    "task",
    sa.column("account_id", sa.BigInteger()),
    sa.column("id", sa.BigInteger()),
    *(sa.column(name, sa.Text()) for name in TEXTS),
    *(sa.column(f"{name}_key", sa.Text()) for name in TEXTS),
)
item_price = sa.table(
    "item_price",
    sa.column("name_key", sa.Text()),
    sa.column("name", sa.Text()),
    sa.column("price", sa.BigInteger()),
    sa.column("currency", sa.String()),
    sa.column("revision", sa.BigInteger()),
)
account = sa.table(
    "account", sa.column("id", sa.BigInteger()), sa.column("revision", sa.BigInteger())
)
price_list = sa.table("price_list", sa.column("revision", sa.BigInteger()))

Key = Callable[[str], str]


def upgrade() -> None:
    """Compute the keys anew; raise CannotStart if prices would have the same one."""
    _compute(op.get_bind(), names.search_key)


def downgrade() -> None:
    """Bring the former keys back."""
    _compute(op.get_bind(), _key_before)


def _compute(connection: sa.Connection, key: Key) -> None:
    """Write the keys that are others now, and raise the revisions of the lists that show it.

    A list that is sorted or searched by other keys is another one, so that its ETag must change.
    """
    if prices := _prices(connection, key):
        if taken := _taken(connection, prices):
            raise CannotStart(_refusal(taken))
        one = sa.update(item_price).where(item_price.c.name_key == sa.bindparam("before"))
        connection.execute(
            one.values(name_key=sa.bindparam("after")),
            [{"before": before.name_key, "after": after} for after, before in prices],
        )
        connection.execute(sa.update(price_list).values(revision=price_list.c.revision + 1))
    if tasks := list(_tasks(connection, key)):
        one = sa.update(task).where(
            task.c.account_id == sa.bindparam("owner"), task.c.id == sa.bindparam("number")
        )
        connection.execute(
            one.values({f"{name}_key": sa.bindparam(f"{name}_after") for name in TEXTS}), tasks
        )
        connection.execute(
            sa.update(account)
            .where(account.c.id == sa.bindparam("owner"))
            .values(revision=account.c.revision + 1),
            [{"owner": owner} for owner in sorted({row["owner"] for row in tasks})],
        )


def _prices(connection: sa.Connection, key: Key) -> list[tuple[str, Any]]:
    """Return the prices whose key changes, each behind its new key."""
    query = sa.select(item_price).where(_is_beyond_ascii(connection, item_price.c.name))
    keyed = ((key(row.name), row) for row in _rows(connection, query))
    return [(after, row) for after, row in keyed if after != row.name_key]


def _taken(connection: sa.Connection, prices: list[tuple[str, Any]]) -> list[list[Any]]:
    """Return groups of prices that would have one key; `prices` are those whose key changes."""
    groups = defaultdict(list)
    for after, row in prices:
        groups[after].append(row)
    changed = {row.name_key for _, row in prices}
    wanted = sorted(groups)
    for start in range(0, len(wanted), AT_ONCE):
        some = item_price.c.name_key.in_(wanted[start : start + AT_ONCE])
        for row in connection.execute(sa.select(item_price).where(some)):
            if row.name_key not in changed:
                groups[row.name_key].insert(0, row)
    return [group for _, group in sorted(groups.items()) if len(group) > 1]


def _refusal(groups: list[list[Any]]) -> str:
    """Return what an operator reads: all prices of each group, and what deletes them."""
    shown = "\n\n".join("\n".join(map(_told, group)) for group in groups)
    return f"""\
The price list has prices whose names differ only in characters that nobody sees, \
so that from this version on they are one name. Nothing was changed. \
Of each name delete or rename all prices but one, with the todo_api that you had \
or by these statements, and start again.

{shown}

After any of them: UPDATE price_list SET revision = revision + 1;"""  # noqa: S608 - Nothing executes it.


def _told(row: Any) -> str:
    """Return a line about a price, in which the characters that nobody sees are escaped."""
    escaped = names.IGNORABLE.sub(
        lambda found: found[0].encode("unicode_escape").decode(), row.name
    )
    statement = f"DELETE FROM item_price WHERE revision = {row.revision};"  # noqa: S608 - A person's.
    return f"{quoted(escaped)} at {money.plain(row.price)} {row.currency}: {statement}"


def _tasks(connection: sa.Connection, key: Key) -> Iterator[dict[str, Any]]:
    """Yield which tasks get other keys, and these."""
    conditions = (_is_beyond_ascii(connection, task.c[name]) for name in TEXTS)
    query = sa.select(task).where(sa.or_(*conditions))
    for row in _rows(connection, query):
        texts = ((name, getattr(row, name)) for name in TEXTS)
        keys = {name: None if text is None else key(text) for name, text in texts}
        if any(keys[name] != getattr(row, f"{name}_key") for name in TEXTS):
            after = {f"{name}_after": value for name, value in keys.items()}
            yield {"owner": row.account_id, "number": row.id, **after}


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> Iterable[Any]:
    """Return the rows of a query, of which there may be millions, a few at a time."""
    return connection.execute(query.execution_options(yield_per=AT_ONCE))


def _is_beyond_ascii(
    connection: sa.Connection, text: sa.ColumnElement[str]
) -> sa.ColumnElement[bool]:
    """Return the condition for texts that need more bytes than they have characters.

    The keys of all others stay, and need not be read.
    """
    if connection.dialect.name == "sqlite":
        return sa.func.length(sa.cast(text, sa.LargeBinary)) > sa.func.length(text)
    return sa.func.octet_length(text) > sa.func.char_length(text)


def _key_before(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).strip()[: names.LONGEST_SEARCHED]
