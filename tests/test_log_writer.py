"""Lines of the log, gathered and written in whole pieces."""

import logging
import socket

import pytest

from todo_api.resources.log_writer import WHOLE, LogWriter


class Pieces:
    """An output that knows in which pieces it was written: each write is a packet."""

    def __init__(self):
        self.reader, self.output = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.reader.settimeout(5)

    def read(self, lines):
        """Return the pieces in which so many lines were written."""
        pieces = []
        while sum(piece.count("\n") for piece in pieces) < lines:
            pieces.append(self.reader.recv(1_000_000).decode())
        return pieces


@pytest.fixture
def written():
    pieces = Pieces()
    with pieces.reader, pieces.output:
        yield pieces


def write(pieces, *lines):
    writer = LogWriter(pieces.output)
    for line in lines:
        writer.handle(logging.LogRecord("a.logger", logging.INFO, "", 0, line, None, None))
    return writer


def test_a_line_is_written_at_once_when_there_was_none_before(written):
    write(written, "first")
    assert written.read(1) == ["first\n"]


def test_many_lines_are_whole_in_order_and_fit_into_a_pipe(written):
    sent = [f"{number:04} " + "x" * (number % 700) for number in range(1_000)]
    write(written, *sent)
    pieces = written.read(1_000)
    assert "".join(pieces).splitlines() == sent
    assert all(piece.endswith("\n") and len(piece) <= WHOLE for piece in pieces)
    assert len(pieces) < 200


def test_a_line_that_is_longer_than_a_piece_stands_alone(written):
    write(written, "a", "b" * WHOLE, "c")
    pieces = written.read(3)
    assert "".join(pieces) == f"a\n{'b' * WHOLE}\nc\n"
    assert max(map(len, pieces)) == WHOLE + 1
