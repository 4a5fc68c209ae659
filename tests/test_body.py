"""What may stand in a body, whatever the route."""

import json
from io import BytesIO

import pytest

from todo_api.models import Task
from todo_api.resources import json_text

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def nested(depth):
    return "[" * depth + "]" * depth


def post(client, data, content_type, **headers):
    return client.post(client.tasks, data=data, content_type=content_type, headers=headers)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{} x",
        b"{'name': 'x'}",
        b'{"name": "x",}',
        b'{"name": "x", "name": "y"}',
        b'{"name": "x", "paid": {"a": 1, "a": 2}}',
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"name": -Infinity}',
        b'{"name": 01}',
        b'{"name": 1e9999999999999999999}',
        b'{"name": "\xff"}',
        b'{"name": "\xed\xa0\x80"}',
        b'\xef\xbb\xbf\xef\xbb\xbf{"name": "x"}',
        b"\xef\xbb\xbf",
        '{"name": "x"}'.encode("utf-16"),
        b'{"name": "a\nb"}',
        b'{"name": "\\x"}',
        nested(33).encode(),
        nested(100_000).encode(),
        b'{"a":' * 100_000,
        b'{"name": ' + nested(32).encode() + b"}",
    ],
)
def test_json_that_cannot_be_parsed_is_malformed(backend, alice, body):
    answer = post(alice, body, JSON)
    assert answer.status_code == 400, answer.json
    assert list(answer.json) == ["status", "message", "code"]
    assert backend.count(Task) == 0


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "1",
        "null",
        '"text"',
        nested(32),
        "1" * 5000,
        '{"name": ' + nested(31) + "}",
        '{"name": "\\ud800"}',
        '{"name": "\\udc00\\ud800"}',
        '{"\\ud800": 1, "name": "x"}',
        '{"name": "x", "note": ["\\uDFFF"]}',
        '{"name": "x", "quantity": ' + "9" * 5000 + "}",
        '{"name": "x", "id": 9223372036854775808}',
        '{"name": "x", "a\\u0000b": 1}',
    ],
)
def test_json_that_says_something_wrong_is_invalid(backend, alice, body):
    answer = post(alice, body, JSON)
    assert answer.status_code == 422, answer.json
    json.loads(answer.data)
    assert backend.count(Task) == 0
    assert alice.get(alice.tasks).status_code == 200


def test_text_in_json_comes_back_byte_for_byte(alice):
    name = "\U0001f427 e\u0301 \u202e \\ud800 \x7f \x01"
    for body in (json.dumps({"name": name}), json.dumps({"name": name}, ensure_ascii=False)):
        answer = post(alice, body.encode(), JSON)
        assert answer.json["name"] == name
        assert alice.get(answer.headers["Location"]).json["name"] == name


@pytest.mark.parametrize(
    "body", [b"name=%zz", b"name=%", b"name=%ff", b"name=\xff", b"%ED%A0%80=x"]
)
def test_a_form_that_cannot_be_parsed_is_malformed(backend, alice, body):
    assert post(alice, body, FORM).status_code == 400
    assert backend.count(Task) == 0


def test_a_form_with_too_many_fields_is_malformed(alice):
    assert post(alice, b"&".join(b"a=1" for _ in range(1001)), FORM).status_code == 400


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (b"name=a&name=b", ["name"]),
        (b"name=a&x=1", ["x"]),
        (b"name=a%00", ["name"]),
        (b"", ["name"]),
    ],
)
def test_a_form_that_says_something_wrong_is_invalid(alice, body, errors):
    answer = post(alice, body, FORM)
    assert (answer.status_code, list(answer.json["errors"])) == (422, errors)


def multipart(*parts, end=b"--b--\r\n"):
    lines = b"".join(
        b"--b\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + body + b"\r\n"
        for head, body in parts
    )
    return lines + end


MULTIPART = "multipart/form-data; boundary=b"


