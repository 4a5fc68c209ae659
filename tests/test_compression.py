"""Compressed answers: what is compressed, for whom, and under which ETag."""

import gzip
import re
import time

import brotli
import httpx
import pytest
from conftest import serving
from support import ON_ONE_DATABASE, PASSWORD, nothing_recorded, send

from todo_api.resources import compression
from todo_api.resources.auth import PUBLIC
from todo_api.resources.endpoint import Endpoint
from todo_api.resources.page import FILES
from todo_api.schemas.wire import Wire
from todo_api.urls import ROUTES

GZIP = {"Accept-Encoding": "gzip"}
BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}
SECRET = re.compile("token|secret|password")
TASK = {"name": "Buy milk and bread", "note": "The dairy opens at eight, the bakery at six."}
CODINGS = ("br", "gzip")


@pytest.fixture
def tasks(alice):
    """The path of a list that is worth being compressed."""
    operations = [{"method": "POST", "body": TASK}] * 40
    answer = alice.post(f"{alice.tasks}/batch", json={"operations": operations})
    assert answer.status_code == 200
    return alice.tasks


def decoded(answer):
    coding = answer.headers.get("Content-Encoding")
    assert coding in (None, *CODINGS)
    return {None: bytes, "gzip": gzip.decompress, "br": brotli.decompress}[coding](answer.data)


def varies(answer):
    return "Accept-Encoding" in answer.headers.get("Vary", "")


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (None, None),
        ("", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.5, gzip", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0, br;q=0.001", "br"),
        ("gzip;q=0.000", None),
        ("*", "br"),
        ("*;q=0.1", "br"),
        ("*;q=0", None),
        ("*;q=0, gzip", "gzip"),
        ("br;q=0, *", "gzip"),
        ("gzip, *;q=0", "gzip"),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", "gzip"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("identity;q=0", None),
        ("deflate", None),
        ("gzip;q=x", None),
        ("gzip;q=1.5", None),
        (" gzip ; q=1 , br ; q=0.9", "gzip"),
        ("\xff, gzip", "gzip"),
    ],
)
def test_the_coding_is_the_one_that_the_client_prefers(header, coding):
    assert compression.preferred(header, CODINGS) == coding


@pytest.mark.parametrize(
    "path", ["/", "/sw.js", "/web/app.js", "/web/page.css", "/docs/swagger-ui.css"]
)
@pytest.mark.parametrize("coding", CODINGS)
def test_a_file_of_the_page_is_the_same_in_each_coding(doorstep, path, coding):
    plain = doorstep.get(path)
    answer = doorstep.get(path, headers={"Accept-Encoding": coding})
    assert answer.headers["Content-Encoding"] == coding
    assert int(answer.headers["Content-Length"]) == len(answer.data) < len(plain.data) * 0.8
    assert decoded(answer) == plain.data
    assert "Content-Encoding" not in plain.headers
    assert varies(answer)
    assert varies(plain)
    assert answer.headers["Content-Type"] == plain.headers["Content-Type"]


def test_a_browser_gets_the_files_of_the_page_in_less_than_a_third_of_their_bytes(doorstep):
    def size(headers):
        return sum(len(doorstep.get(path, headers=headers).data) for path in paths)

    paths = ["/", "/sw.js", *(f"/web/{name}" for name in FILES)]
    assert size(BROWSER) < size({}) / 3 + 1


def test_the_page_still_varies_by_what_its_client_accepts(doorstep):
    assert doorstep.get("/", headers=BROWSER).headers["Vary"] == "Accept, Accept-Encoding"


def test_the_scripts_of_the_docs_are_compressed_and_its_pictures_are_not(doorstep):
    script = doorstep.get("/docs/swagger-ui-bundle.js", headers=BROWSER)
    assert script.headers["Content-Encoding"] == "br"
    picture = doorstep.get("/docs/favicon-32x32.png", headers=BROWSER)
    assert "Content-Encoding" not in picture.headers
    assert not varies(picture)
    assert not picture.headers["ETag"].startswith("W/")


def test_a_file_is_compressed_once(doorstep):
    first, second = (doorstep.get("/web/app.js", headers=BROWSER) for _ in range(2))
    assert first.data == second.data
    assert FILES["app.js"].coded("br") is FILES["app.js"].coded("br")


