"""Rows of the hostile table whose bytes no client library would send: lines, headers, bodies.

The HTTP server refuses most of them by itself, with an empty body or with no answer at all.
"""

from typing import NamedTuple

HOST = "Host: x"
JSON = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"
CHUNKED = "Transfer-Encoding: chunked"
SILENT = 0
"""The server closed the connection without a word."""
REFUSED = {400, SILENT}


class Raw(NamedTuple):
    id: str
    bytes: bytes
    allowed: set
    hangs_up: bool = False
    """Whether the sender sends no more, so that the rest of a body never comes."""


def request(line, *headers, body=b""):
    head = "\r\n".join([line, *headers, "Connection: close", "", ""])
    return head.encode("latin-1") + body


def get(*headers, path="/users"):
    return request(f"GET {path} HTTP/1.1", *headers)


def post(*headers, body=b"", to="/sum"):
    return request(f"POST {to} HTTP/1.1", HOST, JSON, *headers, body=body)


def chunks(*parts, end=b"0\r\n\r\n"):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + end


SUM = b'{"number1": 1, "number2": 2}'
LENGTH = f"Content-Length: {len(SUM)}"
SMUGGLED = b"GET /api/v1/messages HTTP/1.1\r\nHost: x\r\n\r\n"

HOSTS = [
    Raw("no host", get(), {400}),
    Raw("two hosts", get("Host: a", "Host: b"), {400}),
    Raw("the same host twice", get(HOST, HOST), {400}),
    Raw("an empty host", get("Host:"), {400}),
    Raw("two hosts in one", get("Host: a, b"), {400}),
    Raw("a host with a path", get("Host: x/y"), {400}),
    Raw("a host with a name before it", get("Host: a@b"), {400}),
    Raw("no host in 1.0", request("GET /users HTTP/1.0"), {200}),
    Raw("a wrong host in 1.0", request("GET /users HTTP/1.0", "Host: a b"), {400}),
    Raw(
        "a cut-off chunk of a write",
        post("Transfer-Encoding: chunked", body=b"zz\r\n", to="/api/v1/accounts/alice/tasks"),
        {400, 401},
    ),
]

LINES = [
    Raw("lowercase method", request("get /users HTTP/1.1", HOST), {405}),
    Raw("mixed-case method", request("Get /users HTTP/1.1", HOST), {405}),
    Raw("unknown method", request("BREW /users HTTP/1.1", HOST), {405}),
    Raw("no method", request(" /users HTTP/1.1", HOST), REFUSED),
    Raw("a method that is no token", request("G(T /users HTTP/1.1", HOST), REFUSED),
    Raw("a nul in the method", request("GE\0T /users HTTP/1.1", HOST), REFUSED),
    Raw("no path", request("GET HTTP/1.1", HOST), REFUSED),
    Raw("no version", request("GET /users", HOST), REFUSED),
    Raw("version 0.9", b"GET /users\r\n", REFUSED, hangs_up=True),
    Raw("version 1.2", request("GET /users HTTP/1.2", HOST), REFUSED),
    Raw("version 2.0", request("GET /users HTTP/2.0", HOST), REFUSED),
    Raw("version in lower case", request("GET /users http/1.1", HOST), REFUSED),
    Raw("another protocol", request("GET /users FTP/1.1", HOST), REFUSED),
    Raw("a space in the path", request("GET /us ers HTTP/1.1", HOST), REFUSED),
    Raw("a nul in the path", request("GET /us\0ers HTTP/1.1", HOST), REFUSED),
    Raw("a tab in the path", request("GET /us\ters HTTP/1.1", HOST), REFUSED),
    Raw("a line of 100 kB", get(HOST, path="/echo/" + "x" * 100_000), {400, 414, 431}),
    Raw("only NULs", b"\0" * 1000, REFUSED, hangs_up=True),
    Raw("the hello of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\1" * 500, REFUSED, hangs_up=True),
    Raw("the options of an asterisk", request("OPTIONS * HTTP/1.1", HOST), {204}),
    Raw("an asterisk", request("GET * HTTP/1.1", HOST), {400, 404}),
    Raw("an authority", request("GET x:80 HTTP/1.1", HOST), {400, 404}),
    Raw("a whole URL of somebody else", request("GET http://y/nothing HTTP/1.1", HOST), {400, 404}),
    Raw("a fragment", get(HOST, path="/users#x"), {200, 400}),
    Raw("invalid utf-8 in the path", get(HOST, path="/echo/%ff"), {400}),
    Raw("raw bytes in the path", get(HOST, path="/echo/\xff"), {400}),
    Raw("an encoded slash first", get(HOST, path="/echo/%2Fa"), {200}),
    Raw("an encoded percent", get(HOST, path="/echo/%25zz"), {200}),
    Raw("an encoded newline", get(HOST, path="/echo/a%0Ab"), {200}),
    Raw("an encoded nul", get(HOST, path="/echo/%00"), {422}),
    Raw("dots in the path", get(HOST, path="/../users"), {404}),
    Raw("two slashes", get(HOST, path="//users"), {404}),
    Raw("a bad percent in the query", get(HOST, path="/itemprice?itemname=%zz"), {400}),
    Raw("raw bytes in the query", get(HOST, path="/itemprice?itemname=\xff"), {400}),
]  # fmt: skip

