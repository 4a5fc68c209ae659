"""The README's own commands, run as a newcomer would paste them."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from docutils.core import publish_doctree
from docutils.utils import Reporter

from todo_api.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.rst").read_text()
PAGES = sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").glob("*.rst"))


def console_blocks():
    for block in re.findall(r"code-block:: console\n\n((?:    .*\n|\n)+)", README):
        yield from re.findall(r"^    \$ (.*)\n((?:    [^$].*\n)*)", block, re.MULTILINE)


STEPS = [(command, output.replace("    ", "", 1).strip()) for command, output in console_blocks()]


def as_pattern(output):
    return re.escape(output).replace("…", ".+")


def test_the_first_five_minutes_answer_as_the_readme_says(live):
    assert len(STEPS) >= 6
    marker = "--next--"
    script = f"\necho; echo {marker}\n".join(command for command, _ in STEPS)
    script = script.replace("http://127.0.0.1:5000", live.url)
    outcome = subprocess.run(
        [shutil.which("bash"), "-euc", script], capture_output=True, text=True, check=True
    )
    answers = [part.strip() for part in outcome.stdout.split(marker)]
    assert len(answers) == len(STEPS)
    for (command, output), answer in zip(STEPS, answers, strict=True):
        assert re.fullmatch(as_pattern(output), answer), command


def test_the_commands_listed_are_those_that_there_are():
    listed = set(re.findall(r"^    todo-api ([a-z-]+) .*  ", README, re.MULTILINE))
    assert listed == set(main.commands)


def test_the_example_of_an_import_runs(tmp_path, monkeypatch):
    (command,) = re.findall(r"^    todo-api (import-prices prices.csv .+)$", README, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    Path("prices.csv").write_text("product,size,amount,code\nmilk,1 l,1.00005,CHF\n")
    assert CliRunner().invoke(main, ["init"]).exit_code == 0
    outcome = CliRunner().invoke(main, command.split())
    assert outcome.exit_code == 0, outcome.output


def test_the_example_of_an_import_over_http_runs(live, admin, tmp_path):
    (command,) = re.findall(r"^    (curl .+/prices/import .+)$", README, re.MULTILINE)
    (tmp_path / "prices.csv").write_text("name,price\nmilk,1.05\n")
    outcome = subprocess.run(
        [shutil.which("bash"), "-c", command.replace("http://127.0.0.1:5000", live.url)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "TOKEN": admin.token},
        capture_output=True,
        text=True,
        check=True,
    )
    assert outcome.stdout == '{"new":1,"changed":0,"unchanged":0}'


@pytest.mark.parametrize("target", re.findall(r"^    make ([a-z]+)", README, re.MULTILINE))
def test_a_make_target_is_listed_by_make(target):
    listed = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True)
    assert re.search(rf"^{target} ", listed.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", ["README.rst", "CHANGELOG.rst", "SECURITY.rst", *PAGES])
def test_a_document_is_well_formed(name):
    settings = {"report_level": Reporter.WARNING_LEVEL, "halt_level": Reporter.WARNING_LEVEL}
    publish_doctree((ROOT / name).read_text(), settings_overrides=settings)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_docs_is_linked(name):
    assert f"<{name}>`_" in README


def test_the_modules_that_the_readme_names_are_there():
    for name in re.findall(r"``((?:todo_api/|resources/|[a-z]+/)?[a-z_]+\.py)``", README):
        assert (ROOT / "todo_api" / name).exists(), name
