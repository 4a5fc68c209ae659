"""Nodes behind a proxy are killed in turn, then PostgreSQL's primary: each write is there, once."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import nginx
from postgres import Postgres, free_port

from faults.rig import CannotRun, Outcome
from faults.traffic import Reader, Writers, lost, seconds_until_well

ON = ("postgresql",)
FULL = {"runs": 20, "nodes": 3, "writes": 100}
SHORT = {"runs": 1, "nodes": 2, "writes": 10}

CLIENTS = 8
BACK_IN = 10
PARTED_FOR = 0.2
NOTICED_IN = 1
"""Seconds after which whoever watches PostgreSQL promotes the standby."""

PROXY = """
upstream todo {{
    {servers}
    keepalive 16;
}}
server {{
    listen 127.0.0.1:{port};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_connect_timeout 2s;
    location / {{ proxy_pass http://todo; }}
    error_page 502 504 = @away;
    location @away {{
        default_type application/json;
        add_header Retry-After 1 always;
        return 503 '{{"status": 503, "message": "Service Unavailable"}}';
    }}
}}
"""


@dataclass(frozen=True)
class Proxy:
    """What clients know of the cluster."""

    port: int


class Databases:
    """A primary, and a standby that each commit waits for."""

    def __init__(self, primary):
        self.primary, self.standby = primary, Postgres()
        self.hosts = [f"host=127.0.0.1:{each.port}" for each in (self.primary, self.standby)]

    @property
    def url(self):
        hosts = "&".join(self.hosts)
        return f"postgresql://test@/todo?{hosts}&target_session_attrs=read-write"

    def fail_over(self):
        """Kill the primary, and promote the standby as somebody would who has noticed.

        A moment before, the standby is cut off: what it lacks then nobody may have been told.
        """
        self.standby.part()
        time.sleep(PARTED_FOR)
        self.primary.kill()
        time.sleep(NOTICED_IN)
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary


@contextmanager
def serving(rig, databases, nodes):
    """Hand out the nodes and the proxy before them, all of them running."""
    try:
        nginx.program()
    except nginx.Missing as reason:
        raise CannotRun(reason) from None
    servers = [rig.server(DATABASE_URL=databases.url, WORKERS=1) for _ in range(nodes)]
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda server: server.start(), servers))
        # A dead node refuses at once, so that there is no need to leave it out for a while.
        upstream = "\n".join(f"server 127.0.0.1:{each.port} max_fails=0;" for each in servers)
        proxy = Proxy(free_port())
        configuration = PROXY.format(servers=upstream, port=proxy.port)
        with nginx.running(rig.folder / "nginx", configuration, ports=[proxy.port]):
            yield servers, proxy
    finally:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda server: server.process and server.stop(), servers))


def errors(writers):
    """Return how many writes were not answered, or not with a success."""
    return writers.unanswered + writers.statuses[503]


class Tally:
    """What has come of all runs."""

    def __init__(self):
        self.acknowledged = self.at_nodes = self.at_primary = self.lost = self.broken = 0
        self.backs = []

    def run(self, rig, databases, servers, proxy, *, writes, number):
        account = rig.account(proxy, f"alice-{number}")
        with Writers(proxy.port, account, clients=CLIENTS) as writers:
            for server in servers:
                writers.wait_for(len(writers.acknowledged) + writes)
                server.kill()
                writers.wait_for(len(writers.acknowledged) + writes)
                server.start()
            at_nodes = errors(writers)
            killed = time.monotonic()
            databases.fail_over()
            promoted = time.monotonic()
            seconds = seconds_until_well(proxy.port, account)
            writers.wait_for(len(writers.acknowledged) + CLIENTS)
            self.backs.append(promoted - killed + seconds)
            at_primary = errors(writers) - at_nodes
            with Reader(proxy.port, account) as reader:
                writers.wait_for(len(writers.acknowledged) + writes)
            writers.enough()
        self.acknowledged += len(writers.acknowledged)
        self.at_nodes += at_nodes
        self.at_primary += at_primary
        self.lost += lost(proxy.port, writers)
        # Each client has one request in flight; what comes later is no node's or primary's end.
        self.broken += max(0, at_nodes - CLIENTS * len(servers))
        self.broken += errors(writers) - at_nodes - at_primary + reader.failed
        self.broken += len(writers.unexpected) + (self.backs[-1] > BACK_IN)


def drill(rig, *, runs, nodes, writes):
    databases, tally = Databases(rig.postgres), Tally()
    try:
        databases.standby.follow(databases.primary)
        with serving(rig, databases, nodes) as (servers, proxy):
            for number in range(runs):
                if number:
                    databases.standby.follow(databases.primary)
                tally.run(rig, databases, servers, proxy, writes=writes, number=number)
    finally:
        for each in (databases.primary, databases.standby):
            if each is not rig.postgres:
                each.stop()
    return Outcome(
        f"{nodes} nodes behind nginx killed in turn, then the primary; its standby is promoted; "
        f"{CLIENTS} clients write, {runs} times",
        {
            "acknowledged": f"{tally.acknowledged:,}",
            "errors by the end of a node": f"{tally.at_nodes:,}",
            "of the primary": f"{tally.at_primary:,}",
            "back in at most": f"{max(tally.backs):.1f} s",
        },
        lost=tally.lost,
        broken=tally.broken,
    )
