"""What the server tells beside the access log: lines of JSON that say of which request they are."""

import itertools
import json
import logging
import sqlite3
import sys
from contextlib import closing

import httpx
import pytest
from conftest import serving
from support import PASSWORD

from todo_api.resources import passage
from todo_api.resources.log_line import LogLine
from todo_api.resources.passage import Passage


def shown(message, *arguments, exc_info=None):
    record = logging.LogRecord("a.logger", logging.WARNING, "", 0, message, arguments, exc_info)
    line = LogLine().format(record)
    assert "\n" not in line
    assert line.isascii()
    return json.loads(line)


def test_a_line_is_json_whatever_it_says():
    line = shown("%s\n2026-01-01 ERROR äöü \x1b[2J", "a\r\nb")
    assert line["message"] == "a\r\nb\n2026-01-01 ERROR äöü \x1b[2J"
    assert (line["level"], line["logger"]) == ("WARNING", "a.logger")
    assert line["time"].endswith("Z")
    assert set(line) == {"time", "level", "logger", "message"}


def test_an_error_stands_in_the_line_with_its_traceback():
    try:
        {}["nobody foresaw it"]
    except KeyError:
        line = shown("An error", exc_info=sys.exc_info())
    assert line["error"].startswith("Traceback (most recent call last):\n")
    assert line["error"].endswith("KeyError: 'nobody foresaw it'")


def test_in_a_request_the_line_has_its_id_and_its_account(backend):
    this = Passage("abc", 0.0)
    with backend.app.test_request_context("/", environ_overrides={passage.KEY: this}):
        assert shown("early")["account"] is None
        this.account = 7
        line = shown("late")
    assert (line["request_id"], line["account"]) == ("abc", 7)


@pytest.mark.parametrize("level", ["info", "error"])
def test_all_that_a_server_writes_is_json_and_says_why_a_request_was_refused(tmp_path, level):
    file = tmp_path / "todo.db"
    settings = {"DATABASE_URL": f"sqlite:///{file}", "LOCK_TIMEOUT": 1, "LOG_LEVEL": level}
    with serving(tmp_path / "log", **settings) as live, httpx.Client(base_url=live.url) as ask:
        sent = {"username": "alice", "password": PASSWORD}
        made = ask.post("/api/v1/accounts", json={**sent, "email": "alice@example.com"})
        login = ask.post("/api/v1/accounts/login", json=sent).json()
        headers = {"Authorization": f"Bearer {login['token']}", "X-Request-ID": "waited"}
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            path = f"{made.headers['Location']}/tasks"
            assert ask.post(path, json={"name": "x"}, headers=headers).status_code == 503
    greeted = itertools.dropwhile(lambda line: line[0] != "{", live.text().splitlines())
    lines = [json.loads(line) for line in greeted]
    told = [line for line in lines if line["request_id"] == "waited"]
    assert [line["status"] for line in told if "status" in line] == [503]
    reasons = [line for line in told if "message" in line]
    assert len(reasons) == (level == "info")
    for line in reasons:
        assert "database is locked" in line["message"]
        assert line["level"] == "WARNING"
        assert isinstance(line["account"], int)
