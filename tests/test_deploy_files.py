"""What is installed on a machine: the image, the units and the files beside them."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from conftest import Live, environment, wait_until_answering
from docutils.core import publish_doctree
from docutils.utils import Reporter
from postgres import free_port
from sites import CADDY, DEPLOY, ROOT, cannot_run

BIN = Path(sys.executable).parent
OPT = "/opt/todo-api"
UNIT = DEPLOY / "systemd" / "todo-api@.service"
SETTINGS = DEPLOY / "systemd" / "todo-api.env"
PORT = "5001"
EXPOSED = 15
"""Tenths of the exposure that systemd finds at most; 0 is nothing, 100 all."""


def run(*command, **options):
    """Return what a program says; it has to succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def instructions():
    """Return the instructions of each stage of the Dockerfile: their names and what follows."""
    text = re.sub(r"(?m)^#.*\n", "", (DEPLOY / "Dockerfile").read_text()).replace("\\\n", "")
    stages = []
    for line in filter(None, text.splitlines()):
        name, rest = line.split(maxsplit=1)
        if name == "FROM":
            stages.append([])
        stages[-1].append((name, rest))
    return stages


BUILD, IMAGE = instructions()


def of_image(name):
    (rest,) = [rest for each, rest in IMAGE if each == name]
    return rest


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Make by hand, of what a clone holds, what the image gets, and return its folder."""
    folder = tmp_path_factory.mktemp("image")
    source, opt = folder / "src", folder / "opt"
    for name, rest in BUILD[2:]:
        if name == "COPY":
            *wanted, target = rest.split()
            assert target in ("./", f"./{wanted[0]}")
            for file in run("git", "ls-files", *wanted, cwd=ROOT).splitlines():
                (source / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, source / file)
        else:
            assert name == "RUN"
            # uv takes the same options as pip, and a tenth of its time.
            command = rest.replace(
                f"{OPT}/bin/pip install", f"uv pip install --python {opt}/bin/python"
            )
            command = command.replace("--no-cache-dir ", "").replace(OPT, str(opt))
            run("/bin/sh", "-c", f'PATH="{BIN}:$PATH"; {command}', cwd=source)
    shutil.rmtree(source)
    return opt


@contextmanager
def running(command, folder, **settings):
    """Run a server in an empty folder, without anything of this project's around it."""
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(**settings), stdout=output, stderr=output
        )
    live = Live(process, settings["PORT"], log, f"http://127.0.0.1:{settings['PORT']}")
    try:
        wait_until_answering(live)
        with httpx.Client(base_url=live.url) as client:
            yield client
    finally:
        code = live.stop()
    assert code == 0, live.text()


def must_be_whole(client):
    """What is no module has come along, too: the page, its scripts, the docs, the migrations."""
    assert client.get("/itemprice?itemname=apples").json() == {"name": "apples", "price": 0}
    page = client.get("/", headers={"Accept": "text/html"})
    assert "Hello, World!" in page.text
    linked = re.findall(r'(?:src|href)="(/[^"]+\.(?:js|css))"', page.text)
    assert linked
    for path in (*linked, "/docs", "/openapi.json", "/postman.json", "/ready"):
        assert client.get(path).status_code == 200, path
    sent = {"username": "alice", "email": "a@example.com", "password": "correct-horse"}
    assert client.post("/api/v1/accounts", json=sent).status_code == 201


def test_the_image_serves_and_knows_whether_it_is_healthy(installed, tmp_path):
    pairs = shlex.split(of_image("ENV"))
    settings = dict(pair.split("=", 1) for pair in pairs)
    settings["PATH"] = settings["PATH"].replace(OPT, str(installed)).replace("$PATH", os.defpath)
    settings["DATABASE_URL"] = settings["DATABASE_URL"].replace("/data", str(tmp_path))
    assert settings["HOST"] == "0.0.0.0"
    assert f"EXPOSE {settings['PORT']}" in (DEPLOY / "Dockerfile").read_text()
    settings |= {"HOST": "127.0.0.1", "PORT": str(free_port())}
    command = json.loads(of_image("CMD"))
    command[0] = shutil.which(command[0], path=settings["PATH"])
    health = json.loads(of_image("HEALTHCHECK").partition("CMD ")[2])
    health[0] = shutil.which(health[0], path=settings["PATH"])

    def is_healthy():
        done = subprocess.run(health, env=settings, capture_output=True, check=False)
        return done.returncode == 0

    with running(command, tmp_path, **settings) as client:
        must_be_whole(client)
        assert is_healthy()
    assert not is_healthy()
    assert (tmp_path / "todo.db").exists()


def test_the_image_is_no_roots():
    assert re.fullmatch("[1-9][0-9]+", of_image("USER"))


def test_the_dockerfile_is_well_written():
    run(BIN / "hadolint", DEPLOY / "Dockerfile")


def test_the_image_gets_what_it_is_made_of_and_no_secret():
    kept = (DEPLOY / "Dockerfile.dockerignore").read_text().split("\n")
    assert kept[1] == "*"
    copied = {each for name, rest in BUILD if name == "COPY" for each in rest.split()[:-1]}
    assert copied == {line.removeprefix("!") for line in kept if line.startswith("!")}
    for name in copied:
        assert (ROOT / name).exists()