def test_a_multipart_form_is_read(alice):
    body = multipart((b'name="name"', "Käse".encode()), (b'name="note"', b"a\r\nb"))
    answer = post(alice, body, MULTIPART)
    assert answer.status_code == 201, answer.json
    assert [answer.json["name"], answer.json["note"]] == ["Käse", "a\r\nb"]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (multipart((b'name="name"', b"\xff")), MULTIPART, 400),
        (multipart((b'name="name"', b"x"), end=b""), MULTIPART, 400),
        (multipart((b'name="name"', b"x"))[:40], MULTIPART, 400),
        (b"no parts at all", MULTIPART, 400),
        (multipart((b'name="name"', b"x")), "multipart/form-data", 400),
        (
            b"--\r\nContent-Disposition: form-data; name=name\r\n\r\nx\r\n----\r\n",
            MULTIPART[:19],
            400,
        ),
        (multipart((b"nothing", b"x")), MULTIPART, 400),
        (multipart(*[(b'name="a"', b"x")] * 1001), MULTIPART, 400),
        (multipart((b'name="name"; filename="a.txt"', b"x")), MULTIPART, 422),
        (multipart((b'name="name"', b"a"), (b'name="name"', b"b")), MULTIPART, 422),
    ],
)
def test_a_multipart_form_that_is_wrong_is_refused(alice, body, content_type, status):
    assert post(alice, body, content_type).status_code == status


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        ("text/plain", {}),
        ("text/plain;charset=UTF-8", {}),
        ("application/xml", {}),
        ("application/json; charset=latin-1", {}),
        ("", {}),
        ("json", {}),
        (JSON, {"Content-Encoding": "gzip"}),
        (FORM, {"Content-Encoding": ""}),
    ],
)
def test_another_media_type_or_an_encoding_is_unsupported(alice, content_type, headers):
    assert post(alice, b'{"name": "x"}', content_type, **headers).status_code == 415


def test_a_body_that_is_encoded_as_identity_is_read(alice):
    headers = {"Content-Encoding": "Identity"}
    assert post(alice, b'{"name": "x"}', JSON, **headers).status_code == 201


def test_a_body_with_another_encoding_is_told_which_one_is_read(alice):
    answer = post(alice, b"x", JSON, **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "identity")


def test_a_merge_patch_is_a_patch(alice):
    path = alice.task(name="milk", note="two").headers["Location"]
    sent = {"data": b'{"note": null}', "content_type": "application/merge-patch+json"}
    assert alice.patch(path, **sent).json["note"] is None
    assert alice.put(path, **sent).status_code == 415


def test_a_patch_of_another_media_type_is_told_which_ones_are_read(alice):
    path = alice.task(name="milk").headers["Location"]
    answer = alice.patch(path, data=b"x", content_type="application/json-patch+json")
    assert answer.status_code == 415
    assert "application/merge-patch+json" in answer.headers["Accept-Patch"]


@pytest.mark.parametrize("body", [b'{"name": "x"}', b' [{"name": "x"}]'])
def test_json_that_is_sent_as_a_form_is_told_its_content_type(alice, body):
    """So does curl -d without a header."""
    answer = post(alice, body, FORM)
    assert answer.status_code == 415
    assert "Content-Type: application/json" in answer.json["message"]


@pytest.mark.parametrize("content_type", ["application/json; charset=UTF-8", "Application/JSON"])
def test_json_in_utf_8_is_read_however_it_is_called(alice, content_type):
    assert post(alice, b'{"name": "x"}', content_type).status_code == 201


def test_no_body_at_all_has_no_fields(alice):
    assert list(alice.post(alice.tasks).json["errors"]) == ["name"]
    path = alice.task().headers["Location"]
    assert alice.patch(path).status_code == 200


@pytest.mark.parametrize("content_type", [JSON, FORM, MULTIPART])
def test_a_body_over_one_mebibyte_is_too_large(alice, content_type):
    answer = post(alice, b"x" * (1024 * 1024 + 1), content_type)
    assert (answer.status_code, answer.json["status"]) == (413, 413)
    fits = b'{"name": "x", "note": "' + b"y" * (1024 * 1024 - 25) + b'"}'
    assert len(fits) == 1024 * 1024
    assert post(alice, fits, JSON).status_code == 422


def test_a_body_that_is_not_for_this_verb_is_not_read(alice):
    path = alice.task().headers["Location"]
    assert alice.get(path, data=b"{", content_type=JSON).status_code == 200
    assert alice.delete(path, data=b"{", content_type="text/plain").status_code == 204


