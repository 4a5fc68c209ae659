"""Lines of the access log, gathered and written in whole pieces."""

import io
import logging
import threading

from todo_api.resources.log_writer import WHOLE, LogWriter


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
