"""Every text that a client can send, by the OpenAPI document, held against naughty ones.

A text field gives each of them back byte for byte, or refuses it. A new task is tried with all of
them, each other place with a third. A new field is under test as soon as the document has it. PATCH
is left out: it is PUT by another name.
"""

import csv
import io
import json
import unicodedata
from copy import deepcopy
from urllib.parse import quote, urlencode

import pytest
from document import JSON, OPERATIONS, operation, resolved
from naughty import KINDS
from nfkc_casefold import name_key
from support import ON_ONE_DATABASE
from test_openapi_examples import REGISTER, body, parameters, prepared

from todo_api.schemas.fields import ANY_TEXT, NOT_BLANK

TEXTS = [text for texts in KINDS.values() for text in texts]
UNLIMITED = {
    "registrations_per_hour": 10**6,
    "messages_per_hour": 10**6,
    "login_failures": 10**6,
    "account_login_failures": 10**6,
    "address_login_failures": 10**6,
}
LOGIN = "/api/v1/accounts/login"
HASHING = (REGISTER[0], LOGIN)
FEWER = [text for texts in KINDS.values() for text in texts[:3]]
"""For where each text costs the hash of a password, or where all are tried on the same field."""
REFUSED = {"/sum": {400}, LOGIN: {401, 422}}
"""With which statuses a text is refused; elsewhere 422."""


def texts_in(schema, at=()):
    """Return each place in a body where a text may stand, with its schema."""
    schema = resolved(schema)
    found = [(at, schema)] if "string" in schema.get("type", ()) else []
    for part in schema.get("anyOf", schema.get("oneOf", ())):
        found += texts_in(part, at)
    if "items" in schema:
        items = resolved(schema["items"])
        # Of a list with elements of several shapes, the example has one of each, in that order.
        for number, shape in enumerate(items.get("oneOf", [items])):
            found += texts_in(shape, (*at, number))
    for name, part in schema.get("properties", {}).items():
        found += texts_in(part, (*at, name))
    return found


def is_free(schema):
    return schema.get("pattern") in (ANY_TEXT, NOT_BLANK) and "enum" not in schema


def fields(*, free):
    """Return path, verb and place of each text in a body: those that are `free` to say anything."""
    return [
        (path, verb, at)
        for path, verb in OPERATIONS
        if verb != "patch" and "requestBody" in operation(path, verb)
        for at, schema in texts_in(operation(path, verb)["requestBody"]["content"][JSON]["schema"])
        if is_free(schema) is free
    ]


def named(value):
    return ".".join(map(str, value)) if isinstance(value, tuple) else None


def put_in(whole, at, text):
    """Return a copy of `whole` that has `text` at a place, which is made if it is not there."""
    if not at:
        return text
    step, *rest = at
    if isinstance(step, int):
        made = deepcopy(whole or [None])
    else:
        made = {**(whole or {}), step: (whole or {}).get(step)}
    made[step] = put_in(made[step], rest, text)
    return made


def strings_in(value):
    """Return all texts in a JSON value."""
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return {text for each in inside for text in strings_in(each)}
    return {value} if isinstance(value, str) else set()


