# Two commands matter: `make demo` and `make test`. Everything happens inside .venv and .mitra.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
READY := $(VENV)/.ready
DISTRIBUTIONS := shared services/enrolment services/certificates services/reporting
LOCKS := dev enrolment certificates reporting operator build
ARGS ?=
# Bytecode is kept even where the environment forbids it: compiling all that it imports doubles what a start costs.
export PYTHONDONTWRITEBYTECODE :=
# Two workers, each with servers of its own; one where the servers are given, since tests empty them.
WORKERS := $(if $(DATABASE_URL)$(REDIS_URL),,-n 2 --dist loadfile --no-loadscope-reorder)

# What touches Postgres and Redis most closely; ARGS names others, all of which can run there.
IN_CONTAINERS := -m containers tests/shared/spine tests/enrolment/test_idempotency.py \
	tests/certificates/test_quota_guard.py tests/certificates/test_handler.py tests/reporting/test_publisher.py

.DEFAULT_GOAL := help
.PHONY: help demo up test test-containers test-compose check bench soak lock clean

help:
	@echo "make demo             a field day of the Modi Mitra campaign on an embedded stack (ARGS='--people 5000 --exit')"
	@echo "make up               the embedded stack without the simulation"
	@echo "make test             the tests (ARGS='tests/shared -k relay')"
	@echo "make test-containers  the tests on Postgres and Redis in containers"
	@echo "make test-compose     the compose stack, on a Docker engine"
	@echo "make check            format, lint, types and import contracts"
	@echo "make bench            the benchmarks, written to docs/benchmarks.md"
	@echo "make soak             chaos for many seeds, every variant of a restored database, every kind of code"
	@echo "make lock             resolve the requirements again (ARGS=--upgrade for newer versions)"

# The environment: only what the lock names, with the hashes it names; then our own four, in place. uv, itself
# from the lock, is quicker; pip does it where only pip knows the way (a mirror set in pip's configuration). What the
# processes import is compiled here once, not by all of them at their first start.
$(READY): requirements/dev.txt $(DISTRIBUTIONS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "Mitra needs Python 3.11; say make PYTHON=/path/to/python3.11")'
	@echo "Installing the environment into $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@awk '/^uv==/ { found = 1 } found { print } found && !/\\$$/ { exit }' requirements/dev.txt > $(VENV)/uv.txt
	@$(PIP) --require-hashes -r $(VENV)/uv.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt \
		|| $(PIP) --require-hashes -r requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation $(DISTRIBUTIONS:%=-e ./%)
	@$(BIN)/python -c 'import certificates.__main__, enrolment.__main__, reporting.__main__, mitra_shared.ops.cli'
	@touch $@

.PHONY: .venv
.venv: $(READY)

demo: $(READY)
	@$(BIN)/mitra demo $(ARGS)

up: $(READY)
	@$(BIN)/mitra up $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest -m "not compose and not soak" $(WORKERS) $(ARGS)

test-containers: $(READY)
	tests/compose/stand-ins $(BIN)/python -m pytest --containers \
		$(or $(ARGS),$(IN_CONTAINERS))

test-compose: $(READY)
	tests/compose/run $(ARGS)

check: $(READY)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m bench $(ARGS)

soak: $(READY)
	$(BIN)/python -m pytest -m "chaos or soak" --seeds 20 $(ARGS)

# Writes requirements/*.txt. Our own four are left out: they are installed in place, or copied into images.
lock: $(READY)
	@for name in $(LOCKS); do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
			--no-emit-package mitra-shared --no-emit-package mitra-enrolment \
			--no-emit-package mitra-certificates --no-emit-package mitra-reporting \
			$$(test $$name = dev || echo --constraints requirements/dev.txt) \
			$(ARGS) --output-file requirements/$$name.txt requirements/$$name.in || exit 1; \
	done

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