@pytest.mark.parametrize("path", ["/web/app.js", "/openapi.json"])
def test_head_tells_the_same_as_get(doorstep, path):
    for headers in ({}, GZIP, BROWSER):
        got, told = (doorstep(method, path, headers=headers) for method in ("GET", "HEAD"))
        own = ("X-Request-ID",)
        assert [p for p in told.headers if p[0] not in own] == [
            p for p in got.headers if p[0] not in own
        ]
        assert told.data == b""


@pytest.mark.parametrize("path", ["/web/app.js", "/"])
def test_a_compressed_file_has_a_weak_etag_that_names_the_plain_one_too(doorstep, path):
    """RFC 9110, 8.8.3.3: two codings of one file never share a strong tag."""
    strong = doorstep.get(path).headers["ETag"]
    assert re.fullmatch('"[^"]+"', strong)
    assert doorstep.get(path, headers=BROWSER).headers["ETag"] == f"W/{strong}"
    for headers in (BROWSER, {}):
        for known in (strong, f"W/{strong}"):
            answer = doorstep.get(path, headers={**headers, "If-None-Match": known})
            assert answer.status_code == 304
            assert answer.headers["ETag"] == (f"W/{strong}" if headers else strong)
            assert varies(answer)


@pytest.mark.parametrize("path", ["", "?limit=30&sort=-name", "?total=true"])
def test_a_list_is_the_same_compressed_and_plain(alice, tasks, path):
    plain = alice.get(f"{tasks}{path}")
    answer = alice.get(f"{tasks}{path}", headers=GZIP)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) == len(answer.data) < len(plain.data) / 4
    assert decoded(answer) == plain.data
    assert answer.headers["ETag"] == f"W/{plain.headers['ETag']}"
    assert varies(answer)
    assert varies(plain)


def test_changes_totals_and_prices_are_compressed(backend, alice, tasks):
    for number in range(40):
        backend.price(f"milk number {number}", 13_500)
        alice.task(name=f"task {number}", item=f"juice number {number}")
    for path in (f"{alice.path}/changes", f"{alice.tasks}/total", "/api/v1/prices"):
        answer = alice.get(path, headers=GZIP)
        assert answer.headers["Content-Encoding"] == "gzip", path
        assert decoded(answer) == alice.get(path).data


def test_json_is_never_in_brotli(alice, tasks):
    assert alice.get(tasks, headers=BROWSER).headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in alice.get(tasks, headers={"Accept-Encoding": "br"}).headers


def test_a_short_list_is_sent_as_it_is(alice):
    """The tag is the one that a longer list would have, so that 200, 304 and HEAD agree."""
    answer = alice.get(alice.tasks, headers=GZIP)
    assert len(answer.data) < compression.SMALLEST
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["ETag"].startswith("W/")
    assert varies(answer)


def test_a_very_large_list_is_sent_as_it_is(alice):
    body = {"name": "large", "note": "x" * 10_000}
    operations = [{"method": "POST", "body": body}] * 40
    answer = alice.post(f"{alice.tasks}/batch", json={"operations": operations})
    assert answer.status_code == 200
    answer = alice.get(f"{alice.tasks}?limit=200", headers=GZIP)
    assert len(answer.data) > compression.LARGEST
    assert "Content-Encoding" not in answer.headers


def test_a_list_that_is_known_is_not_sent_again_whatever_its_coding(alice, tasks):
    strong = alice.get(tasks).headers["ETag"]
    for headers in (GZIP, {}, GZIP, {}):
        for known in (strong, f"W/{strong}", f'"x", W/{strong}'):
            answer = alice.get(tasks, headers={**headers, "If-None-Match": known})
            assert answer.status_code == 304
            assert answer.headers["ETag"] == (f"W/{strong}" if headers else strong)
            assert varies(answer)
            assert answer.data == b""
        alice.get(tasks, headers=headers)