class Sender:
    """Sends texts at one place of one operation's body, where everything else is in order."""

    def __init__(self, backend, path, verb, at):
        self.backend = backend.with_settings(**UNLIMITED)
        self.client = prepared(self.backend, path, verb)
        self.admin = self.backend.admin()
        self.path, self.verb, self.at = path, verb, at
        self.url = path
        for name, value in parameters(path, verb, "path").items():
            self.url = self.url.replace(f"<{name}>", str(value))

    def send(self, text):
        sent = json.dumps(put_in(body(self.path, self.verb), self.at, text))
        return self.client(self.verb.upper(), self.url, data=sent, content_type=JSON)

    def shown(self, answer, text):
        """Return the texts that are found where the answer says that its thing now is."""
        place = answer.headers.get("Location", self.url)
        if "/prices/" in self.path:
            name = text if self.at[-1] == "name" else "apples"
            place = f"/api/v1/prices/{quote(name, safe='')}"
        elif self.path.endswith(("/import", "/batch")):
            # The second operation of the example changes task 2; what is new has the highest id.
            changed = self.at[:2] == ("operations", 1)
            place = f"/api/v1/accounts/alice/tasks{'/2' if changed else '?limit=10&sort=-id'}"
        found = self._get(place)
        if found.status_code in (404, 405):
            found = self._get(place.rpartition("/")[0])
        assert found.status_code == 200, ascii((place, found.json))
        return strings_in(found.json), place

    def clear(self, answer, place):
        """Take away what is new."""
        if answer.status_code == 201 and "Location" in answer.headers:
            deleted = self.client.delete(place)
            if deleted.status_code in (401, 403):
                deleted = self.admin.delete(place)
            assert deleted.status_code == 204, ascii((place, deleted.json))
        if self.path.endswith("/batch"):
            assert self.client.post("/api/v1/accounts/alice/tasks/3/restore").status_code == 200
        if self.is_rename:
            assert self.admin.put(place, json={"name": "apples"}).status_code == 200

    @property
    def is_rename(self):
        return (self.path, self.at) == ("/api/v1/prices/<name>", ("name",))

    def _get(self, place):
        answer = self.client.get(place)
        return self.admin.get(place) if answer.status_code in (401, 403) else answer


NOT_KEPT = {"password", "password2", "current_password", "next"}
"""What is not stored, or not as it came, and so is not given back."""


PLACES = fields(free=True)


def texts_for(path, verb, at):
    """Return the texts to try at a place: all of them in a new task, at others a third in turn.

    The places share the code that reads a text, and each text is tried at many of them.
    """
    if path in HASHING or len(at) > 2:
        return FEWER
    if (path, verb) == ("/api/v1/accounts/<username>/tasks", "post"):
        return TEXTS
    return TEXTS[PLACES.index((path, verb, at)) % 3 :: 3]


def is_kept(path, at):
    """Whether a text is stored; a file of tasks may say whose they were, which is overlooked."""
    beside_the_tasks = path.endswith("/import") and len(at) == 1
    return at[-1] not in NOT_KEPT and path != LOGIN and not beside_the_tasks


@pytest.mark.parametrize(("path", "verb", "at"), PLACES, ids=named)
def test_a_text_comes_back_byte_for_byte_or_is_refused(backend, path, verb, at):
    sender = Sender(backend, path, verb, at)
    refused = REFUSED.get(path, {422})
    taken = 0
    for text in texts_for(path, verb, at):
        answer = sender.send(text)
        if answer.status_code in refused | {422}:
            continue
        assert answer.status_code in (200, 201), ascii((text, answer.json))
        taken += 1
        if is_kept(path, at):
            shown, place = sender.shown(answer, text)
            assert text in shown, ascii((text, place))
            sender.clear(answer, place)
        elif answer.status_code == 201:
            sender.clear(answer, answer.headers["Location"])
    assert taken or at[-1] in NOT_KEPT | {"email", "username"} or at[0] == "token"


@ON_ONE_DATABASE
@pytest.mark.parametrize(("path", "verb", "at"), fields(free=False), ids=named)
def test_a_text_that_stands_for_something_else_is_read_as_that_or_refused(backend, path, verb, at):
    sender = Sender(backend, path, verb, at)
    refused = REFUSED.get(path, set()) | {422} | ({412} if at[-1] == "if_match" else set())
    for text in FEWER:
        answer = sender.send(text)
        if answer.status_code not in refused:
            assert answer.status_code in (200, 201), ascii((text, answer.json))
            if (path, verb, at) == (*REGISTER, ("username",)):
                assert answer.json["username"] == unicodedata.normalize("NFKC", text)
            if answer.status_code == 201:
                sender.clear(answer, answer.headers["Location"])


