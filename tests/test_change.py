"""Clients that were away: they catch up with what changed, and lose and double nothing."""

import uuid
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from todo_api.database import Database
from todo_api.models import Account, Task
from todo_api.services import tasks
from todo_api.values import moments


def changes(client, since=None, **query):
    asked = query if since is None else {"since": since, **query}
    answer = client.get(f"{client.path}/changes", query_string=asked)
    assert answer.status_code == 200, answer.json
    return answer.json


def test_the_first_sync_brings_everything_there_is(alice):
    kept = alice.task(name="kept")
    gone = alice.task(name="gone")
    alice.delete(gone.headers["Location"])
    first = changes(alice)
    assert list(first) == ["changes", "account", "next", "more", "reset"]
    assert first["changes"] == [alice.get(kept.headers["Location"]).json]
    assert first["account"] == alice.get(alice.path).json
    assert (first["more"], first["reset"]) == (False, False)
    again = changes(alice, first["next"])
    assert again == {"changes": [], "next": first["next"], "more": False, "reset": False}


def test_deleted_tasks_count_for_the_limit_of_a_first_page_that_leaves_them_out(alice):
    """A page reads as many rows as its limit says, not all that were ever deleted."""
    for _ in range(3):
        alice.delete(alice.task().headers["Location"])
    alice.task(name="kept")
    first = changes(alice, limit=2)
    assert (first["changes"], first["more"]) == ([], True)
    second = changes(alice, first["next"], limit=2)
    assert [change.get("name") for change in second["changes"]] == [None, "kept"]
    assert second["more"] is False


def test_later_syncs_bring_what_changed_in_order(alice):
    paths = [alice.task(name=name).headers["Location"] for name in "abc"]
    token = changes(alice)["next"]
    alice.patch(paths[2], json={"note": "x"})
    alice.delete(paths[0])
    alice.task(name="d")
    alice.put(alice.path, json={"listed": True})
    later = changes(alice, token)
    assert [change.get("name") for change in later["changes"]] == ["c", None, "d"]
    tombstone = later["changes"][1]
    assert list(tombstone) == ["id", "deleted", "revision"]
    assert tombstone["deleted"] is True
    revisions = [change["revision"] for change in later["changes"]]
    assert revisions == sorted(revisions)
    assert later["account"]["listed"] is True


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_changes_come_in_pages(alice, limit):
    made = [alice.task(name=str(number)).json["id"] for number in range(5)]
    alice.put(alice.path, json={"listed": True})
    seen, accounts, token, more = [], 0, None, True
    while more:
        page = changes(alice, token, limit=limit)
        assert len(page["changes"]) <= limit
        seen += [change["id"] for change in page["changes"]]
        accounts += "account" in page
        token, more = page["next"], page["more"]
    assert seen == made
    assert accounts == 1
    assert changes(alice, limit=5)["more"] is False


def test_a_token_that_does_not_fit_begins_anew(backend, alice, bob):
    alice.task()
    bob.task()
    token = changes(alice)["next"]
    era, revision = token.split(".")
    for other in (
        "",
        changes(bob)["next"],
        f"{era}.{int(revision) + 1}",
        "garbage",
        "x.1",
        f"{era}.x",
    ):
        answer = changes(alice, other)
        assert answer["reset"] is True
        assert len(answer["changes"]) == 1
        assert answer["next"] == token
    with backend.database.transaction() as session:
        session.execute(text("UPDATE account SET era = 'restored' WHERE id = 1"))
    assert changes(alice, token)["reset"] is True


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "after=x", "since=%00", "x=1"])
def test_a_query_that_is_wrong_is_named(alice, query):
    answer = alice.get(f"{alice.path}/changes?{query}")
    assert (answer.status_code, list(answer.json["errors"])) == (422, [query.split("=")[0]])


def test_changes_have_the_etag_of_the_counter(alice):
    etag = alice.get(f"{alice.path}/changes").headers["ETag"]
    assert etag == alice.get(alice.tasks).headers["ETag"]
    known = {"If-None-Match": etag}
    assert alice.get(f"{alice.path}/changes", headers=known).status_code == 304
    alice.task()
    assert alice.get(f"{alice.path}/changes", headers=known).status_code == 200


def test_a_deletion_is_taken_back(alice):
    task = alice.task(name="milk", note="2 l", due_date="2026-07-01")
    path = task.headers["Location"]
    token = changes(alice)["next"]
    alice.delete(path)
    restored = alice.post(f"{path}/restore")
    assert restored.status_code == 200
    assert restored.json == alice.get(path).json
    assert restored.headers["ETag"] == alice.get(path).headers["ETag"]
    other = {"revision": 0, "etag": ""}
    assert {**restored.json, **other, "msg": "posted"} == {**task.json, **other}
    assert changes(alice, token)["changes"] == [restored.json]
    again = alice.post(f"{path}/restore")
    assert again.json == restored.json


def test_what_never_was_cannot_be_restored(alice, bob):
    task_id = [bob.task().json["id"] for _ in range(3)][-1]
    for number in (task_id, 999):
        answer = alice.post(f"{alice.tasks}/{number}/restore")
        assert (answer.status_code, answer.json["message"]) == (404, "No such task")


def age(backend, days):
    with backend.database.transaction() as session:
        for task in session.query(Task).where(Task.deleted_date.is_not(None)):
            task.deleted_date = moments.now() - timedelta(days=days)