def test_head_of_a_list_tells_the_same_as_get(alice, tasks):
    for path in (tasks, alice.tasks + "?limit=1"):
        for headers in ({}, GZIP):
            got, told = (alice(method, path, headers=headers) for method in ("GET", "HEAD"))
            for name in ("Content-Encoding", "Content-Length", "ETag", "Vary"):
                assert told.headers.get(name) == got.headers.get(name), (path, headers, name)


def test_whatever_a_client_may_write_keeps_its_strong_etag(backend, alice, admin):
    """RFC 9110, 13.1.1: If-Match compares strongly, and its tag comes from such a header."""
    task = alice.task(note="milk " * 1000).headers["Location"]
    backend.price("a" * 250, 13_500)
    for path in (task, alice.path, f"/api/v1/prices/{'a' * 250}"):
        answer = (
            admin.get(path, headers=GZIP) if "prices" in path else alice.get(path, headers=GZIP)
        )
        assert answer.status_code == 200
        assert re.fullmatch('"[^"]+"', answer.headers["ETag"])
        assert "Content-Encoding" not in answer.headers
    tag = alice.get(task, headers=GZIP).headers["ETag"]
    answer = alice.patch(task, json={"completed": True}, headers={**GZIP, "If-Match": tag})
    assert answer.status_code == 200
    assert re.fullmatch('"[^"]+"', answer.headers["ETag"])


def secrets_shown(schema):
    """Return the names of the fields, at any depth, that an answer of `schema` may be secret in."""
    found = set()
    shown = schema.fields.keys() - schema.load_only_fields()
    for name, field in ((name, schema.fields[name]) for name in shown):
        if SECRET.search(name):
            found.add(name)
        inner = getattr(field, "inner", field)
        if isinstance(nested := getattr(inner, "schema", None), Wire):
            found |= secrets_shown(nested)
    return found


def test_no_resource_that_shows_a_secret_or_can_be_written_is_compressed():
    compressed = [route.resource for route in ROUTES if route.resource.compresses]
    assert len(compressed) > 5
    for resource in compressed:
        assert not {"put", "patch", "delete"} & set(resource.verbs())
        assert not secrets_shown(resource.gives["get"]), resource
    assert any(
        secrets_shown(schema) for route in ROUTES for schema in route.resource.gives.values()
    )


def test_a_resource_that_can_be_written_cannot_be_declared_as_compressed():
    with pytest.raises(TypeError, match="strong ETag"):
        type("Wrong", (Endpoint,), {"compresses": True, "access": {"put": PUBLIC}, "put": repr})


def test_an_answer_with_a_token_is_never_compressed(backend, nobody):
    """Such as these hold a secret beside text that a request brings along (BREACH)."""
    name = {"username": "alice", "password": PASSWORD}
    registration = {**name, "email": "alice@example.com", "pets": ["x" * 8] * 50}
    answers = [nobody.post("/api/v1/accounts", json=registration, headers=BROWSER)]
    answers.append(nobody.post("/api/v1/accounts/login", json=name, headers=BROWSER))
    alice = backend.login()
    tokens = f"{alice.path}/tokens"
    name = {"name": "x" * 60}
    answers += [alice.post(tokens, json=name, headers=BROWSER) for _ in range(20)]
    answers.append(alice.get(tokens, headers=BROWSER))
    operations = [{"method": "POST", "body": TASK}] * 40
    batch = {"operations": operations}
    answers.append(alice.post(f"{alice.tasks}/batch", json=batch, headers=BROWSER))
    answers.append(nobody.get(f"/echo/{'x' * 2_000}", headers=BROWSER))
    assert max(len(answer.data) for answer in answers) > compression.SMALLEST * 4
    for answer in answers:
        assert answer.status_code < 300
        assert "Content-Encoding" not in answer.headers
        assert not varies(answer)


def test_an_error_is_not_compressed(alice, nobody):
    for answer in (
        nobody.get(alice.tasks, headers=GZIP),
        alice.get(f"{alice.tasks}?{'&'.join(f'x{n}=1' for n in range(90))}", headers=GZIP),
    ):
        assert answer.status_code >= 400
        assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("kind", ["json", "csv", "ics"])
