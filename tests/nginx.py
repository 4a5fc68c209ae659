"""A real nginx for the tests: an installed one, else Debian's when root."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager, suppress

MAIN = """
daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {http}
}}
"""

STARTS_IN = 10


class Missing(Exception):
    """This machine has no nginx, and none could be had."""


def program():
    """Return the path of nginx; raise Missing when there is none."""
    found = _installed() or _from_debian()
    if found is None:
        raise Missing("no nginx is installed, and none could be had from Debian")
    return found


def _installed():
    # A person's PATH often lacks the folder in which Debian has it.
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def _from_debian():
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    # In run level 1 no service is started just because it is installed.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", "nginx"]
    for command in (["apt-get", "update"], install):
        subprocess.run(command, check=False, capture_output=True, timeout=400, env=environment)
    return _installed()


@contextmanager
def running(folder, http, *, ports):
    """Run nginx with `http` in its http block, all its files in `folder`; it answers on `ports`."""
    folder.mkdir(exist_ok=True)
    main = folder / "nginx.conf"
    # A folder of root's is closed to `nobody`, as whom the workers would run.
    user = "user root;" if os.geteuid() == 0 else ""
    main.write_text(MAIN.format(user=user, folder=folder, http=http))
    log = folder / "error.log"
    process = subprocess.Popen(
        [program(), "-p", folder, "-c", main, "-e", log],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for port in ports:
            _wait_for(process, port, log)
        yield process
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(process, port, log):
    until = time.monotonic() + STARTS_IN
    while process.poll() is None and time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.01)
    raise RuntimeError(log.read_text())
