"""What may come as a file, whatever the route."""

from io import BytesIO

import pytest
from flask import Request
from werkzeug.exceptions import LengthRequired
from werkzeug.test import EnvironBuilder

from todo_api.errors import Invalid, Malformed, Problem, TooLarge, UnsupportedMedia
from todo_api.resources import upload
from todo_api.resources.upload import CALENDAR, CSV, Upload

JSON = "application/json"
MULTIPART = "multipart/form-data; boundary=b"
MIB = 1024 * 1024


def request(content, media, length=..., **headers):
    environ = EnvironBuilder(method="POST", headers=headers).get_environ()
    environ["CONTENT_TYPE"] = media
    environ["wsgi.input"] = BytesIO(content)
    environ["wsgi.input_terminated"] = True
    environ["CONTENT_LENGTH"] = str(len(content)) if length is ... else length
    return Request(environ)


def part(content=b"name,price\n", name="file", filename="a.csv", **headers):
    lines = [b'--b\r\nContent-Disposition: form-data; name="%s"' % name.encode()]
    if filename is not None:
        lines[0] += b'; filename="%s"' % filename.encode()
    lines += [f"{name.replace('_', '-')}: {value}".encode() for name, value in headers.items()]
    return b"\r\n".join([*lines, b"", content]) + b"\r\n"


def form(*parts):
    return b"".join(parts) + b"--b--\r\n"


def read(content, media, most=1, files=(CSV, JSON), **options):
    return upload.read(request(content, media, **options), files, most)


@pytest.mark.parametrize(
    "media", ["text/csv", "Text/CSV; charset=UTF-8", "text/csv; header=present; charset=utf8"]
)
def test_a_body_is_the_file(media):
    assert read(b"\xff\0", media) == Upload(CSV, b"\xff\0")


def test_an_empty_body_is_an_empty_file():
    assert read(b"", CSV) == Upload(CSV, b"")


@pytest.mark.parametrize(
    ("sent", "media"),
    [
        (part(), CSV),
        (part(filename="Prices.CSV"), CSV),
        (part(filename="C:\\prices.2.csv"), CSV),
        (part(filename="a.json"), JSON),
        (part(filename="a.csv", Content_Type="application/octet-stream"), CSV),
        (part(filename="a.csv", Content_Type="application/vnd.ms-excel"), CSV),
        (part(filename="a.csv", Content_Type="Application/JSON; charset=utf-8"), JSON),
        (part(filename="whatever", Content_Type="text/csv"), CSV),
        (part(filename="", Content_Type="text/csv"), CSV),
        (part(filename=None, Content_Type="text/csv"), CSV),
        (part(Content_Transfer_Encoding="Binary"), CSV),
    ],
)
def test_a_part_says_what_it_is_or_its_name_does(sent, media):
    assert read(form(sent), MULTIPART) == Upload(media, b"name,price\n")


def test_an_old_calendar_is_a_calendar():
    files = (JSON, CALENDAR)
    old = "text/x-vcalendar"
    assert read(b"x", f"{old}; charset=utf-8", files=files) == Upload(CALENDAR, b"x")
    for sent in (part(filename="a.VCS"), part(filename="a", Content_Type=old)):
        assert read(form(sent), MULTIPART, files=files).media == CALENDAR
    with pytest.raises(UnsupportedMedia):
        read(b"x", old)


@pytest.mark.parametrize(
    "content", [b"", b"\r\n", b"a\r\n--x\r\n--", b"\r\r\n\n", b"\xff" * 70_000]
)
def test_a_part_is_taken_byte_for_byte(content):
    assert read(form(part(content)), MULTIPART).content == content


@pytest.mark.parametrize(
    ("content", "media", "headers"),
    [
        (b"x", "text/plain", {}),
        (b"x", "", {}),
        (b"x", CALENDAR, {}),
        (b"x", "application/x-www-form-urlencoded", {}),
        (b"x", "application/octet-stream", {}),
        (b"x", "text/csv; charset=latin-1", {}),
        (b"x", "text/csv; charset=utf-16", {}),
        (b"x", "text/csv", {"Content-Encoding": "gzip"}),
        (form(part()), MULTIPART, {"Content-Encoding": "gzip"}),
        (form(part(filename="a.txt")), MULTIPART, {}),
        (form(part(filename="csv")), MULTIPART, {}),
        (form(part(filename="a.ics")), MULTIPART, {}),
        (form(part(filename=None)), MULTIPART, {}),
        (form(part(filename="a.csv", Content_Type="text/xml")), MULTIPART, {}),
        (form(part(Content_Type="text/csv; charset=latin-1")), MULTIPART, {}),
        (form(part(Content_Transfer_Encoding="base64")), MULTIPART, {}),
        (form(part(Content_Encoding="gzip")), MULTIPART, {}),
    ],
)
def test_another_media_type_encoding_or_charset_is_unsupported(content, media, headers):
    with pytest.raises(UnsupportedMedia) as caught:
        read(content, media, **headers)
    if "charset" not in media + str(content):
        assert "text/csv or application/json" in caught.value.message


def test_the_media_types_are_those_that_the_caller_takes():
    assert read(b"x", CALENDAR, files=(CALENDAR,)) == Upload(CALENDAR, b"x")
    assert read(form(part(filename="a.ics")), MULTIPART, files=(CALENDAR,)).media == CALENDAR
    with pytest.raises(UnsupportedMedia, match="Send text/calendar, as the body or as"):
        read(b"x", CSV, files=(CALENDAR,))


