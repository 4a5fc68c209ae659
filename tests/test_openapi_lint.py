"""What the linters for OpenAPI documents say of ours, by the rules that they come with."""

import json
from pathlib import Path

import node_packages
import pytest

from todo_api import openapi

FOLDER = Path(__file__).parent / "npm_openapi"
BIN = "node_modules/.bin"
SPECTRAL = [f"{BIN}/spectral", "lint", "--quiet", "--format", "json"]
REDOCLY = [f"{BIN}/redocly", "lint", "--format", "json"]


def found_by_spectral(file):
    outcome = node_packages.run([*SPECTRAL, file], FOLDER)
    return [(each["code"], each["path"]) for each in json.loads(outcome.stdout)]


def found_by_redocly(file):
    outcome = node_packages.run([*REDOCLY, file], FOLDER)
    report = json.loads(outcome.stdout)
    assert report["totals"]["ignored"] == 0
    return [(each["ruleId"], each["location"][0]["pointer"]) for each in report["problems"]]


@pytest.mark.timeout(400)
def test_the_linters_find_no_error_and_no_warning(tmp_path):
    node_packages.install(FOLDER)
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    document = openapi.document()
    good.write_text(json.dumps(document))
    bad.write_text(json.dumps({**document, "security": [{"none": []}], "tags": []}))
    for found_by in (found_by_spectral, found_by_redocly):
        assert found_by(good) == []
        assert found_by(bad) != []