ASKED = [
    (path, each["in"], each["name"])
    for path, verb in OPERATIONS
    for each in operation(path, verb)["parameters"]
    if verb == "get" and each["in"] in ("path", "query")
    if any(is_free(schema) for _, schema in texts_in(each["schema"]))
]
GIVEN_BACK = {
    "/echo/<text>": ("echo", lambda text: f"{text} {text}"),
    "/itemprice": ("name", lambda text: text),
}


@pytest.mark.parametrize(("path", "where", "name"), ASKED)
def test_a_text_in_a_url_is_answered(backend, path, where, name):
    client = prepared(backend, path, "get")
    values = {**parameters(path, "get", "path"), **parameters(path, "get", "query")}
    for text in TEXTS[ASKED.index((path, where, name)) % 3 :: 3]:
        url, query = path, ""
        if where == "query":
            query = f"{name}={quote(text.encode(errors='surrogatepass'))}"
        for other in parameters(path, "get", "path"):
            url = url.replace(f"<{other}>", text if other == name else str(values[other]))
        # The test client itself would mend a path that is no UTF-8.
        info = {"PATH_INFO": url.encode(errors="surrogatepass").decode("latin-1")}
        answer = client.get("/x", query_string=query, environ_overrides=info)
        assert answer.status_code in (200, 400, 404, 422), ascii(text)
        if answer.status_code == 200 and path in GIVEN_BACK and url != "/echo/":
            field, given_back = GIVEN_BACK[path]
            assert ascii(answer.json[field]) == ascii(given_back(text))
        answer.close()


@ON_ONE_DATABASE
def test_a_password_is_taken_byte_for_byte(backend):
    """Of a password only its hash is stored, so that it is only the login that can tell."""
    backend = backend.with_settings(**UNLIMITED)
    for number, text in enumerate(text for text in TEXTS[::4] if 8 <= len(text) <= 256):
        sent = {"username": f"user{number}", "password": text}
        answer = backend.nobody.post(
            "/api/v1/accounts",
            data=json.dumps({**sent, "email": "a@example.com"}),
            content_type=JSON,
        )
        if answer.status_code == 422:
            assert "\0" in text or not text.isprintable(), ascii(text)
            continue
        assert answer.status_code == 201, ascii((text, answer.json))
        assert backend.nobody.post(LOGIN, json=sent).status_code == 200, ascii(text)
        sent["password"] = text[:-1] + "?"
        assert backend.nobody.post(LOGIN, json=sent).status_code == 401, ascii(text)


FORM = "application/x-www-form-urlencoded"
FILES = {"csv": "text/csv", "ics": "text/calendar"}


def is_text(text):
    return "\0" not in text and not any(unicodedata.category(each) == "Cs" for each in text)


LONG_IN_NFKC = "\ufdfa" * 40
"""A name of which the form that is compared is too long."""

NOTES = [text for text in TEXTS if is_text(text) and len(text) <= 10_000]
NAMES = [text for text in NOTES if name_key(text) and len(text) <= 255 and text != LONG_IN_NFKC]
TASKS = [{"name": text if text in NAMES else "x", "note": text} for text in NOTES]
WRONG_TASKS = [
    *({"name": text} for text in TEXTS if text not in NAMES),
    *({"name": "x", "note": text} for text in TEXTS if text not in NOTES),
]


def raw(text):
    return text.encode(errors="surrogatepass")


def refusal(text):
    """Return the status for what is no text, or in the bytes of a form or a file no UTF-8."""
    return 422 if "\0" in text or is_text(text) else 400


def load(client, content, media):
    return client.post(f"{client.path}/import", data=content, content_type=media)


def all_tasks(client):
    exported = json.loads(client.get(f"{client.path}/export?format=json").data)["tasks"]
    return [{"name": task["name"], "note": task["note"]} for task in exported]


def in_csv(tasks):
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, ("name", "note"))
    writer.writeheader()
    writer.writerows(tasks)
    return raw(file.getvalue())


