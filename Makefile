# The few commands of this project. `make` alone lists them.

SHELL = /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test coverage fuzz drill drill-cluster model mutate bench check format postman screenshots pins clean

VENV = .venv
TODO_API = $(VENV)/bin/todo-api
BIN = $(VENV)/bin
COLLECTION = postman.json

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: $(VENV)/.runs ## Start the backend on 127.0.0.1:5000 (HOST, PORT, DATABASE_URL are honoured)
	@exec $(TODO_API) serve --with-sample

test: $(VENV)/.tests ## Run the whole suite, or some of it (T=tests/test_task.py)
	@scripts/test $(T)

coverage: $(VENV)/.tests ## Run the whole suite and count the lines and branches that it covers
	@scripts/coverage

fuzz: $(VENV)/.tests ## Make many requests from the OpenAPI document (CASES=10000)
	@scripts/fuzz $(CASES)

drill: $(VENV)/.tests ## Break each thing that can break, and count what is lost (DRILLS="kill rolls")
	@$(BIN)/python tests/faults $(DRILLS)

drill-cluster: $(VENV)/.tests ## Kill nodes behind a proxy, then PostgreSQL's primary, 20 times
	@$(BIN)/python tests/faults cluster

model: $(VENV)/.tests ## Do many steps at random and compare with a model (EXAMPLES=500)
	@scripts/model $(EXAMPLES)

mutate: $(VENV)/.tests ## See whether the tests notice small changes to the code (SAMPLE=300, SEED=1)
	@scripts/mutate $(SAMPLE) $(SEED)

bench: $(VENV)/.bench ## Measure this server beside its peers (BENCH="list price --rounds 3")
	@PYTHONPATH=tests $(VENV)/bench/bin/python scripts/bench $(BENCH)
	@PYTHONPATH=tests $(VENV)/bench/bin/python scripts/bench/picture.py build/bench

check: $(VENV)/.tests ## Lint and type-check
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python tests/page_types.py

format: $(VENV)/.tests ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

postman: $(VENV)/.runs ## Write postman.json, a collection to import into Postman
	@$(BIN)/python -m todo_api.postman > $(COLLECTION)
	@echo "$(COLLECTION) is written; 'Import' in Postman takes it."

screenshots: $(VENV)/.tests ## Take a picture of each view of the web page, into build/screenshots
	@$(BIN)/python tests/screenshots.py build/screenshots

pins: $(VENV)/.tests ## Pin the newest versions that setup.py allows
	@scripts/pins

clean: ## Remove what the other targets made, but no database
	rm -rf $(VENV) build dist *.egg-info postman.json tests/*/node_modules .coverage* .pytest_cache .mypy_cache mutants .ruff_cache .hypothesis

$(VENV)/.runs: requirements.txt setup.py
	@scripts/environment $(VENV) -r requirements.txt
	@touch $@

$(VENV)/.tests: $(VENV)/.runs tests/requirements.txt
	@scripts/environment $(VENV) -r tests/requirements.txt
	@touch $@

$(VENV)/.bench: $(VENV)/.runs scripts/bench/requirements.txt
	@scripts/environment $(VENV)/bench -r requirements.txt -r scripts/bench/requirements.txt
	@touch $@
