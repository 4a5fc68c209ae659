"""What is stored and every statement that is sent fits a database that is sharded by account."""

import psycopg
import pytest
from conftest import UNROUTABLE
from document import OPERATIONS
from sharding import COLOCATED, COMMANDS, DISTRIBUTED, EXCEPTIONS, REFERENCE, faults
from sqlalchemy import BigInteger, event
from support import Backend
from test_openapi_examples import body, parameters, prepared, send

from todo_api.models import Base
from todo_api.services import accounts, sample
from todo_api.settings import Settings

GOOD = [
    "SELECT task.id FROM task WHERE task.account_id = %(a)s AND (task.id = 1 OR task.id = 2)",
    "SELECT 1 FROM account JOIN token ON token.account_id = account.id WHERE account.id = %(a)s",
    "SELECT 1 FROM task LEFT JOIN item_price ON TRUE WHERE task.account_id = %(a)s FOR UPDATE",
    "SELECT count(*) FROM (SELECT task.id FROM task WHERE task.account_id = %(a)s) AS rows",
    "INSERT INTO account (username) VALUES (%(a)s) RETURNING account.id",
    "UPDATE task SET name = %(n)s::VARCHAR WHERE task.account_id = %(a)s::BIGINT AND task.id = 1",
    "DELETE FROM message WHERE message.id <= (SELECT message.id FROM message LIMIT 1)",
    "SELECT pg_notify(%(c)s, %(t)s)",
    "SHOW transaction_read_only",
]

BAD = {
    "SELECT task.id FROM task WHERE task.id = %(i)s": "account_id is not said",
    "SELECT task.id FROM task": "account_id is not said",
    "SELECT task.id FROM task WHERE task.account_id = 1 OR task.id = 2": "account_id is not said",
    "SELECT task.id FROM task WHERE task.account_id = task.id": "account_id is not said",
    "SELECT task.id FROM task WHERE task.account_id > %(a)s": "account_id is not said",
    "SELECT account.id FROM account JOIN token ON token.id = account.id"
    " WHERE account.id = %(a)s": "token: account_id is not said",
    "SELECT account.id FROM account JOIN username ON username.account_id = account.id"
    " WHERE username.key = %(k)s AND account.id = %(a)s": "lie apart",
    "SELECT 1 FROM item_price LEFT OUTER JOIN task ON task.item_key = item_price.name_key"
    " AND task.account_id = %(a)s": "outer side",
    "SELECT 1 FROM message WHERE message.id IN (SELECT task.id FROM task)": "is not said",
    "INSERT INTO task (id) VALUES (%(i)s)": "account_id is not given",
    "INSERT INTO task (account_id) SELECT 1": "selected",
    "UPDATE task SET account_id = %(b)s WHERE task.account_id = %(a)s": "moved",
    "UPDATE task SET name = random() WHERE task.account_id = %(a)s": "volatile",
    "UPDATE task SET name = %(n)s WHERE task.id = %(i)s": "account_id is not said",
    "DELETE FROM token WHERE token.id = %(i)s": "account_id is not said",
}


@pytest.mark.parametrize("statement", GOOD)
def test_what_one_shard_can_execute_has_no_faults(statement):
    assert faults(statement) == ()


@pytest.mark.parametrize("statement", BAD)
def test_what_would_ask_all_shards_or_none_is_a_fault(statement):
    (fault,) = faults(statement)
    assert BAD[statement] in fault


def test_a_table_that_the_operators_are_told_nothing_of_is_a_fault():
    (fault,) = faults("SELECT dog.id FROM dog")
    assert "where dog is" in fault


def test_the_operators_are_told_what_becomes_of_each_table():
    assert {*DISTRIBUTED, *REFERENCE} == set(Base.metadata.tables)
    assert not DISTRIBUTED.keys() & REFERENCE


def dropped(name):
    return f"DROP CONSTRAINT {name};" in COMMANDS


