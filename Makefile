# uv from PATH, else our own copy of it in the user's cache.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/chairtime
export UV := $(or $(shell command -v uv),$(CACHE)/uv/bin/uv)
RUN := .venv/bin/
.PHONY: dev test web check check-types check-others fix bench demo screenshots mutants chaos rehearse sweep

dev: .venv/ready       ## everything on this machine; ARGS="--reset | --ephemeral | --processes N"
	@exec $(RUN)chairtime dev --parent $$PPID $(ARGS)
test: .venv/ready      ## all tests, three at a time, as they mostly wait; ARGS="-k name": one by one
	@$(RUN)python -m embedded.temporal_cli
	@$(RUN)python -m embedded.web_app --if-found
	@$(RUN)pytest $(or $(ARGS),-n 3 --dist worksteal)
web: .venv/ready       ## the web app with hot reload, beside a running `make dev`
	@$(RUN)python -m embedded.node run dev -w web
check: .venv/ready     ## formats, lint, types, layers; mypy, which takes longest, beside the others
	@$(MAKE) --no-print-directory --jobs 2 check-types check-others
check-types:
	@$(RUN)mypy
check-others:
	@$(RUN)ruff format --check . && $(RUN)ruff check .
	@$(RUN)lint-imports
	@$(RUN)pytest tests/db/test_released_migrations.py
	@$(RUN)python -m embedded.node --if-found run check
fix: .venv/ready
	@$(RUN)ruff format . && $(RUN)ruff check --fix .
	@$(RUN)python -m embedded.node --if-found run fix
bench: .venv/ready
	@$(RUN)python -m benchmarks $(ARGS)
demo: .venv/ready
	@$(RUN)chairtime demo $(ARGS)
screenshots: .venv/ready
	@$(RUN)python -m tests.browser.screenshots
mutants: .venv/ready
	@$(RUN)python -m tests.mutants $(ARGS)
chaos: .venv/ready     ## faults under load, then a judge; MINUTES=60, ARGS="--seed N --only Postgres"
	@$(RUN)python -m embedded.temporal_cli
	@$(RUN)python -m tests.faults --minutes $(or $(MINUTES),3) $(ARGS)
rehearse: .venv/ready  ## docker-compose.yml on a Docker engine; ARGS="--stand-ins --only acceptance,kill"
	@$(RUN)python -m tests.rehearsal $(ARGS)
sweep: .venv/ready     ## what is offered, every day of ten years in every zone
	@$(RUN)python -m tests.sweep

.venv/ready: pyproject.toml uv.lock | $(UV)
	@$(UV) sync --locked --quiet --compile-bytecode && touch $@
$(CACHE)/uv/bin/uv:
	@echo "installing uv into $(CACHE)/uv"
	@python3 -m venv $(CACHE)/uv && $(CACHE)/uv/bin/pip install --quiet uv || { rm -rf $(CACHE)/uv; \
	echo "uv is missing: install it (https://docs.astral.sh/uv), or python3 with venv and pip"; exit 1; }
