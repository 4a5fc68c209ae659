"""Standard output and standard error of a real server that fail, and work again."""

import json
import os
import resource
import select
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from urllib.parse import quote

import pytest
from conftest import ROOT, Live, environment, wait_until_answering
from faults.traffic import Client
from outputs import BROKEN
from postgres import free_port
from prometheus_client.parser import text_string_to_metric_families
from test_front import eventually
from test_server import children

from todo_api.resources.access_log import LONGEST_PATH
from todo_api.resources.log_writer import BYTES

TOKEN = "a-secret-of-the-scraper"
LONG = "/echo/" + quote("\N{GRINNING FACE}" * (LONGEST_PATH - 6))
"""Its line in the access log is nearly as long as one can be: twelve bytes a character."""

LONG_LINE = 12 * (LONGEST_PATH - 6)
BEYOND = BYTES // LONG_LINE + 500
"""So many of these lines are more than a process keeps, even with what is in a pipe."""

ENDS_IN = 10
"""Seconds after which a server whose output is blocked would have been killed by hand."""

OUTPUTS = {"stdout": 1, "stderr": 2}

PRICE = "/itemprice?itemname=apples"


@contextmanager
def serving_to(stdout, stderr, folder, *, prefix=(), **settings):
    """Run a server of one worker whose outputs are these files, and kill it if it does not end."""
    own = {"DATABASE_URL": f"sqlite:///{folder}/todo.db", "WORKERS": 1, "METRICS_TOKEN": TOKEN}
    port = free_port()
    process = subprocess.Popen(
        [*prefix, sys.executable, "-m", "todo_api", "serve"],
        env=environment(PORT=port, **{**own, **settings}),
        stdout=stdout,
        stderr=stderr,
        cwd=ROOT,
        start_new_session=True,
    )
    live = Live(process, port, folder / "stderr", f"http://127.0.0.1:{port}")
    try:
        wait_until_answering(live)
        yield live
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def error_file(folder):
    """Hand out the file that standard error is written to."""
    with (folder / "stderr").open("ab") as stderr:
        yield stderr


def ask(live, many, path=LONG):
    """Send requests one after the other, and return how often there was which status."""
    counts = {}
    with Client(live.port, timeout=20) as client:
        for _ in range(many):
            status = client("GET", path).status
            counts[status] = counts.get(status, 0) + 1
    return counts


