# Everything that a user or a contributor runs; CI calls the same targets.

PYTHON ?= python3
RUN := .venv
DEV := .venv-dev
NODE := .venv-node
UI := frontend/dist/browser/index.html
# With directories, as their times tell of files that were removed.
UI_SOURCES := $(shell find frontend/src frontend/public frontend/scripts) \
  $(wildcard frontend/*.json) frontend/node_modules/.ready
API_SOURCES := $(shell find backend/sightglass/api -name '*.py')
NPM := PATH="$(CURDIR)/$(NODE)/bin:$$PATH" npm --prefix frontend
PIP_FLAGS := --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run test lint format bench clean doctor images-check compose-check ui client dashboards ui-serve

help:  ## Explain the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(RUN)/ready ui  ## Start the whole platform on embedded defaults (Ctrl-C stops it)
	@$(RUN)/bin/sightglass up $(ARGS)

ui: $(if $(filter no,$(UI_BUILD)),,$(UI))  ## Build the web UI if its sources changed (UI_BUILD=no: leave it)

test: $(DEV)/ready ui  ## Install what the tests need and run the whole suite
	@./scripts/system-packages
	@PATH="$(CURDIR)/$(NODE)/bin:$$PATH" $(DEV)/bin/python scripts/run_tests.py $(ARGS)

lint: $(DEV)/ready frontend/node_modules/.ready  ## Check style, types and the direction of imports
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports
	$(NPM) --silent run lint

format: $(DEV)/ready frontend/node_modules/.ready  ## Put the code into the project's format
	$(DEV)/bin/ruff check --fix .
	$(DEV)/bin/ruff format .
	$(NPM) --silent run format

client: $(DEV)/ready frontend/node_modules/.ready  ## Generate the UI's API client anew, after the API has changed
	$(DEV)/bin/sightglass openapi --output frontend/openapi.json
	$(NPM) --silent run client

dashboards: $(DEV)/ready  ## Write Grafana's dashboards anew, after monitoring/grafana/boards has changed
	PYTHONPATH=monitoring/grafana $(DEV)/bin/python -m boards

ui-serve: frontend/node_modules/.ready  ## Serve the UI from its sources, reloading (needs a platform on port 8000)
	$(NPM) --silent start

bench: $(RUN)/ready  ## Measure this machine (about eight minutes; keep it otherwise idle)
	@$(RUN)/bin/sightglass bench $(ARGS)

images-check: $(DEV)/ready  ## Build the container images for real and try them (root on Debian, minutes)
	@$(DEV)/bin/python scripts/check_images.py $(ARGS)

compose-check:  ## Prove docker-compose.prod.yml on this machine (needs Docker; minutes)
	@$(PYTHON) scripts/check_compose.py $(ARGS)

doctor: $(RUN)/ready  ## Check ports, disk, engine, model and services
	@$(RUN)/bin/sightglass doctor

clean:  ## Remove environments and caches; keeps .sightglass, where your data is
	rm -rf $(RUN) $(DEV) $(NODE) frontend/node_modules frontend/dist frontend/.angular .mypy_cache .ruff_cache .pytest_cache .hypothesis build

# An environment is ready when its stamp is newer than the requirements that made it.
$(RUN)/ready: requirements_base.txt requirements_serving.txt requirements_embedded.txt constraints.txt pyproject.toml
	@echo "Preparing $(RUN) (serving only, no torch) ..."
	@$(PYTHON) scripts/check_python.py
	@$(PYTHON) -m venv $(RUN)
	@$(RUN)/bin/python -m pip install $(PIP_FLAGS) -c constraints.txt -r requirements_base.txt
	@$(RUN)/bin/python -m pip install $(PIP_FLAGS) --no-deps --editable .
	@touch $@

$(DEV)/ready: requirements_base.txt requirements_serving.txt requirements_embedded.txt requirements_heavy.txt requirements_dev.txt constraints.txt pyproject.toml
	@echo "Preparing $(DEV) (serving, training and tests; torch is large) ..."
	@$(PYTHON) scripts/check_python.py
	@$(PYTHON) -m venv $(DEV)
	@$(DEV)/bin/python -m pip install $(PIP_FLAGS) -c constraints.txt -r requirements_base.txt -r requirements_heavy.txt -r requirements_dev.txt
	@# ultralytics brings the opencv with a GUI, over the same files; put the headless one back
	@$(DEV)/bin/python -m pip install $(PIP_FLAGS) -c constraints.txt --force-reinstall --no-deps opencv-python-headless
	@$(DEV)/bin/python -m pip install $(PIP_FLAGS) --no-deps --editable .
	@touch $@

$(NODE)/ready: frontend/requirements.txt
	@echo "Preparing $(NODE) (Node, to build the web UI) ..."
	@$(PYTHON) -m venv $(NODE)
	@$(NODE)/bin/python -m pip install $(PIP_FLAGS) -r frontend/requirements.txt
	@touch $@

frontend/node_modules/.ready: frontend/package.json frontend/package-lock.json frontend/.npmrc $(NODE)/ready
	@echo "Installing what the web UI is built with ..."
	@$(NPM) --loglevel error ci || \
	  { echo "The web UI cannot be built. UI_BUILD=no make run starts the platform without it."; exit 1; }
	@touch $@

# A client that does not fit the API must not be built: see `make client`.
$(UI): $(UI_SOURCES) $(API_SOURCES)
	@echo "Building the web UI (UI_BUILD=no leaves it out) ..."
	@for at in $(RUN)/bin/sightglass $(DEV)/bin/sightglass; do \
	  if [ -x $$at ]; then $$at openapi --check frontend/openapi.json || exit 1; break; fi; \
	done
	@mkdir -p frontend/.angular
	@$(NPM) --silent run build >frontend/.angular/build.log 2>&1 || { cat frontend/.angular/build.log; exit 1; }
	@touch $@
