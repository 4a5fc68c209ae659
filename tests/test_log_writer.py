"""Lines of the access log, gathered and written in whole pieces."""

import fcntl
import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
from conftest import ROOT, environment
from postgres import free_port
from test_front import eventually, memory

from todo_api.resources.log_writer import MOST_LINES, WHOLE, LogWriter


class Pieces(io.StringIO):
    """A stream that knows in which pieces it was written."""

    def __init__(self):
        super().__init__()
        self.pieces = []
        self.has_some = threading.Event()

    def write(self, piece):
        self.pieces.append(piece)
        self.has_some.set()
        return len(piece)


def record(text):
    return logging.LogRecord("a.logger", logging.INFO, "", 0, text, None, None)


def test_a_line_is_written_at_once_when_there_was_none_before():
    stream = Pieces()
    LogWriter(stream).handle(record("first"))
    assert stream.has_some.wait(5)
    assert stream.pieces == ["first\n"]


def test_many_lines_are_whole_in_order_and_fit_into_a_pipe():
    stream = Pieces()
    writer = LogWriter(stream)
    sent = [f"{number:04} " + "x" * (number % 700) for number in range(1_000)]
    for line in sent:
        writer.handle(record(line))
    writer.flush()
    assert "".join(stream.pieces).splitlines() == sent
    assert all(piece.endswith("\n") and len(piece) <= WHOLE for piece in stream.pieces)
    assert len(stream.pieces) < 200


def test_a_line_that_is_longer_than_a_piece_stands_alone():
    stream = Pieces()
    writer = LogWriter(stream)
    for line in ("a", "b" * WHOLE, "c"):
        writer.handle(record(line))
    writer.flush()
    assert "".join(stream.pieces) == f"a\n{'b' * WHOLE}\nc\n"
    assert max(map(len, stream.pieces)) == WHOLE + 1


class Served:
    """A server whose standard output is `stdout`; its standard error is a file."""

    def __init__(self, folder, url, stdout):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.errors = folder / "stderr"
        settings = environment(
            PORT=self.port, DATABASE_URL=url, WORKERS=1, METRICS_TOKEN="0123456789abcdef"
        )
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "todo_api", "serve"],
                env=settings,
                stdout=stdout,
                stderr=errors,
                cwd=ROOT,
            )
        assert eventually(self._answers)

    def _answers(self):
        try:
            return httpx.get(f"{self.url}/health").status_code == 200
        except httpx.TransportError:
            return False

    def dropped(self):
        headers = {"Authorization": "Bearer 0123456789abcdef"}
        text = httpx.get(f"{self.url}/metrics", headers=headers).text
        lines = [
            each for each in text.splitlines() if each.startswith("todo_api_log_lines_dropped")
        ]
        return float(lines[0].split()[1])

    def ask(self, times):
        with httpx.Client(base_url=self.url, timeout=10) as client:
            for _ in range(times):
                assert client.get("/echo/hi").status_code == 200

    def stop(self):
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0
        return time.monotonic() - begun


def served_into_a_full_pipe(folder, url):
    """Return a server that knows that nobody reads its standard output, and the end to read."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    server = Served(folder, url, writer)
    os.close(writer)
    server.ask(200)
    assert eventually(lambda: "Nobody reads" in server.errors.read_text())
    return server, reader


def test_a_log_whose_reader_has_gone_is_told_of_once_and_requests_go_on(sqlite_databases, tmp_path):
    reader, writer = os.pipe()
    server = Served(tmp_path, sqlite_databases.migrated(), writer)
    os.close(writer)
    os.close(reader)
    server.ask(5)
    assert eventually(lambda: "cannot be written" in server.errors.read_text())
    time.sleep(2.5)
    server.ask(5)
    before = memory(server)
    server.ask(MOST_LINES + 2_000)
    assert server.dropped() > 0
    assert memory(server) - before < 20 * 2**20
    assert server.errors.read_text().count("cannot be written") == 1
    assert server.stop() < 10


def test_a_log_that_nobody_reads_holds_up_neither_requests_nor_the_end(sqlite_databases, tmp_path):
    server, reader = served_into_a_full_pipe(tmp_path, sqlite_databases.migrated())
    server.ask(20)
    assert server.stop() < 10
    os.close(reader)


def test_a_log_goes_on_when_somebody_reads_it_again_and_no_line_is_torn(sqlite_databases, tmp_path):
    server, reader = served_into_a_full_pipe(tmp_path, sqlite_databases.migrated())
    received = []

    def read():
        while piece := os.read(reader, 65_536):
            received.append(piece)

    reading = threading.Thread(target=read)
    reading.start()
    assert eventually(lambda: "is written again; 0 lines" in server.errors.read_text())
    server.ask(3)
    server.stop()
    reading.join(10)
    lines = [line for line in b"".join(received).decode().splitlines() if line.startswith("{")]
    assert [json.loads(line)["path"] for line in lines].count("/echo/hi") == 203
    os.close(reader)


def test_a_full_disk_under_the_log_stops_no_request(sqlite_databases, tmp_path):
    with Path("/dev/full").open("w") as device:
        server = Served(tmp_path, sqlite_databases.migrated(), device)
    server.ask(20)
    assert eventually(lambda: "No space left" in server.errors.read_text())
    server.ask(20)
    assert server.stop() < 10
