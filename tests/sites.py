"""The proxies of deploy/, each as it is shipped, in front of two nodes, on loopback.

What a machine of one's own decides on is filled in: addresses, ports, the domain, its certificate,
and where files lie. Nothing else is changed.
"""

import json
import os
import re
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import nginx
import pytest
import trustme
from conftest import ROOT, environment
from faults.crowd import allow_many_files
from faults.rig import Server
from postgres import free_port
from support import PASSWORD

from todo_api.resources.log_writer import EVERY

DEPLOY = ROOT / "deploy"
DOMAIN = "localhost"
FEW = 3
"""Messages that an address may leave."""

SECOND_HOME = "127.0.0.2"
"""It stands for the IPv6 address, which not every machine has."""

CADDY = Path(sys.executable).parent / "caddy"
STARTS_IN = 20


@dataclass
class Site:
    """A proxy that answers at `https_port`, and at `http_port` in plain; the nodes behind it."""

    name: str
    http_port: int
    https_port: int
    authority: Path
    nodes: list
    folder: Path

    @property
    def context(self):
        return ssl.create_default_context(cafile=self.authority)

    def client(self, address="127.0.0.3", *, http2=True, token=None):
        """Return somebody who comes from `address` and checks the certificate."""
        transport = httpx.HTTPTransport(verify=self.context, http2=http2, local_address=address)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"https://{DOMAIN}:{self.https_port}"
        return httpx.Client(transport=transport, base_url=url, headers=headers, timeout=30)

    def account(self, username):
        """Register somebody, log in, and return the token and the path of the account."""
        sent = {"username": username, "password": PASSWORD}
        with self.client() as client:
            made = client.post("/api/v1/accounts", json={**sent, "email": "a@example.com"})
            assert made.status_code == 201, made.text
            answer = client.post("/api/v1/accounts/login", json=sent)
        return answer.json()["token"], f"/api/v1/accounts/{username}"

    def seen(self, request_id):
        """Return what the nodes have written about a request; a line may wait a moment."""
        time.sleep(2 * EVERY)
        lines = [line for node in self.nodes for line in node.text().splitlines()]
        found = [json.loads(line) for line in lines if request_id in line]
        return [line for line in found if "address" in line]


def cannot_run(reason):
    """Tell a person that this machine lacks something; fail in CI, which may lack nothing."""
    pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


@contextmanager
def nodes(folder, count=2, **settings):
    """Run nodes that trust a proxy on this machine, with a sample in their database."""
    allow_many_files()
    own = {"TRUSTED_PROXIES": "127.0.0.1", "WORKERS": 1, "MESSAGES_PER_HOUR": FEW}
    command = [sys.executable, "-m", "todo_api", "serve", "--with-sample"]
    made = [Server(folder / f"node{n}", {**own, **settings}, command) for n in range(count)]
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda node: node.start(), made))
        yield made
    finally:
        for node in made:
            if node.process:
                node.stop()


def filled(text, *replacements):
    """Replace each thing by another; it has to be there."""
    for pattern, replacement in replacements:
        text, count = re.subn(pattern, str(replacement), text)
        assert count, pattern
    return text


@contextmanager
def behind_nginx(folder, nodes):
    """Run the shipped configuration of nginx with a certificate by an authority of its own."""
    try:
        nginx.program()
    except nginx.Missing as reason:
        cannot_run(str(reason))
    authority, certificate = trustme.CA(), folder / "certificate.pem"
    authority.cert_pem.write_to_path(folder / "authority.pem")
    issued = authority.issue_cert(DOMAIN)
    issued.private_key_and_cert_chain_pem.write_to_path(certificate)
    plain, secure = free_port(), free_port()
    text = filled(
        (DEPLOY / "nginx" / "todo-api.conf").read_text(),
        (r"listen 80;", f"listen 127.0.0.1:{plain};"),
        (r"listen \[::\]:80;", f"listen {SECOND_HOME}:{plain};"),
        (r"listen 443 ", f"listen 127.0.0.1:{secure} "),
        (r"listen \[::\]:443 ", f"listen {SECOND_HOME}:{secure} "),
        (r"todo\.example\.com", DOMAIN),
        (rf"/etc/letsencrypt/live/{DOMAIN}/(fullchain|privkey)\.pem", certificate),
        (r"/var/www/html|/var/log/nginx", folder),
        (r"127\.0\.0\.1:5001", f"127.0.0.1:{nodes[0].port}"),
        (r"127\.0\.0\.1:5002", f"127.0.0.1:{nodes[1].port}"),
    )
    with nginx.running(folder / "nginx", text, ports=[plain, secure]):
        yield Site("nginx", plain, secure, folder / "authority.pem", nodes, folder)


@contextmanager
def behind_caddy(folder, nodes):
    """Run the shipped Caddyfile, whose certificates for localhost are by Caddy's own authority."""
    plain, secure = free_port(), free_port()
    options = f"http_port {plain}\nhttps_port {secure}\ndefault_bind 127.0.0.1\n"
    text = filled(
        (DEPLOY / "Caddyfile").read_text(),
        (r"(?m)^\{\n", f"{{\n{options}admin off\nskip_install_trust\n"),
        (r"node1:8000 node2:8000 node3:8000", " ".join(f"127.0.0.1:{n.port}" for n in nodes)),
    )
    (folder / "Caddyfile").write_text(text)
    with (folder / "caddy.log").open("w") as log:
        process = subprocess.Popen(
            [CADDY, "run", "--config", folder / "Caddyfile"],
            env=environment(DOMAIN=DOMAIN, XDG_DATA_HOME=folder, XDG_CONFIG_HOME=folder),
            stdout=log,
            stderr=log,
        )
    authority = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    site = Site("caddy", plain, secure, authority, nodes, folder)
    try:
        _wait_for(site, process)
        yield site
    finally:
        process.terminate()
        process.wait(40)


def _wait_for(site, process):
    until = time.monotonic() + STARTS_IN
    while process.poll() is None and time.monotonic() < until:
        with suppress(OSError, httpx.TransportError), site.client() as client:
            client.get("/health")
            return
        time.sleep(0.05)
    raise RuntimeError((site.folder / "caddy.log").read_text())