def test_a_deletion_can_be_taken_back_for_thirty_days(backend, alice):
    path = alice.task().headers["Location"]
    alice.delete(path)
    age(backend, tasks.RESTORABLE_DAYS + 0.01)
    assert alice.post(f"{path}/restore").status_code == 404
    age(backend, tasks.RESTORABLE_DAYS - 0.01)
    assert alice.post(f"{path}/restore").status_code == 200


def test_old_tombstones_go_and_who_has_not_seen_them_begins_anew(backend, alice):
    paths = [alice.task().headers["Location"] for _ in range(3)]
    before = changes(alice)["next"]
    alice.delete(paths[0])
    after = changes(alice)["next"]
    age(backend, 31)
    alice.delete(paths[1])
    assert backend.count(Task) == 2
    assert changes(alice, before)["reset"] is True
    assert changes(alice, after)["reset"] is False
    assert [change["id"] for change in changes(alice, after)["changes"]] == [3]


def test_old_tombstones_are_found_by_an_index(sqlite_databases):
    database = Database(sqlite_databases.migrated())
    query = select(Task.revision).where(Task.account_id == 1, Task.deleted_date <= moments.now())
    with database.reading() as session:
        sql = str(query.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
        plan = session.execute(text(f"EXPLAIN QUERY PLAN {sql}")).all()
    database.close()
    assert "ix_task_deleted" in str(plan)


class Copy:
    """A client's copy of an account, which it writes to while it is away."""

    def __init__(self, client):
        self.client, self.tasks, self.token, self.waiting = client, {}, None, []

    def pull(self):
        more = True
        while more:
            page = changes(self.client, self.token, limit=3)
            if page["reset"]:
                self.tasks = {}
            for change in page["changes"]:
                if "deleted" in change:
                    self.tasks.pop(change["id"], None)
                else:
                    self.tasks[change["id"]] = change
            self.token, more = page["next"], page["more"]

    def create(self, name):
        self.waiting.append(("POST", None, {"name": name}, str(uuid.uuid4())))

    def rename(self, index, name):
        if self.tasks:
            task = sorted(self.tasks.values(), key=lambda task: task["id"])[index % len(self.tasks)]
            self.waiting.append(("PATCH", task, {"name": name}, None))

    def delete(self, index):
        if self.tasks:
            task = sorted(self.tasks.values(), key=lambda task: task["id"])[index % len(self.tasks)]
            self.waiting.append(("DELETE", task, {}, None))

    def push(self, twice):
        """Send what waits; if the answers get lost, send it `twice`."""
        era = self.token.split(".")[0] if self.token else ""
        outcomes = []
        for method, task, body, key in self.waiting:
            path, headers = self.client.tasks, {"Idempotency-Key": key}
            if task:
                path = f"{path}/{task['id']}"
                headers = {"If-Match": f'"{era}.{task["revision"]}"'}
            for _ in range(1 + (twice and method == "POST")):
                answer = self.client(method, path, json=body, headers=headers)
            assert answer.status_code in (200, 201, 204, 404, 412), answer.json
            outcomes.append(answer.status_code)
        self.waiting = []
        return outcomes


def test_a_client_that_was_away_loses_and_doubles_nothing(backend):
    phone, laptop = Copy(backend.someone("alice")), Copy(backend.someone("alice"))
    laptop.create("milk")
    laptop.create("bread")
    assert laptop.push(twice=False) == [201, 201]
    phone.pull()
    laptop.pull()

    phone.create("apples")
    phone.rename(0, "oat milk")
    phone.delete(1)
    laptop.rename(0, "whole milk")
    assert laptop.push(twice=False) == [200]

    assert phone.push(twice=True) == [201, 412, 204]
    phone.pull()
    laptop.pull()
    names = {task["name"] for task in phone.tasks.values()}
    assert names == {"whole milk", "apples"}
    assert phone.tasks == laptop.tasks


OPERATION = st.tuples(
    st.sampled_from(["create", "rename", "delete", "pull", "push", "lost push"]),
    st.booleans(),
    st.integers(0, 5),
)


def test_copies_that_sync_end_equal(backend):
    """Two clients do whatever they like, then both sync: they have what the server has."""
    runs = iter(range(10_000))

    @settings(
        max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(st.lists(OPERATION, max_size=25))
    def run(operations):
        name = f"user{next(runs)}"
        copies = [Copy(backend.someone(name)) for _ in range(2)]
        created = set()
        for number, (what, first, index) in enumerate(operations):
            copy = copies[first]
            if what == "create":
                copy.create(f"task {number}")
                created.add(f"task {number}")
            elif what == "rename":
                copy.rename(index, f"renamed {number}")
            elif what == "delete":
                copy.delete(index)
            elif what == "pull":
                copy.pull()
            else:
                copy.push(twice=what == "lost push")
        for copy in copies:
            copy.push(twice=True)
        for copy in copies:
            copy.pull()
        client = copies[0].client
        listed = client.get(f"{client.tasks}?limit=200").json["tasks"]
        assert copies[0].tasks == copies[1].tasks == {task["id"]: task for task in listed}
        with backend.session() as session:
            account = session.query(Account).where(Account.username == name).one()
            made = session.query(Task).where(Task.account_id == account.id).count()
        assert made == len(created)

    run()
