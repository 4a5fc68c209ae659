"""A client that is generated from the OpenAPI document works against the server."""

import importlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from support import ON_ONE_DATABASE, PASSWORD

from todo_api import openapi

BIN = Path(sys.executable).parent


@pytest.fixture(scope="session")
def generated(tmp_path_factory):
    """Generate the client, where no warning is let pass, and return how its modules are had."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(openapi.document()))
    # The generator knows forms, JSON and files. What else can be sent is a file to it.
    files = dict.fromkeys(["text/csv", "text/calendar"], "application/octet-stream")
    (folder / "config.json").write_text(json.dumps({"content_type_overrides": files}))
    subprocess.run(
        [
            BIN / "openapi-python-client",
            *("generate", "--fail-on-warning", "--meta", "none"),
            *("--path", folder / "openapi.json", "--output-path", folder / "todo_client"),
            *("--config", folder / "config.json"),
        ],
        env={"PATH": f"{BIN}:/usr/bin:/bin"},
        check=True,
        timeout=60,
    )
    sys.path.insert(0, str(folder))
    yield lambda name: importlib.import_module(f"todo_client.{name}")
    sys.path.remove(str(folder))


@pytest.fixture
def call(generated, live):
    """Call an operation, hold its status, and return the answer as the client understands it."""

    def calling(status, name, *path, token=None, **arguments):
        clients = generated("client")
        with_token = {"token": token} if token else {}
        make = clients.AuthenticatedClient if token else clients.Client
        with make(base_url=live.url, **with_token) as client:
            answer = generated(f"api.{name}").sync_detailed(*path, client=client, **arguments)
        assert answer.status_code == status, answer.content
        return answer.parsed

    return calling


@ON_ONE_DATABASE
def test_it_registers_logs_in_creates_lists_pages_and_deletes(generated, call):
    models = generated("models")
    registration = models.Registration(
        username="alice", email="alice@example.com", password=PASSWORD, timezone="Europe/Berlin"
    )
    assert call(201, "account.register", body=registration).username == "alice"
    credentials = models.Credentials(username="alice", password=PASSWORD)
    session = call(200, "token.login", body=credentials)
    as_alice = {"token": session.token}

    due = datetime(2030, 12, 24, 18, tzinfo=UTC)
    tasks = [
        call(201, "task.create_task", "alice", body=models.NewTask(**fields), **as_alice)
        for fields in ({"name": "Äpfel"}, {"name": "Pears", "due_date": due}, {"name": "Plums"})
    ]
    assert [task.name for task in tasks] == ["Äpfel", "Pears", "Plums"]
    assert tasks[1].due_date == "2030-12-24T18:00:00Z"
    assert tasks[0].quantity == 1

    listed, after = [], None
    while True:
        page = call(
            200,
            "task.users_tasks",
            "alice",
            limit=2,
            total=True,
            **({"after": after} if after else {}),
            **as_alice,
        )
        assert page.total == 3
        listed.append([task.name for task in page.tasks])
        if page.next_ is None:
            break
        (after,) = parse_qs(urlsplit(page.next_).query)["after"]
    assert listed == [["Äpfel", "Pears"], ["Plums"]]

    changes = models.TaskChanges(completed=True)
    done = call(200, "task.task_update_in_part", "alice", tasks[1].id, body=changes, **as_alice)
    assert (done.completed, done.due_date) == (True, "2030-12-24T18:00:00Z")
    call(204, "task.delete_task", "alice", tasks[1].id, **as_alice)
    assert call(404, "task.task_detail", "alice", tasks[1].id, **as_alice).message == "No such task"
    left = call(200, "task.users_tasks", "alice", **as_alice).tasks
    assert [task.name for task in left] == ["Äpfel", "Plums"]


@ON_ONE_DATABASE
def test_it_sends_forms_too(generated, call):
    models = generated("models")
    registration = models.RegisterDataBody(
        username="bob", email="bob@example.com", password=PASSWORD, pets=["dog", "cat"]
    )
    assert call(201, "account.register", body=registration).pets == ["dog", "cat"]
    session = call(
        200, "token.login", body=models.LoginFilesBody(username="bob", password=PASSWORD)
    )
    assert session.account.username == "bob"


@ON_ONE_DATABASE
def test_it_understands_what_is_refused(generated, call):
    models = generated("models")
    credentials = models.Credentials(username="nobody", password=PASSWORD)
    assert call(401, "token.login", body=credentials).status == 401
    wrong = call(422, "account.register", body=models.Registration("ab", "no e-mail", "short"))
    assert wrong.errors["email"] == ["Not an e-mail address."]
