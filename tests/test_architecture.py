"""The promises of the house, held by reading its source."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "todo_api"
FILES = sorted(PACKAGE.rglob("*.py"))

FLOORS = {
    "client": 0,
    "testing": 1,
    "pytest_plugin": 2,
    "values": 0,
    "errors": 0,
    "addresses": 1,
    "metrics": 0,
    "pulse": 0,
    "settings": 1,
    "turnstile": 0,
    "announcing": 0,
    "asking": 0,
    "spare": 0,
    "spin": 0,
    "witness": 1,
    "checkpoints": 0,
    "running_reads": 0,
    "sqlite": 1,
    "sqlite_writers": 3,
    "watched": 1,
    "postgresql": 2,
    "generation": 2,
    "memory": 1,
    "failures": 3,
    "place": 1,
    "sessions": 2,
    "statements": 3,
    "commits": 3,
    "database": 4,
    "models": 2,
    "notices": 5,
    "question": 5,
    "services": 6,
    "schemas": 7,
    "resources": 8,
    "migrations": 9,
    "backup": 10,
    "routing": 9,
    "application": 10,
    "urls": 10,
    "openapi": 11,
    "postman": 12,
    "app": 13,
    "telemetry": 14,
    "server": 16,
    "sandbox": 14,
    "ephemeral": 17,
    "cli": 18,
    "__main__": 19,
}

# Modules of a floor that are not nouns: every noun of the floor stands on them.
SHARED = {
    "values": {"names", "money", "moments", "currencies", "clock", "etags"},
    "models": {"base"},
    "services": {
        "bad_rows",
        "paging",
        "due_order",
        "position",
        "replays",
        "revisions",
        "rows",
        "throttle",
        "task_filter",
        "states",
    },
    "schemas": {
        "csv_table",
        "decimal_marks",
        "wire",
        "dumping",
        "loading",
        "fields",
        "json_schema",
        "moments",
        "numbers",
        "query",
    },
    "resources": {
        "access_log",
        "auth",
        "backend",
        "body",
        "caller_address",
        "compression",
        "cross_origin",
        "endpoint",
        "envelope",
        "form",
        "head",
        "idempotency",
        "json_text",
        "last_rendered",
        "log_line",
        "log_writer",
        "of_account",
        "of_file",
        "passage",
        "password_check",
        "path_methods",
        "preconditions",
        "preferences",
        "problems",
        "protection",
        "reading",
        "refusal",
        "response_cache",
        "static",
        "stored",
        "upload",
        "task_upload",
        "work",
    },
}

# A service may ask another one, where its docstring says why; a schema may show another noun's.
SIDEWAYS = {
    ("services.tasks", "services.prices"),
    ("services.exchange", "services.tasks"),
    ("services.sample", "services.accounts"),
    ("services.sample", "services.prices"),
    ("schemas.price_file", "schemas.price_rows"),
    ("schemas.price_rows", "schemas.item_price"),
    ("schemas.calendar_series", "schemas.calendar_rules"),
    ("schemas.calendar_series", "schemas.calendar_todos"),
    ("schemas.calendar_todos", "schemas.calendar_lines"),
    ("schemas.calendar_todos", "schemas.calendar_texts"),
    ("schemas.calendar_todos", "schemas.calendar_zones"),
    ("schemas.calendar_todos", "schemas.skipped"),
    ("schemas.calendar_todos", "schemas.task_file"),
    ("schemas.calendar_todos", "schemas.task_ics"),
    ("schemas.calendar_zones", "schemas.calendar_lines"),
    ("schemas.calendar_zones", "schemas.calendar_rules"),
    ("schemas.calendar_zones", "schemas.calendar_texts"),
    ("schemas.task_calendar", "schemas.calendar_series"),
    ("schemas.task_calendar", "schemas.calendar_todos"),
    ("schemas.task_calendar", "schemas.skipped"),
    ("schemas.task_calendar", "schemas.task_file"),
    ("schemas.task_calendar", "schemas.task_ics"),
    ("schemas.task_csv", "schemas.task_file"),
    ("schemas.task_elsewhere", "schemas.calendar_todos"),
    ("schemas.task_elsewhere", "schemas.skipped"),
    ("schemas.task_elsewhere", "schemas.task_file"),
    ("schemas.task_file", "schemas.skipped"),
    ("schemas.task_ics", "schemas.task_file"),
    ("schemas.own_account", "schemas.account"),
    ("schemas.own_account", "schemas.token"),
    ("schemas.token", "schemas.account"),
    ("schemas.change", "schemas.account"),
    ("schemas.batch", "schemas.change"),
    ("schemas.batch", "schemas.task"),
    ("schemas.change", "schemas.task"),
}


# What runs in the process of other people's tests.
BESIDE = ("testing", "pytest_plugin")


def name_of(file):
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports_of(file):
    """Return the modules of todo_api, without that prefix, and the others that a file imports."""
    own, others = set(), set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            others.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            if node.module.split(".")[0] != "todo_api":
                others.add(node.module)
                continue
            base = node.module.partition(".")[2]
            for alias in node.names:
                deeper = f"{base}.{alias.name}".strip(".")
                own.add(deeper if deeper in MODULES else base)
    return own, others


MODULES = {name_of(file): file for file in FILES}
IMPORTS = {name: imports_of(file) for name, file in MODULES.items()}


def floor(module):
    return FLOORS[module.split(".")[0]]


def test_every_module_has_a_floor():
    assert {module.split(".")[0] for module in MODULES if module} == set(FLOORS)


@pytest.mark.parametrize("module", [name for name in MODULES if "versions" not in name and name])
def test_imports_go_down_only(module):
    own, _ = IMPORTS[module]
    for other in own - {""}:
        inside = module.split(".")[0] == other.split(".")[0]
        below = floor(other) < floor(module)
        assert below or inside, f"{module} imports {other}, which is not below"
        package, _, noun = module.partition(".")
        if package in SHARED and other.startswith(f"{package}.") and noun:
            sideways = other.partition(".")[2]
            allowed = sideways in SHARED[package] or (module, other) in SIDEWAYS
            assert allowed, f"{module} imports {other}, sideways"


def test_no_imports_go_in_a_circle():
    done = {""}

    def visit(module, path):
        assert module not in path, f"a circle: {[*path, module]}"
        if module in done:
            return
        for other in IMPORTS[module][0]:
            if other != module:
                visit(other, [*path, module])
        done.add(module)

    for module in MODULES:
        visit(module, [])


@pytest.mark.parametrize("package", ["values", "models", "services", "schemas"])
def test_the_lower_floors_know_nothing_of_http(package):
    for module, (_, others) in IMPORTS.items():
        if module.split(".")[0] == package:
            assert not {name.split(".")[0] for name in others} & {"flask", "werkzeug"}, module


def test_the_ground_knows_nothing_of_http():
    for module in ("errors", "settings", "database"):
        names = {name.split(".")[0] for name in IMPORTS[module][1]}
        assert not names & {"flask", "werkzeug", "flask_restful"}


def test_only_a_sandbox_can_stop_the_clock():
    known = {module for module, (own, _) in IMPORTS.items() if "values.clock" in own}
    assert known == {"values.moments", "resources.sandbox"}


def test_there_is_one_clock():
    """The access log tells the machine's own time, whatever a sandbox makes of it."""
    reading = re.compile(r"datetime\.(utc)?now|today\(|time\.time\(")
    server = [file for file in FILES if PACKAGE / "client" not in file.parents]
    readers = {file.name for file in server if reading.search(file.read_text())}
    assert readers == {"clock.py", "access_log.py"}