def test_an_export_is_compressed_as_it_is_written(alice, tasks, kind):
    path = f"{alice.path}/export?format={kind}"
    plain, answer = alice.get(path), alice.get(path, headers=GZIP)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) == len(answer.data) < len(plain.data) / 4
    assert decoded(answer) == plain.data
    assert answer.headers["ETag"] == f"W/{plain.headers['ETag']}"
    head = alice("HEAD", path, headers=GZIP)
    assert head.headers["Content-Length"] == answer.headers["Content-Length"]
    assert head.headers["Content-Encoding"] == "gzip"
    known = {**GZIP, "If-None-Match": plain.headers["ETag"]}
    assert alice.get(path, headers=known).status_code == 304


@ON_ONE_DATABASE
def test_events_are_not_compressed(alice, tasks):
    answer = alice("HEAD", f"{alice.path}/events", headers=BROWSER)
    assert "Content-Encoding" not in answer.headers


@ON_ONE_DATABASE
def test_files_and_answers_are_compressed_only_where_the_settings_say_so(backend, alice, tasks):
    headers = {**BROWSER, "Authorization": f"Bearer {alice.token}"}
    for setting, paths in {
        "compress_files": ("/web/app.js", "/", "/sw.js", "/docs/swagger-ui.css"),
        "compress_answers": ("/openapi.json", tasks, f"{alice.path}/export"),
    }.items():
        plain = backend.with_settings(**{setting: "off"})
        for path in paths:
            answer = plain.nobody.get(path, headers=headers)
            assert answer.status_code == 200
            assert "Content-Encoding" not in answer.headers
            assert not varies(answer)
            assert not answer.headers.get("ETag", "").startswith("W/")
            assert "Content-Encoding" in backend.nobody.get(path, headers=headers).headers


def test_a_compressed_list_is_kept_compressed(backend, alice, tasks, monkeypatch):
    """The cache answers each coding with what was made for it, and compresses nothing again."""
    made = []
    compress = compression.compress
    monkeypatch.setattr(compression, "compress", lambda data: made.append(1) or compress(data))
    for _ in range(3):
        assert alice.get(tasks, headers=GZIP).headers["Content-Encoding"] == "gzip"
        assert "Content-Encoding" not in alice.get(tasks).headers
    assert len(made) == 1
    alice.task()
    assert len(gzip.decompress(alice.get(tasks, headers=GZIP).data)) == len(alice.get(tasks).data)


@ON_ONE_DATABASE
def test_a_list_of_100_costs_little_more_where_it_is_compressed(backend, alice):
    body = {"operations": [{"method": "POST", "body": TASK}] * 100}
    assert alice.post(f"{alice.tasks}/batch", json=body).status_code == 200
    app = backend.with_settings(response_cache_mib=0).app
    token = {"Authorization": f"Bearer {alice.token}"}

    def seconds(headers):
        begun = time.process_time()
        for _ in range(30):
            assert send(app, "GET", f"{alice.tasks}?limit=100", {**token, **headers}) == 200
        return time.process_time() - begun

    with nothing_recorded():
        rounds = [(seconds({}), seconds(GZIP)) for _ in range(5)]
    assert min(compressed / plain for plain, compressed in rounds) < 1.5


@ON_ONE_DATABASE
def test_a_server_sends_what_the_application_compressed(database_url, tmp_path):
    with serving(tmp_path / "log", "--with-sample", DATABASE_URL=database_url) as live:
        for path, accepted, coding in (
            ("/web/app.js", "br", "br"),
            ("/web/app.js", "gzip", "gzip"),
            ("/openapi.json", "gzip, br", "gzip"),
        ):
            headers = {"Accept-Encoding": accepted}
            plain = httpx.get(f"{live.url}{path}", headers={"Accept-Encoding": "identity"})
            with httpx.stream("GET", f"{live.url}{path}", headers=headers) as answer:
                body = b"".join(answer.iter_raw())
            assert answer.headers["Content-Encoding"] == coding
            assert int(answer.headers["Content-Length"]) == len(body)
            undo = gzip.decompress if coding == "gzip" else brotli.decompress
            assert undo(body) == plain.content
            head = httpx.head(f"{live.url}{path}", headers=headers)
            assert head.headers["Content-Length"] == str(len(body))
            assert head.headers["Content-Encoding"] == coding