@pytest.mark.parametrize("name", DISTRIBUTED)
def test_each_key_of_the_models_holds_the_column_by_which_its_table_is_distributed(name):
    table = Base.metadata.tables[name]
    unique = [each for each in table.constraints if hasattr(each, "columns")]
    keys = [
        {column.name for column in each.columns}
        for each in (*unique, *table.indexes)
        if (
            type(each).__name__ in ("PrimaryKeyConstraint", "UniqueConstraint")
            and not dropped(each.name)
        )
        or getattr(each, "unique", False)
    ]
    assert keys
    assert all(DISTRIBUTED[name] in key for key in keys)


@pytest.mark.parametrize("table", Base.metadata.tables.values(), ids=str)
def test_each_foreign_key_leads_to_the_same_shard_or_to_a_copy(table):
    for each in table.foreign_key_constraints:
        other = each.referred_table.name
        pairs = {(key.parent.name, key.column.name) for key in each.elements}
        if table.name in REFERENCE:
            assert other in REFERENCE
        elif other in DISTRIBUTED:
            assert {table.name, other} <= COLOCATED
            assert (DISTRIBUTED[table.name], DISTRIBUTED[other]) in pairs


def test_a_column_that_counts_up_has_room_for_the_numbers_of_all_machines():
    for table in Base.metadata.tables.values():
        column = table.autoincrement_column
        assert column is None or isinstance(column.type, BigInteger)


UNIQUE = """
    SELECT table_.relname, index_.relname, array_agg(column_.attname::text)
    FROM pg_index
    JOIN pg_class index_ ON index_.oid = indexrelid
    JOIN pg_class table_ ON table_.oid = indrelid
    JOIN pg_namespace ON pg_namespace.oid = table_.relnamespace AND nspname = 'public'
    JOIN pg_attribute column_ ON attrelid = indrelid AND attnum = ANY (indkey)
    WHERE indisunique GROUP BY 1, 2
"""
REFERRING = """
    SELECT conrelid::regclass::text, confrelid::regclass::text, here.attname, there.attname
    FROM pg_constraint
    JOIN pg_attribute here ON here.attrelid = conrelid AND here.attnum = ANY (conkey)
    JOIN pg_attribute there ON there.attrelid = confrelid AND there.attnum = ANY (confkey)
    WHERE contype = 'f'
"""


def test_the_migrated_database_is_as_the_rules_want_it_once_the_commands_were_given(
    postgres_databases,
):
    url = postgres_databases.migrated()
    with psycopg.connect(url) as connection:
        for line in COMMANDS.splitlines():
            if line.strip().startswith("ALTER TABLE"):
                connection.execute(line)
        unique = connection.execute(UNIQUE).fetchall()
        assert {table for table, _, _ in unique} >= {*DISTRIBUTED, *REFERENCE}
        for table, _, columns in unique:
            assert table not in DISTRIBUTED or DISTRIBUTED[table] in columns
        referring = connection.execute(REFERRING).fetchall()
        assert len(referring) == 2
        for table, other, column, referred in referring:
            assert {table, other} <= COLOCATED
            assert (column, referred) == (DISTRIBUTED[table], DISTRIBUTED[other])
        connection.rollback()
    postgres_databases.give_back(url)


def test_every_operation_sends_statements_for_one_shard_and_each_exception_is_needed(
    postgres_databases,
):
    sent = set()
    for path, verb in OPERATIONS:
        url = postgres_databases.migrated()
        database = postgres_databases.open(url)
        note = lambda *args: sent.add(" ".join(args[2].split()))  # noqa: E731 - It is removed below.
        event.listen(database.engine, "before_cursor_execute", note)
        backend = Backend(Settings(database_url=url), database)
        client = prepared(backend, path, verb)
        keys = {} if verb != "post" else parameters(path, verb, "header")
        send(client, path, verb, parameters(path, verb, "path", "query"), body(path, verb), **keys)
        with database.transaction() as session:
            sample.load(session, "EUR")
            list(accounts.everybody(session))
        backend.close()
        event.remove(database.engine, "before_cursor_execute", note)
        postgres_databases.give_back(url)
    assert UNROUTABLE == []
    for table in {*DISTRIBUTED, *REFERENCE}:
        assert any(f" {table} " in statement for statement in sent), table
    asked = [part for part in EXCEPTIONS if any(part in statement for statement in sent)]
    assert asked == [*EXCEPTIONS]