def in_calendar(tasks):
    escapes = str.maketrans({"\\": r"\\", ";": r"\;", ",": r"\,", "\n": r"\n"})
    lines = ["BEGIN:VCALENDAR"]
    for task in tasks:
        lines += ["BEGIN:VTODO", f"SUMMARY:{task['name'].translate(escapes)}"]
        if "note" in task:
            lines.append(f"DESCRIPTION:{task['note'].translate(escapes)}")
        lines.append("END:VTODO")
    return raw("\r\n".join([*lines, "END:VCALENDAR", ""]))


@pytest.mark.parametrize(("field", "good"), [("name", NAMES), ("note", NOTES)])
def test_a_text_in_a_form_comes_back_byte_for_byte_or_is_refused(alice, field, good):
    taken = []
    for text in TEXTS:
        form = urlencode({"name": "x", field: raw(text)})
        answer = alice.post(alice.tasks, data=form, content_type=FORM)
        if answer.status_code == 201:
            taken.append(text)
        else:
            assert answer.status_code == refusal(text), ascii((text, answer.json))
    assert taken == good
    # An empty value in a form is null.
    assert [task[field] for task in all_tasks(alice)] == [text or None for text in taken]


@pytest.mark.parametrize("format_", FILES)
def test_texts_go_out_in_a_file_and_come_in_again(alice, bob, format_):
    assert load(alice, json.dumps({"tasks": TASKS}), JSON).json["imported"] == len(TASKS)
    file = alice.get(f"{alice.path}/export?format={format_}").data
    answer = load(bob, file, FILES[format_])
    assert answer.json == {"imported": len(TASKS), "skipped": []}
    assert all_tasks(bob) == all_tasks(alice) == TASKS


@pytest.mark.parametrize(("write", "media"), [(in_csv, FILES["csv"]), (in_calendar, FILES["ics"])])
def test_texts_in_another_programs_file_come_in_byte_for_byte(alice, write, media):
    answer = load(alice, write(TASKS), media)
    assert answer.json == {"imported": len(TASKS), "skipped": []}
    # An empty cell, as a field of a form, is null.
    empty = None if write is in_csv else ""
    assert all_tasks(alice) == [{**task, "note": task["note"] or empty} for task in TASKS]


@ON_ONE_DATABASE
def test_a_wrong_text_in_a_csv_is_refused_with_its_line(alice):
    for task in WRONG_TASKS:
        answer = load(alice, in_csv([{"name": "good"}, {"note": "x", **task}]), FILES["csv"])
        text = task.get("note", task["name"])
        assert answer.status_code == refusal(text), ascii((task, answer.json))
        if answer.status_code == 422:
            assert list(answer.json["errors"]) == ["line 3"], ascii((task, answer.json))
    assert all_tasks(alice) == []


@ON_ONE_DATABASE
def test_a_wrong_text_in_a_calendar_is_told_with_its_line(alice):
    imported, notes = 0, {None}
    for task in WRONG_TASKS:
        answer = load(alice, in_calendar([{"name": "good"}, task]), FILES["ics"])
        text = task.get("note", task["name"])
        if refusal(text) == 400:
            assert answer.status_code == 400, ascii((task, answer.json))
            continue
        # A task without a name is none. One without a note is, and a long text is cut.
        is_long = bool(name_key(text)) and "\0" not in text
        what, line = (
            ("DESCRIPTION", 7) if "note" in task else ("SUMMARY" if is_long else "VTODO", 5)
        )
        line += what == "SUMMARY"
        taken = 1 if what == "VTODO" else 2
        assert answer.json["imported"] == taken, ascii((task, answer.json))
        told = [(each["what"], each["lines"]) for each in answer.json["skipped"]]
        assert told[0] == (what, [line]), ascii((task, told))
        imported += taken
        notes |= {text[:10_000]} if is_long else set()
    assert len(all_tasks(alice)) == imported
    assert {task["note"] for task in all_tasks(alice)} == notes


def test_there_is_something_to_test():
    assert {("name",), ("note",), ("data",), ("pets", 0), ("operations", 1, "body", "note")} <= {
        at for _, _, at in fields(free=True)
    }
    assert len(TEXTS) == len(set(TEXTS)) > 200
