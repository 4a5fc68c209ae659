"""The server is restarted under traffic: no answer breaks, streams end whole, and it is quick."""

import http.client
import threading
import time

from faults.rig import Outcome
from faults.traffic import Client, Reader, Writers, lost

ON = ("sqlite", "postgresql")
SHORT_ON = ("sqlite",)
FULL = {"rolls": 20, "pause": 0.5}
SHORT = {"rolls": 1, "pause": 0.3}

CLIENTS = 6
STREAMS = 4
ENDS_IN = 10
"""Seconds from the signal to the end of the last process."""


class Stream(threading.Thread):
    """An open event stream; `whole` says whether it was ended, and not cut off."""

    def __init__(self, port, account):
        super().__init__()
        self.whole = None
        self.begun = threading.Event()
        self._client = Client(port, account.token, timeout=60)
        self._path = f"{account.path}/events"

    def run(self):
        connection = self._client.connection
        try:
            connection.request("GET", self._path, headers=self._client.bearer)
            response = connection.getresponse()
            response.readline()
            self.begun.set()
            response.read()
            self.whole = response.status == 200
        except (OSError, http.client.HTTPException):
            self.whole = False
        finally:
            self.begun.set()
            self._client.close()


def drill(rig, *, rolls, pause):
    seconds, streams = [], []
    with rig.serving() as server:
        account = rig.account(server)
        with (
            Writers(server.port, account, clients=CLIENTS, keep=False) as writers,
            Reader(server.port, account, keep=False) as reader,
            Reader(server.port, account) as keeper,
        ):
            for _ in range(rolls):
                opened = [Stream(server.port, account) for _ in range(STREAMS)]
                for stream in opened:
                    stream.start()
                for stream in opened:
                    stream.begun.wait()
                time.sleep(pause)
                seconds.append(server.stop())
                server.start()
                streams += opened
            writers.enough()
        for stream in streams:
            stream.join()
        missing = lost(server.port, writers)
    cut = sum(not stream.whole for stream in streams)
    broken_reads = reader.failed - reader.refused
    # RFC 9112, 9.3.1: an idle connection may be ended at any moment, without any answer.
    broken_reads += keeper.failed - keeper.refused - keeper.closed
    slow = sum(each > ENDS_IN for each in seconds)
    return Outcome(
        f"SIGTERM and a new start, {rolls} times, during writes, reads and {STREAMS} event streams",
        {
            **writers.figures(),
            "reads": f"{reader.answered:,}, {reader.refused} of them 503",
            "over one connection": f"{keeper.answered:,}; {keeper.closed} found it ended",
            "reads cut off": f"{broken_reads}",
            "streams cut off": f"{cut} of {len(streams)}",
            "ended in at most": f"{max(seconds):.1f} s",
        },
        lost=missing,
        broken=len(writers.unexpected) + writers.unanswered + broken_reads + cut + slow,
    )
