# Everything that a user or a contributor runs; CI calls the same targets.

PYTHON ?= python3
RUN := .venv
DEV := .venv-dev
PIP_FLAGS := --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run test lint format bench clean doctor

help:  ## Explain the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

run: $(RUN)/ready  ## Start the whole platform on embedded defaults (Ctrl-C stops it)
	@$(RUN)/bin/sightglass up $(ARGS)

test: $(DEV)/ready  ## Install what the tests need and run the whole suite
	@./scripts/system-packages
	@$(DEV)/bin/python scripts/run_tests.py $(ARGS)

lint: $(DEV)/ready  ## Check style, types and the direction of imports
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports

format: $(DEV)/ready  ## Put the code into the project's format
	$(DEV)/bin/ruff check --fix .
	$(DEV)/bin/ruff format .

bench: $(RUN)/ready  ## Measure this machine (about eight minutes; keep it otherwise idle)
	@$(RUN)/bin/sightglass bench $(ARGS)

doctor: $(RUN)/ready  ## Check ports, disk, engine, model and services
	@$(RUN)/bin/sightglass doctor

clean:  ## Remove environments and caches; keeps .sightglass, where your data is
	rm -rf $(RUN) $(DEV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build

# An environment is ready when its stamp is newer than the requirements that made it.
$(RUN)/ready: requirements_base.txt constraints.txt pyproject.toml
	@echo "Preparing $(RUN) (serving only, no torch) ..."
	@$(PYTHON) scripts/check_python.py
	@$(PYTHON) -m venv $(RUN)
	@$(RUN)/bin/python -m pip install $(PIP_FLAGS) -c constraints.txt -r requirements_base.txt
	@$(RUN)/bin/python -m pip install $(PIP_FLAGS) --no-deps --editable .
	@touch $@

$(DEV)/ready: requirements_base.txt requirements_heavy.txt requirements_dev.txt constraints.txt pyproject.toml
	@echo "Preparing $(DEV) (serving, training and tests; torch is large) ..."
	@$(PYTHON) scripts/check_python.py
	@$(PYTHON) -m venv $(DEV)
	@$(DEV)/bin/python -m pip install $(PIP_FLAGS) -c constraints.txt -r requirements_base.txt -r requirements_heavy.txt -r requirements_dev.txt
	@# ultralytics brings the opencv with a GUI, over the same files; put the headless one back
	@$(DEV)/bin/python -m pip install $(PIP_FLAGS) -c constraints.txt --force-reinstall --no-deps opencv-python-headless
	@$(DEV)/bin/python -m pip install $(PIP_FLAGS) --no-deps --editable .
	@touch $@