HEADERS = [
    Raw("1,000 headers", get(HOST, *(f"X-{number}: x" for number in range(1000))), {400, 431}),
    Raw("a header of 100 kB", get(HOST, "X-Test: " + "x" * 100_000), {400, 431}),
    Raw("a header name of 70 kB", get(HOST, "X" * 70_000 + ": x"), {400, 431}),
    Raw("5 MB of headers", get(HOST, *("X-Test: " + "x" * 5000 for _ in range(1000))), {400, 431, SILENT}),
    Raw("a nul in a header", get(HOST, "X-Test: a\0b"), REFUSED),
    Raw("a nul in a header's name", get(HOST, "X-Te\0st: a"), REFUSED),
    Raw("a return in a header", get(HOST, "X-Test: a\rX-Injected: b"), REFUSED),
    Raw("a control in a header", get(HOST, "X-Test: a\x01b"), REFUSED),
    Raw("no colon", get(HOST, "X-Test"), REFUSED),
    Raw("no name", get(HOST, ": x"), REFUSED),
    Raw("a space before the colon", get(HOST, "X-Test : x"), REFUSED),
    Raw("a folded header", get(HOST, "X-Test: a\r\n b"), REFUSED),
    Raw("a space before the first header", request("GET /users HTTP/1.1", " " + HOST), REFUSED),
    Raw("header bytes that are no utf-8", get(HOST, "X-Test: \xff"), {200}),
    Raw("a bad token in bytes", get(HOST, "Authorization: \xff", path="/api/v1/messages"), {401}),
    Raw("two tokens", get(HOST, "Authorization: Bearer a", "Authorization: Bearer b", path="/api/v1/messages"), {401}),
    Raw("an upgrade to another protocol", get(HOST, "Upgrade: websocket"), {200, 400, 426}),
    Raw("the head without its end", b"GET /users HTTP/1.1\r\nHost: x\r\n", REFUSED, hangs_up=True),
]  # fmt: skip

