"""The access log: each answer is one line of JSON.

A line is ASCII, so that nothing a client sends can end it, colour a terminal or pose as another
line. It has no query and no header of the request, where secrets may be.
"""

import logging
import time
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from wsgiref.types import WSGIEnvironment

from todo_api.resources import caller_address
from todo_api.resources.passage import Passage
from todo_api.settings import Settings

log = logging.getLogger("todo_api.access")

LONGEST_PATH = 300
"""Characters of a path that are told. Escaped, they leave a line below the 4,096 bytes that Linux
writes to a pipe in one piece, so that the lines of several processes do not mix."""

_LONGEST_METHOD = 16
BODILESS = (204, 304)
"""Statuses of answers without a body."""

_BLANK = {
    **vars(logging.LogRecord(log.name, logging.INFO, "", 0, "", None, None)),
    **dict.fromkeys(("thread", "threadName", "process", "processName")),
}


class Line(logging.LogRecord):
    """The record of a line. To find out its thread and process, too, would take 5 µs."""

    def __init__(self, text: str, at: float) -> None:
        self.__dict__ = _BLANK.copy()
        self.msg, self.created, self.msecs = text, at, at % 1 * 1000


def write(
    environ: WSGIEnvironment,
    passage: Passage,
    status: int,
    headers: list[tuple[str, str]],
    settings: Settings,
) -> None:
    """Write the line of an answer, if anybody listens; how long a stream will be nobody knows."""
    if not log.isEnabledFor(logging.INFO):
        return
    method = environ["REQUEST_METHOD"]
    length = "0" if method == "HEAD" or status in BODILESS else _length(headers)
    at = time.time()
    # As json.dumps writes it, in a third of the time.
    line = (
        f'{{"time": "{_second(int(at))}.{int(at % 1 * 1000):03}Z",'
        f' "request_id": {quoted(passage.request_id)},'
        f' "method": {quoted(method[:_LONGEST_METHOD])},'
        f' "path": {quoted(_path(environ))},'
        f' "status": {status},'
        f' "ms": {1000 * (time.perf_counter() - passage.begun):.1f},'
        f' "address": {quoted(caller_address.exact_text(environ, settings))},'
        f' "account": {"null" if passage.account is None else passage.account},'
        f' "bytes": {length}}}'
    )
    # Logger.info would walk up the stack to find out where it was called.
    log.handle(Line(line, at))


@lru_cache(2)
def _second(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))


def _path(environ: WSGIEnvironment) -> str:
    raw: str = environ["PATH_INFO"]
    path = raw if raw.isascii() else raw.encode("latin-1").decode("utf-8", "replace")
    return f"/{path.lstrip('/')}"[:LONGEST_PATH]


def _length(headers: list[tuple[str, str]]) -> str:
    for name, value in headers:
        if name == "Content-Length":
            return value
    return "null"