def test_a_body_shorter_than_its_length_is_malformed(backend, alice):
    whole = b"name=milk&note=a+long+one"
    for length in (len(whole) + 1, len(whole) + 100):
        told = {"CONTENT_LENGTH": str(length), "wsgi.input": BytesIO(whole)}
        told["wsgi.input_terminated"] = True
        answer = alice.post(alice.tasks, content_type=FORM, environ_overrides=told)
        assert answer.status_code == 400
    assert backend.count(Task) == 0


def test_a_body_without_a_length_is_read_to_its_end_and_no_further(alice):
    """As a server hands on a chunked body."""
    for size, status in ((10, 201), (2 * 1024 * 1024, 413)):
        stream = BytesIO(b'{"name": "x"' + b" " * size + b"}")
        environ = {"wsgi.input": stream, "wsgi.input_terminated": True}
        environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
        answer = alice.post(alice.tasks, content_type=JSON, environ_overrides=environ)
        assert answer.status_code == status, answer.json


def test_a_form_without_a_length_is_refused_since_nobody_can_tell_whether_it_was_cut_off(alice):
    environ = {"wsgi.input": BytesIO(b"name=milk&no"), "wsgi.input_terminated": True}
    environ["CONTENT_LENGTH"] = ""
    environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    answer = alice.post(alice.tasks, content_type=FORM, environ_overrides=environ)
    assert (answer.status_code, answer.json["status"]) == (411, 411)


@pytest.mark.parametrize(
    "headers",
    [{"CONTENT_LENGTH": "2", "HTTP_TRANSFER_ENCODING": "chunked"}]
    + [{"HTTP_TRANSFER_ENCODING": coding} for coding in ("gzip", "gzip, chunked", "")],
)
def test_a_body_with_two_lengths_or_another_coding_is_malformed(alice, headers):
    environ = {"wsgi.input": BytesIO(b"{}"), "wsgi.input_terminated": True, **headers}
    answer = alice.post(alice.tasks, content_type=JSON, environ_overrides=environ)
    assert answer.status_code == 400


def test_an_error_is_not_larger_than_what_it_is_about(alice):
    many = {f"unknown{number}": 1 for number in range(50_000)}
    answer = alice.post(alice.tasks, json=many)
    assert (answer.status_code, len(answer.json["errors"])) == (422, 20)
    pets = alice.put(alice.path, json={"pets": [""] * 100_000})
    assert pets.json["errors"] == {"pets": ["Must hold 0 to 50 values."]}


def test_what_json_cannot_say_is_not_said():
    with pytest.raises(TypeError):
        json_text.render({"x": object()})


@pytest.mark.parametrize(("length", "status"), [(100, 200), (101, 400), (7_000, 400)])
def test_a_boundary_has_a_hundred_characters_at_most(nobody, length, status):
    boundary = "b" * length
    part = 'Content-Disposition: form-data; name="number{}"\r\n\r\n1\r\n'
    body = "".join(f"--{boundary}\r\n{part.format(number)}" for number in (1, 2))
    answer = nobody.post(
        "/sum",
        data=f"{body}--{boundary}--\r\n".encode(),
        content_type=f"multipart/form-data; boundary={boundary}",
    )
    assert answer.status_code == status


def test_a_mark_in_front_of_json_is_overlooked(alice):
    sent = {"data": b'\xef\xbb\xbf{"name": "x\xef\xbb\xbf"}', "content_type": "application/json"}
    answer = alice.post(alice.tasks, **sent)
    assert (answer.status_code, answer.json["name"]) == (201, "x\ufeff")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{\n"name": "Käse"}'.encode("cp1252"),
            "The body is not valid UTF-8. Line 2 looks like Windows-1252. Send it as UTF-8.",
        ),
        (b'{"name": "\xc3\xa4\xff"}', "The body is not valid UTF-8."),
        ('{"name": "x"}'.encode("utf-16"), "The body is in UTF-16. Send it as UTF-8."),
        ('{"name": "x"}'.encode("utf-16-be"), "The body is in UTF-16. Send it as UTF-8."),
        ('{"name": "x"}'.encode("utf-16-le"), "The body is in UTF-16. Send it as UTF-8."),
    ],
)
def test_json_in_another_encoding_is_told_which(alice, content, message):
    answer = alice.post(alice.tasks, data=content, content_type="application/json")
    assert (answer.status_code, answer.json["message"]) == (400, message)