LENGTHS = [
    *(Raw(f"a length of {value!r}", post(f"Content-Length: {value}", body=SUM), REFUSED)
      for value in ("-1", "+28", "0x1c", "2 8", "28, 28", "28, 2", "x", "", "9" * 30, "1e1", "28;x")),
    Raw("two lengths", post("Content-Length: 2", LENGTH, body=SUM), REFUSED),
    Raw("two lengths, the larger one first", post(LENGTH, "Content-Length: 2", body=SUM), REFUSED),
    Raw("a length and chunks", post(LENGTH, CHUNKED, body=chunks(SUM)), {200, 400, SILENT}),
    Raw("chunks and a length", post(CHUNKED, LENGTH, body=chunks(SUM)), {200, 400, SILENT}),
    Raw("a length, chunks and a second request", post("Content-Length: 4", CHUNKED, body=chunks() + SMUGGLED), {400, SILENT}),
    Raw("a second request behind the body", post(LENGTH, body=SUM + SMUGGLED), {200}),
    Raw("a truncated body", post("Content-Length: 40", body=SUM), {400}, hangs_up=True),
    Raw("a truncated form", request("POST /users HTTP/1.1", HOST, FORM, "Content-Length: 40", body=b"data=hi"), {400}, hangs_up=True),
    Raw("a body of which nothing comes", post("Content-Length: 40"), {400}, hangs_up=True),
    Raw("no media type", request("POST /users HTTP/1.1", HOST, "Content-Length: 2", body=b"{}"), {415}),
]  # fmt: skip

CHUNKS = [
    Raw("a chunked body", post(CHUNKED, body=chunks(SUM[:10], SUM[10:])), {200}),
    Raw("a chunked body with trailers", post(CHUNKED, body=chunks(SUM, end=b"0\r\nX-Injected: x\r\n\r\n")), {200, 400}),
    Raw("a chunk with an extension", post(CHUNKED, body=b"1c;a=b\r\n" + SUM + b"\r\n0\r\n\r\n"), {200, 400}),
    Raw("a chunk's size that is no number", post(CHUNKED, body=b"xx\r\n" + SUM + b"\r\n0\r\n\r\n"), REFUSED),
    Raw("a chunk's size below zero", post(CHUNKED, body=b"-1\r\n" + SUM + b"\r\n0\r\n\r\n"), REFUSED),
    Raw("a chunk's size of 2^68", post(CHUNKED, body=b"f" * 17 + b"\r\n" + SUM + b"\r\n0\r\n\r\n"), REFUSED),
    Raw("a chunk's size with 0x", post(CHUNKED, body=b"0x1c\r\n" + SUM + b"\r\n0\r\n\r\n"), REFUSED),
    Raw("a chunk longer than its size", post(CHUNKED, body=b"10\r\n" + SUM + b"\r\n0\r\n\r\n"), REFUSED),
    # The HTTP server does not tell a chunked body that is cut off from one that ends; what it was cut
    # off in is refused as it is, and an import, whose lines would be whole, needs a Content-Length.
    Raw("a chunk that ends too early", post(CHUNKED, body=b"30\r\n" + SUM[:20]), {400}, hangs_up=True),
    Raw("no last chunk", post(CHUNKED, body=chunks(SUM, end=b"")), {200, 400}, hangs_up=True),
    Raw("an import in chunks", request("POST /api/v1/accounts/alice/import HTTP/1.1", HOST, "Content-Type: text/csv", CHUNKED, "Authorization: Bearer {token}", body=chunks(b"name\nx\n", end=b"")), {411}, hangs_up=True),
    Raw("chunked twice", post(CHUNKED, CHUNKED, body=chunks(SUM)), {200, 400, SILENT}),
    Raw("not chunked at last", post("Transfer-Encoding: chunked, identity", body=chunks(SUM)), REFUSED),
    Raw("another encoding", post("Transfer-Encoding: gzip", body=SUM), REFUSED),
    Raw("an unknown encoding", post("Transfer-Encoding: xchunked", body=chunks(SUM)), REFUSED),
    Raw("an encoding behind a space", post("Transfer-Encoding : chunked", body=chunks(SUM)), REFUSED),
    Raw("an encoding behind a control", post("Transfer-Encoding: \x0bchunked", body=chunks(SUM)), REFUSED),
    Raw("chunks in 1.0", request("POST /sum HTTP/1.0", HOST, JSON, CHUNKED, body=chunks(SUM)), REFUSED),
    Raw("a body too large, in chunks", post(CHUNKED, body=chunks(*[b" " * 65536] * 17), to="/users"), {413}),
]  # fmt: skip

TABLE = [*HOSTS, *LINES, *HEADERS, *LENGTHS, *CHUNKS]
