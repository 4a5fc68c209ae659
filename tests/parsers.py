"""The parsers of clients' texts, and the texts that could keep each of them busy.

As a program, it measures one parser: `growth_of` starts it. Of a header the parsers are measured
themselves, with more characters than `resources/head.py` lets through, since a proxy or a later
change may.
"""

import io
import itertools
import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_network
from itertools import product
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import time_growth
from databases import folder
from marshmallow import ValidationError
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_accept_header, parse_etags, parse_options_header

from todo_api.app import create_app
from todo_api.errors import Problem
from todo_api.models import Task
from todo_api.resources import (
    auth,
    caller_address,
    form,
    head,
    json_text,
    passage,
    preferences,
    work,
)
from todo_api.resources.cross_origin import CrossOrigin
from todo_api.schemas import price_file, task_calendar, task_csv, task_elsewhere
from todo_api.schemas.numbers import Integer, Scaled
from todo_api.schemas.price_file import Columns
from todo_api.schemas.sum import Addend
from todo_api.services import changes, paging
from todo_api.services.paging import Order
from todo_api.services.rows import Kind
from todo_api.settings import Settings
from todo_api.values import moments, money, names

UTC = ZoneInfo("UTC")
NUMBERS = itertools.count()
CROSS_ORIGIN = CrossOrigin(("https://a.example",))

REFUSED = (Problem, HTTPException, ValidationError, ValueError)
"""How a parser says that a text is wrong."""

HEADER = [*'a1",;=:.-/*% \\<[(', "a,", "a;", "a=", '"a",', 'W/"a",', "*,", "*/*,", "text/html;q=1,"]
HEADER += ["; a=b", '; a="b"', ";a*0=b", ";a*=utf-8''%41", "10.0.0.1,", "::", "1:", "\xe9", '\\"']
QUERY = [*"a1&=%;+.[", "%41", "a=", "a&", "a=1&", "sort=", "limit=1&", "&&", "\xe9", "%C3%A9"]
JSON = [*'a1"[{:,.-e\\ ', '"a",', '{"a":', "[{", "1,", '"a":1,', "\\u", "\\ud800", "[],", "1.5,"]
LINES = [*'a1",\r\n;', "a,", '"a",', '""', "a\r\n", ",\r\n", '"a\r\n', "name,", "a,1\r\n", "\xe9"]
NUMBER = [*"01.+-eE_ ,", "1.", "0.", "1e", "00"]
TIME = [*"019-:/TWZ., +", "2026-", "-01", ":00", "T00", "2026-01-01"]
TEXT = [*"a1 %_/", "\xe9", "\u0301", "\u0301\u0327", "\ufdfa", "\ud800", "\0"]
TEXT += ["\u200b", "\u0301\u034f", "\u0301\u034f\u0316", "\u037a", "\u1fb3", "\u0130"]
CALENDAR = [*'a";:,=\\\r\n ', "\r\n ", "BEGIN:VTODO\r\n", "END:VTODO\r\n", "SUMMARY:a\r\n", "DUE:"]
CALENDAR += ["RRULE:FREQ=DAILY;", "TZID=a:", 'ALTREP="', "BEGIN:VTIMEZONE\r\n", "P1D", "20300101T"]
CALENDAR += ["=\r\n", "=C3", ";X=a"]
CALENDAR_HEAD = "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\n"
CALENDAR_ZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:Z\r\nBEGIN:STANDARD\r\nDTSTART:20301231T235959\r\n"
    "TZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYMONTH=12;BYDAY=SU\r\n"
    "END:STANDARD\r\nEND:VTIMEZONE\r\n"
)
SERIES = (
    "BEGIN:VTODO\r\nUID:1\r\nSUMMARY:a\r\nDTSTART;TZID=Z:20301201T000000\r\n"
    "RRULE:FREQ=MONTHLY;BYDAY=5SU\r\n"
)
REPETITION = "BEGIN:VTODO\r\nSUMMARY:a\r\nUID:1\r\nRECURRENCE-ID;TZID=Z:20301229T000000\r\n"
SERIES_UNITS = [
    *(
        "20301201T000000,",
        "20301229,",
        "EXDATE;TZID=Z:20301201T000000\r\n",
        "EXDATE;TZID=Y:20301201T000000\r\n",
    ),
    *("EXDATE:20301201,20301229\r\n", "RRULE:FREQ=DAILY\r\n", "DUE;TZID=Z:20301201T000000\r\n"),
    *(f"END:VTODO\r\n{begun}" for begun in (SERIES, REPETITION)),
    f"END:VTODO\r\n{CALENDAR_ZONE}{SERIES}",
    f"END:VTODO\r\n{CALENDAR_ZONE}{REPETITION}",
]
PART = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
MULTIPART = [*"a-\r\n :", "\r\n", "--b", "\r\n--b", "--b ", "--b\r\n", "a: b\r\n", "\r\n a", PART]
DISPOSITION = "--b\r\nContent-Disposition: form-data"