def test_no_import_stands_in_a_function():
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef):
                inner = [
                    each for each in ast.walk(node) if isinstance(each, ast.Import | ast.ImportFrom)
                ]
                assert not inner, f"{file}:{node.lineno}"


def calls(name):
    return [
        f"{file.relative_to(PACKAGE)}:{node.lineno}"
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
    ]


def test_there_is_one_commit():
    passed_on = ("sessions.py:", "place.py:", "watched.py:")
    (commit,) = [place for place in calls("commit") if not place.startswith(passed_on)]
    assert commit.startswith("commits.py:")


def test_only_the_ground_begins_transactions():
    ground = ("database.py:", "sessions.py:")
    assert all(place.startswith(ground) for place in calls("begin"))
    assert not calls("begin_nested")


def test_only_the_settings_read_the_environment():
    for file in FILES:
        # In the process of somebody's tests it hands on what these have.
        if file.name not in ("settings.py", "testing.py"):
            assert not re.search(r"(os\.|from os import .*)(environ|getenv)", file.read_text())


def test_the_package_itself_imports_nothing():
    assert IMPORTS[""] == (set(), set())


@pytest.mark.parametrize("module", ["todo_api", "todo_api.services.tasks", "todo_api.schemas.task"])
def test_what_needs_no_flask_loads_none(module):
    code = f"import sys, {module}; assert not {{'flask', 'werkzeug'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_client_stands_apart_from_the_server():
    for module, (own, _) in IMPORTS.items():
        inside = module.startswith("client")
        if module not in BESIDE:
            assert all(other.startswith("client") == inside for other in own - {""}), module


def test_what_runs_in_other_peoples_tests_loads_nothing_of_the_server():
    for module in BESIDE:
        own, _ = IMPORTS[module]
        assert all(other.startswith(("client", *BESIDE)) for other in own - {""}), module


def test_every_ignored_rule_says_why():
    for file in [*FILES, *(ROOT / "tests").glob("*.py")]:
        for line in file.read_text().splitlines():
            _, mark, reason = line.partition("# " + "noqa")
            if mark:
                assert " - " in reason, f"{file.name}: {line}"
            assert "# type: " + "ignore" not in line
            assert "pragma: " + "no cover" not in line


def test_no_test_is_skipped():
    for file in (ROOT / "tests").glob("test_*.py"):
        text = file.read_text()
        for mark in ("mark." + "skip", "mark." + "xfail", "pytest." + "skip("):
            assert mark not in text, file.name
