"""Check the types of the web page's modules, as JSDoc says them, with TypeScript's compiler."""

import sys
from pathlib import Path

import node_packages
import pytest

FOLDER = Path(__file__).parent / "npm_page"
TSC = "node_modules/typescript/bin/tsc"


def check():
    """Return the compiler's complaints, those about the service worker too."""
    node_packages.install(FOLDER)
    projects = ("tsconfig.json", "tsconfig.worker.json")
    outcomes = [node_packages.run([TSC, "--project", project], FOLDER) for project in projects]
    return "".join(outcome.stdout + outcome.stderr for outcome in outcomes)


if __name__ == "__main__":
    try:
        complaints = check()
    except pytest.skip.Exception as without_npm:
        complaints = f"SKIPPED: {without_npm}\n"
        sys.stdout.write(complaints)
        sys.exit(0)
    sys.stdout.write(complaints)
    sys.exit(bool(complaints))