@dataclass(frozen=True)
class Parser:
    """A function of a text, and of what its texts are made."""

    run: object
    units: list
    beginnings: tuple = ("",)
    ends: tuple = ("", "\x01", '"')

    def texts(self):
        return list(product(["", *self.beginnings], self.units, self.ends))


def refusing(parse, encoding=None):
    """Return `parse`, of the encoded text if an encoding is given, without its refusals."""

    def run(text):
        with suppress(*REFUSED):
            parse(text.encode(encoding, "surrogatepass") if encoding else text)

    return run


def multipart(text, boundary="b"):
    """Read the parts of a body, as a request with this boundary has it."""
    request = SimpleNamespace(
        headers={"Content-Type": f'multipart/form-data; boundary="{boundary}"'}
    )
    return list(form.parts(request, text.encode()))


def multipart_of_almost_boundaries(text):
    """Read a body in which the boundary, which grows with the body, almost stands many times."""
    boundary = text[: len(text) // 8]
    almost = f"\r\n--{boundary[:-1]}"
    multipart(almost * (len(text) // len(almost)), boundary)


def scaled(text):
    return Scaled(least=money.Decimal(0), most=money.Decimal(10) ** 12).deserialize(text)


def unlike_before(text):
    """Return a text that no cache knows: a parser is to be measured, and no look-up."""
    return f"{text}{next(NUMBERS)}"


def forwarded(text):
    settings = Settings(trusted_proxies=(ip_network("0.0.0.0/0"), ip_network("::/0")))
    text = unlike_before(text)
    environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": text}
    caller_address.exact_text(environ, settings)
    environ["wsgi.url_scheme"] = "http"
    caller_address.came_by_tls({**environ, "HTTP_X_FORWARDED_PROTO": text}, settings)


def preferred(text):
    environ = {passage.KEY: passage.Passage("x", 0)}
    preferences.is_dry_run(SimpleNamespace(headers={"Prefer": text}, environ=environ))


def from_elsewhere(text):
    text = unlike_before(text)
    CROSS_ORIGIN.headers(
        {
            "REQUEST_METHOD": "OPTIONS",
            "HTTP_ORIGIN": text,
            "HTTP_ACCESS_CONTROL_REQUEST_METHOD": text,
            "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": text,
        }
    )


def of_head(**given):
    head.check({"HTTP_HOST": "x", "QUERY_STRING": "", "PATH_INFO": "/", **given})


def whole_calendar(text):
    """Read a series in a calendar that is all there, so that its times are worked out."""
    head = f"BEGIN:VCALENDAR\r\n{CALENDAR_ZONE}{SERIES}"
    task_calendar.load(f"{head}{text}\r\nEND:VTODO\r\nEND:VCALENDAR\r\n".encode(), UTC)


def prices(text):
    return list(price_file.csv_rows(io.BytesIO(text.encode()), Columns()))


def cursor(text):
    order = Order("id", (Task.__table__.c.id,))
    paging.plan(Kind(object, Task), None, order, limit=1, after=text)


def application(part):
    """Return a function that puts a text into a part of requests to the whole application."""
    with folder() as where:
        settings = Settings(database_url=f"sqlite:///{where}/todo.db", access_log="off")
        app = create_app(settings)
        routes = {
            "QUERY_STRING": ["/itemprice", "/echo", "/sum", "/users", "/api/v1/prices"],
            "PATH_INFO": [""],
        }

        def run(text):
            for path in routes[part]:
                environ = {"PATH_INFO": path or f"/{text}"}
                if path:
                    environ[part] = text
                answer(app, environ)

        yield run


def answer(app, given):
    environ = {
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "10.0.0.1",
        "HTTP_HOST": "x",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
        **{name: text.encode().decode("latin-1") for name, text in given.items()},
    }
    b"".join(app(environ, lambda *_: None))


PATHS = [
    *"/a1.-;%<\\",
    "//",
    "/a",
    "/..",
    "/%41",
    "/echo",
    "/api/v1",
    "/accounts",
    "/tasks",
    "\xe9",
]
ROUTES = (
    "echo/",
    "sum/",
    "api/v1/accounts",
    "api/v1/accounts/a/tasks/",
    "api/v1/prices/a/",
    "docs/",
)
ELSEWHERE = "type,content,priority,indent,date\r\n"
PRICE_HEADER, TASK_HEADER = "name,price\r\n", "name,note\r\n"

PARSERS = {
    "the kind of a query": Parser(work.is_lookup, QUERY, ("sort=",), ("", "&x")),
    "a query or form": Parser(refusing(form.urlencoded, "utf-8"), QUERY, ("a=",)),
    "a query in the head": Parser(refusing(lambda text: of_head(QUERY_STRING=text)), QUERY),
    "a path in the head": Parser(refusing(lambda text: of_head(PATH_INFO=text)), PATHS, ("/",)),
    "a Host": Parser(refusing(lambda text: of_head(HTTP_HOST=text)), HEADER, ("[",)),
    "a Transfer-Encoding": Parser(
        refusing(lambda text: of_head(HTTP_TRANSFER_ENCODING=text)), HEADER
    ),
    "If-Match and If-None-Match": Parser(refusing(parse_etags), HEADER, ('"', 'W/"')),
    "Content-Type and Content-Disposition": Parser(
        refusing(parse_options_header), HEADER, ("a/b;", 'a/b; a="')
    ),
    "Accept": Parser(
        refusing(lambda text: list(parse_accept_header(text, MIMEAccept))), HEADER, ('"', "a;q=")
    ),
    "Prefer": Parser(refusing(preferred), HEADER, ('"',)),
    "Authorization": Parser(
        refusing(lambda text: auth.proof_in({"HTTP_AUTHORIZATION": text})), HEADER, ("Bearer ",)
    ),
    "X-Auth-Token": Parser(
        refusing(lambda text: auth.proof_in({"HTTP_X_AUTH_TOKEN": text})), HEADER, (" ",)
    ),
    "X-Forwarded-For and -Proto": Parser(refusing(forwarded), HEADER, ("[",)),
    "a multipart body": Parser(
        refusing(multipart), MULTIPART, ("--b\r\n", PART[:-3], DISPOSITION), ("", "\r\n--b--\r\n")
    ),
    "parameters in a multipart body": Parser(
        refusing(lambda text: multipart(f"{DISPOSITION}{text}\r\n\r\nx\r\n--b--\r\n")),
        HEADER,
        ("; name=", '; name="'),
    ),
    "a multipart body with a long boundary": Parser(
        refusing(multipart_of_almost_boundaries), ["-", "a", "ab"], (), ("",)
    ),
    "JSON": Parser(
        refusing(lambda body: json_text.parse(body, most=10**9), "utf-8"), JSON, ("[", '"', '{"')
    ),
    "the number of values in JSON": Parser(
        refusing(lambda body: json_text.parse(body, most=0), "utf-8"), JSON, ("[", '"', '{"')
    ),
    "tasks in CSV": Parser(
        refusing(lambda content: list(task_csv.load(content)), "utf-8"),
        LINES,
        (TASK_HEADER, f'{TASK_HEADER}"'),
    ),
    "tasks of another program in CSV": Parser(
        refusing(lambda content: task_elsewhere.in_csv(content, UTC), "utf-8"),
        [*LINES, "task,", "1/5/2030,", "\r\ntask,a"],
        (ELSEWHERE, f'{ELSEWHERE}"', "Date: x\r\n"),
    ),
    "prices in CSV": Parser(refusing(prices), LINES, (PRICE_HEADER, f'{PRICE_HEADER}"')),
    "tasks in a calendar": Parser(
        refusing(lambda content: task_calendar.load(content, UTC), "utf-8"),
        CALENDAR,
        (
            CALENDAR_HEAD,
            f"{CALENDAR_HEAD}DUE;TZID=",
            f"{CALENDAR_HEAD}SUMMARY;ENCODING=QUOTED-PRINTABLE:",
        ),
    ),
    "tasks that repeat in a calendar": Parser(
        refusing(whole_calendar), SERIES_UNITS, ("EXDATE;TZID=Z:", "EXDATE:"), ("",)
    ),
    "a sync token": Parser(
        refusing(lambda text: changes._start(SimpleNamespace(era="a"), text)),  # noqa: SLF001 - The parser itself.
        NUMBER + TEXT,
        ("a.",),
    ),
    "a cursor": Parser(refusing(cursor), ["A", "W", "WyJ", "=", "-", "\xe9"], ("WyJpZCIs",)),
    "a time": Parser(refusing(moments.parse), TIME, ("2026-01-01T",)),
    "an amount of money": Parser(refusing(scaled), NUMBER, ("1", "1.", "1e")),
    "a number in JSON": Parser(
        refusing(lambda text: scaled(json_text.parse(text.encode()))), NUMBER, ("1", "1.", "1e")
    ),
    "an addend": Parser(refusing(Addend().deserialize), NUMBER, ("1", "1.", "1e")),
    "an addend in JSON": Parser(
        refusing(lambda text: Addend().deserialize(json_text.parse(text.encode()))),
        NUMBER,
        ("1", "1.", "1e"),
    ),
    "a whole number": Parser(refusing(Integer().from_text), NUMBER, ("1",)),
    "a name that is sought": Parser(refusing(names.sought_key), TEXT),
    "the key of a name": Parser(refusing(names.key), TEXT, ("\xe9",)),
    "Origin and Access-Control-Request": Parser(
        refusing(from_elsewhere), HEADER, ("https://", "https://a.example, ")
    ),
    "the path of a request": Parser("PATH_INFO", PATHS, ROUTES, ("", "\x01")),
    "the query of a request": Parser("QUERY_STRING", QUERY, ("itemname=", "limit="), ("", "&x")),
}


def growth_of(name):
    """Return the complaint about the time that a parser takes, empty if that is linear."""
    return time_growth.measured([__file__], json.dumps(name))


def main():
    parser = PARSERS[json.load(sys.stdin)]
    if isinstance(parser.run, str):
        for run in application(parser.run):
            time_growth.report(run, parser.texts())
    else:
        time_growth.report(parser.run, parser.texts())


if __name__ == "__main__":
    main()