def test_the_compose_file_is_valid():
    schema = ("--builtin-schema", "vendor.compose-spec")
    run(BIN / "check-jsonschema", *schema, DEPLOY / "compose.yaml")


def test_the_compose_file_needs_what_the_example_tells():
    text = (DEPLOY / "compose.yaml").read_text()
    example = (DEPLOY / ".env.example").read_text()
    named = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert set(re.findall(r"\$\{([A-Z_]+)", text)) == named
    assert re.findall(r"^(?:DOMAIN|POSTGRES_PASSWORD)=(.+)$", example, re.MULTILINE) == []
    run("git", "check-ignore", "--quiet", DEPLOY / ".env", cwd=ROOT)


def test_the_nodes_of_the_compose_file_are_those_that_caddy_asks():
    text = (DEPLOY / "compose.yaml").read_text()
    nodes = re.findall(r"^  (node\d): \*node$", text, re.MULTILINE)
    port = dict(pair.split("=", 1) for pair in shlex.split(of_image("ENV")))["PORT"]
    asked = " ".join(f"{node}:{port}" for node in nodes)
    assert f"reverse_proxy {asked} {{" in (DEPLOY / "Caddyfile").read_text()
    (address,) = re.findall(r"ipv4_address: (\S+)", text)
    assert f"TRUSTED_PROXIES: {address}\n" in text


def test_caddy_is_the_one_that_the_tests_run():
    version = run(CADDY, "version").split()[0].removeprefix("v")
    assert f"image: caddy:{version}\n" in (DEPLOY / "compose.yaml").read_text()
    run(CADDY, "fmt", "--diff", DEPLOY / "Caddyfile")


@pytest.fixture(scope="module")
def analyze():
    """Return systemd's tool; without it, and without Debian's, nothing of this can be known."""
    found = shutil.which("systemd-analyze")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        calm = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "-y", "--no-install-recommends", "systemd"]):
            subprocess.run(
                ["apt-get", *command], check=False, capture_output=True, timeout=400, env=calm
            )
        found = shutil.which("systemd-analyze")
    if found is None:
        cannot_run("no systemd is installed, and none could be had from Debian")
    return found


@pytest.fixture
def unit(installed, tmp_path):
    """The unit of one node, whose program is where this test has installed it."""
    file = tmp_path / f"todo-api@{PORT}.service"
    file.write_text(UNIT.read_text().replace(OPT, str(installed)))
    return file


def test_the_unit_is_right_and_lets_little_through(analyze, unit):
    done = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    run(analyze, "security", "--offline=true", f"--threshold={EXPOSED}", unit)


def system_calls(analyze, unit):
    """Return the names of the system calls that the unit's filters let through."""

    def names(kind):
        lines = [line.strip() for line in run(analyze, "syscall-filter", kind).splitlines()[1:]]
        for line in lines:
            if line.startswith("@"):
                yield from names(line)
            elif line and not line.startswith("#"):
                yield line

    allowed = set()
    for line in re.findall(r"^SystemCallFilter=(.+)$", unit, re.MULTILINE):
        kinds = {name for kind in line.removeprefix("~").split() for name in names(kind)}
        allowed = allowed - kinds if line.startswith("~") else allowed | kinds
    return sorted(allowed)


def test_a_node_runs_behind_the_walls_of_its_unit(analyze, installed, tmp_path):
    text = UNIT.read_text()
    settings = dict(re.findall(r"^([A-Z_]+)=(.*)$", SETTINGS.read_text(), re.MULTILINE))
    settings["DATABASE_URL"] = settings["DATABASE_URL"].replace("/var/lib/todo-api", str(tmp_path))
    (own,) = re.findall(r"^Environment=(.+)$", text, re.MULTILINE)
    settings |= dict(pair.split("=") for pair in own.replace("%i", str(free_port())).split())
    assert settings["HOST"] == "127.0.0.1"
    (command,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    calls = system_calls(analyze, text)
    assert "clone" in calls
    assert "mount" not in calls
    walls = [sys.executable, ROOT / "tests" / "walls.py", json.dumps(calls)]
    command = [*walls, *command.replace(OPT, str(installed)).split()]
    with running(command, tmp_path, **settings) as client:
        must_be_whole(client)
        forwarded = {"X-Forwarded-Proto": "https"}
        assert "Strict-Transport-Security" in client.get("/health", headers=forwarded).headers


def test_the_nodes_of_the_unit_are_those_that_nginx_asks():
    asked = re.findall(r"server (\S+):(\d+)", (DEPLOY / "nginx" / "todo-api.conf").read_text())
    guide = (DEPLOY / "README.rst").read_text()
    assert {host for host, _ in asked} == {"127.0.0.1"}
    assert all(f"todo-api@{port}" in guide for _, port in asked)


def test_the_guide_is_well_formed_and_linked():
    settings = {"report_level": Reporter.WARNING_LEVEL, "halt_level": Reporter.WARNING_LEVEL}
    publish_doctree((DEPLOY / "README.rst").read_text(), settings_overrides=settings)
    assert "<deploy/README.rst>`_" in (ROOT / "README.rst").read_text()


def test_the_files_that_the_guide_names_are_there():
    named = re.findall(r"deploy/[\w./@-]*\w", (DEPLOY / "README.rst").read_text())
    assert len(named) > 5
    for name in named:
        assert (ROOT / name).exists() or name == "deploy/.env", name
