"""Migrations of the future, such as a newer version may bring; Alembic itself runs them."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from conftest import ROOT
from sqlalchemy import inspect, text

from todo_api import migrations

OURS = ROOT / "todo_api/migrations/versions"

SCRIPT = """
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"


def upgrade():
    {upgrade}
"""


def addition():
    """Return the revision that the next addition has."""
    generation, _, step = migrations.newest().partition(".")
    return f"{generation}.{int(step or 0) + 1}"


def generation():
    """Return the revision with which the next generation begins."""
    return f"{int(migrations.newest().partition('.')[0]) + 1:04}"


def migrate(database, folder, revision, upgrade):
    """Migrate as a newer node does, which has a migration with that `upgrade` more."""
    script = SCRIPT.format(revision=revision, before=migrations.newest(), upgrade=upgrade)
    (folder / "future.py").write_text(script)
    config = Config()
    config.set_main_option("script_location", "todo_api:migrations")
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{OURS}\n{folder}")
    with database.migrating() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def additions():
    """Return each addition that there is, and the revision before it."""
    scripts = ScriptDirectory(str(OURS.parent), version_locations=[str(OURS)])
    found = [(each.revision, each.down_revision) for each in scripts.walk_revisions()]
    return [(revision, before) for revision, before in found if "." in revision]


def state(database):
    """Return what programs rely on: each column, constraint and index, and each row."""
    found = {}
    with database.reading() as session:
        inspector = inspect(session.connection())
        for table in set(inspector.get_table_names()) - {"alembic_version"}:
            columns = {each["name"]: each for each in inspector.get_columns(table)}
            rows = session.execute(text(f"SELECT * FROM {table}")).mappings().all()
            found[table] = {
                "columns": {name: _told(each) for name, each in columns.items()},
                "indexes": {each["name"]: _told(each) for each in inspector.get_indexes(table)},
                "unique": [each["name"] for each in inspector.get_indexes(table) if each["unique"]],
                "constraints": [
                    _told(inspector.get_pk_constraint(table)),
                    sorted(map(_told, inspector.get_unique_constraints(table))),
                    sorted(map(_told, inspector.get_check_constraints(table))),
                    sorted(map(_told, inspector.get_foreign_keys(table))),
                ],
                "needed": [
                    name
                    for name, each in columns.items()
                    if not each["nullable"] and each["default"] is None
                ],
                "rows": [dict(row) for row in rows],
            }
    return found


def _told(properties):
    """Return a text that is the same for the same properties, whatever objects they are."""
    if isinstance(properties, dict):
        return repr({name: _told(value) for name, value in sorted(properties.items())})
    return str(properties)


def more_than_additions(before, after):
    """Return what a migration did to what was there, where an older program would notice it."""
    found = []
    for table, old in before.items():
        new = after.get(table)
        if new is None:
            found.append(f"{table} is gone")
            continue
        for kind in ("columns", "indexes"):
            for name, told in old[kind].items():
                if new[kind].get(name) != told:
                    found.append(f"{table}.{name} is {new[kind].get(name, 'gone')}")
        if new["constraints"] != old["constraints"]:
            found.append(f"{table} has other constraints")
        added = new["indexes"].keys() - old["indexes"].keys()
        found += [f"{table}.{name} is unique" for name in added if name in new["unique"]]
        added = new["columns"].keys() - old["columns"].keys()
        found += [f"{table}.{name} needs a value" for name in added if name in new["needed"]]
        names = old["columns"].keys()
        kept = [{name: row.get(name) for name in names} for row in new["rows"]]
        if sorted(map(repr, kept)) != sorted(map(repr, old["rows"])):
            found.append(f"{table} has other rows")
    return found
