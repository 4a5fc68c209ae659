"""Run schemathesis along the links of the document, each scenario on an empty database.

The command line's own stateful phase ends as soon as a scenario is answered in another way than the
same one was before, which it is where that one has left something behind.

Usage: python stateful.py URL SCENARIOS (seeded | random) REPORT
"""

import json
import sys
import tomllib
from pathlib import Path

import hooks
import hypothesis
import schemathesis
from schemathesis.core.failures import FailureGroup
from schemathesis.openapi.checks import UseAfterFree

STEPS = 8

# Among all operations a task that is created, deleted and then read is rare; among few it is not.
NOUNS = ("/tasks", "/prices", "/tokens", "/accounts")

# A stream does not end, and no schema says what a file has to hold or which options a format has:
# the command line tries these.
OTHERS = "/(events|import|export)$"


def main(url, scenarios, seed, report):
    """Run them, and write into the file `report` how many calls there were."""
    told = tomllib.loads(Path(__file__).with_name("schemathesis.toml").read_text())
    # What is told of single operations would bring them all back in.
    config = schemathesis.Config.from_dict({**told, "operations": []})
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", config=config)
    hooks.in_scenarios = True
    calls, links = [], []
    settings = hypothesis.settings(
        max_examples=scenarios // len(NOUNS),
        stateful_step_count=STEPS,
        derandomize=seed == "seeded",
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    for noun in NOUNS:
        machine = schema.include(path_regex=noun).exclude(path_regex=OTHERS).as_state_machine()
        noting(machine, calls, links).run(settings=settings)
    counts = {"calls": len(calls), "links": len(links), "kinds of links": len(set(links))}
    succeeded = {label for label, status in calls if status < 300}
    Path(report).write_text(json.dumps({**counts, "succeeded": len(succeeded)}))


def noting(machine, calls, links):
    """Return the state machine, noting what it does."""

    class Scenario(machine):
        def setup(self):
            hooks.begin()
            self.restored = set()

        def step(self, input):  # noqa: A002 - schemathesis calls it so.
            if input.transition:
                links.append(input.transition.id)
            return super().step(input)

        def after_call(self, response, case):
            calls.append((case.operation.label, response.status_code))
            if response.status_code < 300 and case.path.endswith("/restore"):
                self.restored.add(task_of(case))
            elif case.method == "DELETE":
                self.restored.discard(task_of(case))
            super().after_call(response, case)

        def validate_response(self, response, case, **options):
            try:
                super().validate_response(response, case, **options)
            except FailureGroup as group:
                # What was deleted and restored is there again, of which no check knows.
                kinds = {type(failure) for failure in group.exceptions}
                if kinds != {UseAfterFree} or task_of(case) not in self.restored:
                    raise

    return Scenario


def task_of(case):
    return str(case.path_parameters.get("username")), str(case.path_parameters.get("id"))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