def scraped(live, name):
    with Client(live.port, TOKEN) as client:
        text = client("GET", "/metrics").body.decode()
    return {
        tuple(sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def dropped(live):
    return scraped(live, "todo_api_log_lines_dropped_total")[()]


def told(live):
    """Return what the server has said of its outputs on standard error."""
    lines = [json.loads(line) for line in live.text().splitlines()]
    return [line["message"] for line in lines if line["logger"].endswith("log_writer")]


def break_prices(folder):
    """Let each question for a price fail, so that a traceback is written to standard error."""
    with closing(sqlite3.connect(folder / "todo.db")) as connection:
        connection.execute("ALTER TABLE item_price RENAME TO gone")


class Reader:
    """Reads the lines of a named pipe in a thread, until it is closed or nobody writes there."""

    def __init__(self, path):
        self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._received = b""
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def requests(self):
        """Return what the whole lines of the access log tell."""
        lines = self._received.decode("ascii").split("\n")[:-1]
        return [json.loads(line) for line in lines if line.startswith("{")]

    def join(self):
        """Wait until nobody writes there any more."""
        self._thread.join(ENDS_IN)
        assert not self._thread.is_alive()

    def close(self):
        self._enough.set()
        self._thread.join()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.close()

    def _read(self):
        poll = select.poll()
        poll.register(self._file, select.POLLIN)
        while not self._enough.is_set():
            if poll.poll(50):
                received = os.read(self._file, 65_536)
                if not received:
                    break
                self._received += received
        os.close(self._file)


def ends_well(live):
    live.process.terminate()
    return live.process.wait(ENDS_IN) == 0


@pytest.mark.parametrize("broken", BROKEN.values(), ids=list(BROKEN))
def test_requests_are_answered_while_standard_output_is_broken_and_the_outage_is_told_once(
    broken, tmp_path
):
    with (
        error_file(tmp_path) as stderr,
        broken() as stdout,
        serving_to(stdout, stderr, tmp_path) as live,
    ):
        assert ask(live, BEYOND) == {200: BEYOND}
        assert eventually(lambda: dropped(live) > 0)
        assert ask(live, 100) == {200: 100}
        assert eventually(lambda: told(live))
        assert len(told(live)) == 1
        assert "stdout" in told(live)[0]
        assert ends_well(live)
    assert "were not written" in told(live)[-1]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_server_that_is_started_with_a_closed_output_answers_and_ends(stream, tmp_path):
    shell = ["sh", "-c", f'exec "$@" {OUTPUTS[stream]}>&-', "sh"]
    with (
        error_file(tmp_path) as stderr,
        serving_to(subprocess.DEVNULL, stderr, tmp_path, prefix=shell) as live,
    ):
        break_prices(tmp_path)
        assert ask(live, 100, PRICE) == {500: 100}
        assert ask(live, BEYOND) == {200: BEYOND}
        assert (dropped(live) > 0) == (stream == "stdout")
        assert ends_well(live)
    with closing(sqlite3.connect(tmp_path / "todo.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("broken", BROKEN.values(), ids=list(BROKEN))
def test_requests_are_answered_while_standard_error_is_broken(broken, tmp_path):
    (tmp_path / "stderr").touch()
    with broken() as stderr, serving_to(subprocess.DEVNULL, stderr, tmp_path) as live:
        break_prices(tmp_path)
        assert ask(live, 100, PRICE) == {500: 100}
        assert ask(live, 100) == {200: 100}
        assert ends_well(live)


@pytest.mark.parametrize("broken", BROKEN.values(), ids=list(BROKEN))
def test_requests_are_answered_while_both_outputs_are_broken(broken, tmp_path):
    (tmp_path / "stderr").touch()
    with broken() as output, serving_to(output, output, tmp_path) as live:
        break_prices(tmp_path)
        assert ask(live, 100, PRICE) == {500: 100}
        assert ask(live, BEYOND) == {200: BEYOND}
        assert dropped(live) > 0
        assert ends_well(live)


def test_logging_goes_on_when_a_reader_comes_back_and_each_line_is_written_or_counted(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with error_file(tmp_path) as stderr, Reader(path) as before:
        stdout = os.open(path, os.O_WRONLY)
        with serving_to(stdout, stderr, tmp_path) as live:
            os.close(stdout)
            assert ask(live, 100) == {200: 100}
            assert eventually(lambda: len(before.requests()) >= 100)
            before.close()
            assert ask(live, BEYOND) == {200: BEYOND}
            assert eventually(lambda: len(told(live)) == 1)
            with Reader(path) as after:
                assert eventually(lambda: len(told(live)) == 2)
                assert ask(live, 100) == {200: 100}
                lost = dropped(live)
                requests = sum(scraped(live, "todo_api_requests_total").values())
                assert ends_well(live)
                after.join()
    assert lost > 0
    assert f"{lost:.0f} lines" in told(live)[1]
    # The last one is the question for the metrics, which does not count itself.
    assert len(before.requests() + after.requests()) + lost == requests + 1
    ids = [each["request_id"] for each in before.requests() + after.requests()]
    assert len(set(ids)) == len(ids)


def test_a_blocked_reader_that_goes_on_gets_the_newest_lines_and_no_half_ones(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    holder = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with error_file(tmp_path) as stderr:
        stdout = os.open(path, os.O_WRONLY)
        with serving_to(stdout, stderr, tmp_path) as live:
            os.close(stdout)
            assert ask(live, BEYOND) == {200: BEYOND}
            assert ask(live, 1, "/echo/newest") == {200: 1}
            assert eventually(lambda: dropped(live) > 0)
            with Reader(path) as reader:
                os.close(holder)
                assert eventually(lambda: len(told(live)) == 2)
                lost = dropped(live)
                requests = sum(scraped(live, "todo_api_requests_total").values())
                assert ends_well(live)
                reader.join()
    assert f"{lost:.0f} lines" in told(live)[1]
    assert len(reader.requests()) + lost == requests + 1
    assert "/echo/newest" in {each["path"] for each in reader.requests()}


def test_a_line_that_was_cut_by_a_full_disk_is_written_again_and_no_other_stands_behind_its_half(
    tmp_path,
):
    """A limit on the size of files ends a write in the middle of a line, as a full disk does."""
    file = tmp_path / "stdout"
    file.touch()
    os.truncate(file, 64 * 2**20)  # So that the database, which is smaller, may grow.
    with (
        error_file(tmp_path) as stderr,
        file.open("ab") as stdout,
        serving_to(stdout, stderr, tmp_path, WORKERS=2) as live,
    ):
        assert ask(live, 1, "/echo/quiet") == {200: 1}
        assert eventually(lambda: b"/echo/quiet" in tail(file))
        begin = file.stat().st_size
        limit = begin + 2 * LONG_LINE
        for pid in children(live.process.pid):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        for _ in range(40):
            assert ask(live, 1) == {200: 1}
        assert eventually(lambda: len(told(live)) == 2)
        assert file.stat().st_size == limit
        for pid in children(live.process.pid):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, 2 * (resource.RLIM_INFINITY,))
        assert eventually(lambda: len(told(live)) == 4)
        assert ends_well(live)
    *lines, end = tail(file, begin).split(b"\n")
    assert end == b""
    halves = [line for line in lines if line and not line.endswith(b"}")]
    assert len(halves) <= 1
    requests = [json.loads(line) for line in lines if line and line not in halves]
    assert len(requests) == 40
    assert len({each["request_id"] for each in requests}) == 40


def tail(file, begin=64 * 2**20):
    with file.open("rb") as written:
        written.seek(begin)
        return written.read()
