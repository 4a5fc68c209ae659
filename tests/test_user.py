import pytest

from todo_api.models import Message
from todo_api.services import sample
from todo_api.settings import Settings

MESSAGES = "/api/v1/messages"


def test_users_are_the_accounts_that_chose_to_be_listed_by_name(backend, nobody):
    with backend.database.transaction() as session:
        assert sample.load(session, "EUR")
    backend.someone("unlisted")
    zoe = backend.someone("Aaron")
    zoe.put(zoe.path, json={"listed": True, "pets": ["Zebra"]})
    answer = nobody.get("/users")
    assert answer.status_code == 200
    assert answer.json == [
        {"username": "Aaron", "pets": ["Zebra"]},
        {"username": "user1", "pets": ["dog"]},
        {"username": "user2", "pets": []},
        {"username": "user3", "pets": ["duck", "duck", "goose"]},
        {"username": "user4", "pets": ["hamster"]},
    ]


@pytest.mark.parametrize("kind", ["json", "data"])
def test_a_message_is_received_and_kept_for_the_admins(nobody, admin, kind):
    answer = nobody.post("/users", **{kind: {"data": "hi \N{PENGUIN}"}})
    assert answer.status_code == 201
    assert answer.json == {"status": "success", "message": "received: hi \N{PENGUIN}"}
    path = answer.headers["Location"]
    assert path == f"{MESSAGES}/1"
    shown = admin.get(path)
    assert list(shown.json) == ["id", "text", "created_date", "etag"]
    assert shown.json["text"] == "hi \N{PENGUIN}"
    assert shown.headers["ETag"] == answer.headers["ETag"]
    assert admin.get(MESSAGES).json == {"messages": [shown.json], "next": None}


@pytest.mark.parametrize("value", ["", "x" * 10_001, None, 7, "a\0", ["hi"]])
def test_what_is_no_message_is_not_kept(backend, nobody, value):
    answer = nobody.post("/users", json={"data": value})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["data"])
    assert nobody.post("/users", json={}).status_code == 422
    assert nobody.post("/users", json={"data": "hi", "more": 1}).status_code == 422
    assert backend.count(Message) == 0


def test_messages_are_limited_by_address(backend):
    limited = backend.with_settings(messages_per_hour=3)
    for _ in range(3):
        assert limited.nobody.post("/users", json={"data": "hi"}).status_code == 201
    answer = limited.nobody.post("/users", json={"data": "hi"})
    assert answer.status_code == 429
    assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    assert backend.count(Message) == 3


def test_by_default_an_address_has_twenty_messages_an_hour(nobody):
    statuses = [nobody.post("/users", json={"data": "hi"}).status_code for _ in range(21)]
    assert statuses == [201] * 20 + [429]


def test_only_the_newest_messages_are_kept(backend):
    few = backend.with_settings(messages_kept=3)
    for number in range(5):
        few.nobody.post("/users", json={"data": str(number)})
    kept = backend.admin().get(MESSAGES).json["messages"]
    assert [message["text"] for message in kept] == ["2", "3", "4"]


def test_an_admin_pages_and_deletes_messages(nobody, admin):
    paths = [
        nobody.post("/users", json={"data": str(number)}).headers["Location"] for number in range(3)
    ]
    assert admin.delete(paths[1]).status_code == 204
    missing = admin.get(paths[1])
    assert (missing.status_code, missing.json["message"]) == (404, "No such message")
    assert admin.delete(paths[1]).status_code == 404
    first = admin.get(f"{MESSAGES}?limit=1").json
    assert [message["text"] for message in first["messages"]] == ["0"]
    second = admin.get(first["next"]).json
    assert [message["text"] for message in second["messages"]] == ["2"]
    assert second["next"] is None


def test_the_id_of_a_deleted_message_never_comes_again(nobody, admin):
    first = nobody.post("/users", json={"data": "hi"}).headers["Location"]
    admin.delete(first)
    assert nobody.post("/users", json={"data": "hi"}).headers["Location"] != first


def test_messages_are_for_admins_only(nobody, alice):
    nobody.post("/users", json={"data": "hi"})
    for path in (MESSAGES, f"{MESSAGES}/1"):
        assert nobody.get(path).status_code == 401
        assert alice.get(path).status_code == 403


@pytest.mark.parametrize(
    ("proxies", "forwarded", "statuses"),
    [
        ("", ["192.0.2.1", "192.0.2.2"], [201, 429]),
        ("127.0.0.1", ["192.0.2.1", "192.0.2.2"], [201, 201]),
        ("127.0.0.1", ["192.0.2.1", "192.0.2.1"], [201, 429]),
        ("127.0.0.1", ["6.6.6.6, 192.0.2.1", "7.7.7.7, 192.0.2.1"], [201, 429]),
        ("127.0.0.0/8,10.0.0.0/8", ["192.0.2.1, 10.1.1.1", "192.0.2.2, 10.1.1.1"], [201, 201]),
        ("127.0.0.1", ["2001:db8::1", "2001:db8::2"], [201, 429]),
        ("127.0.0.1", ["2001:db8:1::1", "2001:db8:2::1"], [201, 201]),
        ("127.0.0.1", ["::ffff:192.0.2.1", "192.0.2.1"], [201, 429]),
        ("127.0.0.1", ["192.0.2.1:80", "192.0.2.1"], [201, 429]),
        ("127.0.0.1", ["[2001:db8:1::1]:80", "[2001:db8:2::1]"], [201, 201]),
        ("127.0.0.1", ["nonsense", "192.0.2.1, nonsense"], [201, 429]),
    ],
)
def test_an_address_that_a_trusted_proxy_tells_counts(backend, proxies, forwarded, statuses):
    trusted = Settings.from_environment({"TRUSTED_PROXIES": proxies}).trusted_proxies
    limited = backend.with_settings(messages_per_hour=1, trusted_proxies=trusted)
    answers = [
        limited.nobody.post("/users", json={"data": "hi"}, headers={"X-Forwarded-For": told})
        for told in forwarded
    ]
    assert [answer.status_code for answer in answers] == statuses