@pytest.mark.parametrize("media", [CSV, MULTIPART])
def test_a_file_without_its_length_is_refused(media):
    with pytest.raises(LengthRequired):
        read(form(part()), media, length="", Transfer_Encoding="chunked")


@pytest.mark.parametrize("media", [CSV, MULTIPART])
def test_a_file_that_is_cut_off_is_malformed(media):
    sent = form(part())
    for cut in (1, 2, 10):
        with pytest.raises(Malformed, match="shorter than its Content-Length"):
            read(sent[:-cut], media, length=str(len(sent)))


@pytest.mark.parametrize("media", [CSV, JSON, MULTIPART])
def test_a_body_that_is_larger_than_the_limit_is_too_large(media):
    for size in (2 * MIB + 1, 3 * MIB):
        with pytest.raises(TooLarge, match="larger than 2 MiB"):
            read(b"x" * size, media, most=2)


def test_a_body_may_be_as_large_as_the_limit():
    assert len(read(b"x" * 2 * MIB, CSV, most=2).content) == 2 * MIB
    around = len(form(part(b"")))
    assert len(read(form(part(b"x" * (MIB - around))), MULTIPART).content) == MIB - around


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (form(part()), "multipart/form-data"),
        (b"no parts at all", MULTIPART),
        (b"", MULTIPART),
        (part(), MULTIPART),
        (part() + b"--b\r\n", MULTIPART),
        (form(b"--b\r\nContent-Type: text/csv\r\n\r\nx\r\n"), MULTIPART),
        (form(b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n"), MULTIPART),
    ],
)
def test_a_form_that_cannot_be_parsed_is_malformed(content, media):
    with pytest.raises(Malformed):
        read(content, media)


@pytest.mark.parametrize(
    ("content", "errors"),
    [
        (b"--b--\r\n", {"file": ["Missing data for required field."]}),
        (form(part(name="other")), {"other": ["Unknown field."]}),
        (form(part(), part(name="_charset_", filename=None)), {"_charset_": ["Unknown field."]}),
        (form(part(), part()), {"file": ["Given more than once."]}),
    ],
)
def test_a_form_holds_one_part_and_no_other(content, errors):
    with pytest.raises(Invalid) as caught:
        read(content, MULTIPART)
    assert caught.value.errors == errors


@pytest.mark.parametrize(
    "content",
    [
        b"--b\r\n" + b"X: y\r\n" * 100_000,
        b"--b\r\nContent-Disposition: form-data; name=file" + b"; a*0=b" * 100_000,
        b"--b " * 250_000,
        b"\r\n--b\r" * 150_000,
        b"\r\n" * 500_000,
        form(part(), *[part(b"")] * 10_000),
    ],
)
def test_a_hostile_form_is_refused_in_no_time(content):
    with pytest.raises(Problem):
        read(content, MULTIPART)


ALIASES = [
    "text/comma-separated-values",
    "text/x-comma-separated-values",
    "text/x-csv",
    "text/tab-separated-values",
    "application/csv",
    "application/x-csv",
    "application/vnd.ms-excel",
    "Application/CSV; charset=utf-8; header=present",
]


@pytest.mark.parametrize("media", ALIASES)
def test_csv_has_other_names_too(media):
    assert read(b"x", media) == Upload(CSV, b"x")
    part_of = part(filename="a", Content_Type=media)
    assert read(form(part_of), MULTIPART) == Upload(CSV, b"name,price\n")


@pytest.mark.parametrize(("alias", "media"), [("text/json", JSON), ("application/ics", CALENDAR)])
def test_other_files_have_other_names_too(alias, media):
    assert read(b"x", alias, files=(CSV, JSON, CALENDAR)) == Upload(media, b"x")
    with pytest.raises(UnsupportedMedia):
        read(b"x", alias, files=(CSV,))


@pytest.mark.parametrize("media", ["text/plain", "application/octet-stream", "text/plain; x=y"])
@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.csv", CSV),
        ("A.CSV", CSV),
        ("a.b.tsv", CSV),
        ("a.tab", CSV),
        ("a.json", JSON),
        ("a.ics", CALENDAR),
    ],
)
def test_a_name_tells_what_its_media_type_does_not(media, name, found):
    files = (CSV, JSON, CALENDAR)
    sent = form(part(filename=name, Content_Type=media))
    assert read(sent, MULTIPART, files=files).media == found
    for disposition in (f"attachment; filename={name}", f"inline; filename*=utf-8''{name}"):
        upload = read(b"x", media, files=files, Content_Disposition=disposition)
        assert upload == Upload(found, b"x")


@pytest.mark.parametrize("disposition", ["", "attachment", "attachment; filename=a.txt", "\xff"])
def test_a_text_of_another_name_is_no_file(disposition):
    headers = {"Content_Disposition": disposition} if disposition else {}
    with pytest.raises(UnsupportedMedia, match="name that ends in"):
        read(b"x", "text/plain", **headers)
    with pytest.raises(UnsupportedMedia):
        read(form(part(filename="a.txt", Content_Type="text/plain")), MULTIPART)
    with pytest.raises(UnsupportedMedia):
        read(b"x", "application/x-www-form-urlencoded", Content_Disposition="x; filename=a.csv")


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_in_another_charset_is_refused(alias):
    with pytest.raises(UnsupportedMedia):
        read(b"x", f"{alias.partition(';')[0]}; charset=latin-1")
