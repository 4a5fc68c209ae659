"""Schemathesis: requests made from the OpenAPI document, and the answers held against it.

It runs in `make test` with some hundred cases, the same ones each time, and in `make fuzz` with as
many as FUZZ_CASES says for each database, others each time.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import environment, serving

FOLDER = Path(__file__).parent / "fuzz"
CASES = int(os.environ.get("FUZZ_CASES", "0"))

# Of as many cases as are wanted one part comes of the document alone, about 4,000, the others of
# what is drawn for each of its operations, and of what follows from what was answered.
DRAWN = CASES // 100 or 1
SCENARIOS = CASES // 20 or 24
ONE_OF = 1 if CASES else 8
"""Of how many cases that are made of the document alone one is sent."""

SETTINGS = {
    "METRICS_TOKEN": "of-the-scraper-alone",
    # All limits would be reached, and an event stream is noticed as left only when it beats.
    **dict.fromkeys(
        [
            "MESSAGES_PER_HOUR",
            "REGISTRATIONS_PER_HOUR",
            "LOGIN_FAILURES",
            "ACCOUNT_LOGIN_FAILURES",
            "ADDRESS_LOGIN_FAILURES",
        ],
        1_000_000,
    ),
    "EVENT_STREAMS": 1_000,
}

pytestmark = pytest.mark.timeout(900 + CASES)


@pytest.fixture
def fuzz(database_url, tmp_path):
    """Run a program of Python against a server, with what the hooks want to know."""
    with serving(tmp_path / "log", DATABASE_URL=database_url, **SETTINGS) as live:

        def run(*command):
            own = {"PYTHONPATH": FOLDER, "FUZZ_ONE_OF": ONE_OF}
            told = environment(DATABASE_URL=database_url, **own, **SETTINGS)
            told["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), told["PATH"]])
            run = subprocess.run(
                [each.format(url=live.url) for each in command],
                cwd=tmp_path,
                env=told,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            assert run.returncode == 0, run.stdout
            return run.stdout

        yield run


def test_requests_made_from_the_document_are_answered_as_it_says(fuzz, database_url, tmp_path):
    report = tmp_path / "report.json"
    # Those that violate the document by one part each are refused before any database is asked.
    is_whole = CASES or database_url.startswith("sqlite")
    phases = "examples,coverage,fuzzing" if is_whole else "examples,fuzzing"
    fuzz(
        *("st", "--config-file", f"{FOLDER}/schemathesis.toml", "run", "{url}/openapi.json"),
        *("--phases", phases, "--max-examples", str(DRAWN)),
        *("--report", "json", "--report-json-path", str(report)),
        *(["--generation-database", "none"] if CASES else ["--generation-deterministic"]),
    )
    found = json.loads(report.read_text())
    assert found["complete"]
    assert found["operations"]["tested"] == found["operations"]["total"]
    assert found["test_cases"]["generated"] > (3_000 if CASES else 400 if is_whole else 100)
    sys.stdout.write(f"{found['test_cases']}\n")


def test_requests_that_follow_from_answers_are_answered_as_it_says(fuzz, tmp_path):
    report = tmp_path / "report.json"
    kind = "random" if CASES else "seeded"
    fuzz("python", f"{FOLDER}/stateful.py", "{url}", str(SCENARIOS), kind, str(report))
    found = json.loads(report.read_text())
    assert found["links"] > SCENARIOS
    assert found["succeeded"] >= 15
    sys.stdout.write(f"{found}\n")
