# Two commands do everything on a fresh machine: `make serve` and `make test`.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
# Python reads the paths of a checkout in the locale's encoding: with C, a folder named "señal" is none.
ifneq ($(filter C POSIX,$(LC_ALL)),)
export LC_ALL := C.UTF-8
endif

VENV := .venv
BENCH := .build/bench-venv
AIRFLOW := .build/airflow-venv
OLDEST_SDK := .build/oldest-sdk
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV_COMPILE := UV_CUSTOM_COMPILE_COMMAND='make lock' $(VENV)/bin/uv pip compile --quiet \
	--universal --generate-hashes --python-version 3.11
# What a browser gets, built into the folder $(1).
define BUILD_STATIC
	node_modules/.bin/esbuild frontend/panel/app.js frontend/panel/panel.css --bundle --minify --format=esm \
		--charset=utf8 --target=es2022,chrome123,firefox121,safari17.5 --log-level=warning --outdir=$(1)
	cp frontend/client/client.js $(addprefix frontend/panel/,index.html icon.svg app.webmanifest) $(1)
	node_modules/.bin/tsc -p frontend/tsconfig.client.json --outDir $(1)
	mkdir -p $(1)/swagger-ui
	cp $(addprefix node_modules/swagger-ui-dist/,swagger-ui-bundle.js swagger-ui.css) $(1)/swagger-ui
	cat $(addprefix node_modules/swagger-ui-dist/,NOTICE swagger-ui-bundle.js.LICENSE.txt LICENSE) \
		> $(1)/swagger-ui/LICENSE.txt
endef

.PHONY: help serve test test-outside panel chromium proxies faults bench soak bench-peers lint conformance aws-proof deploy lock clean

help:  ## What there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

serve: $(VENV)/serve.stamp  ## Start the service on this machine (http://127.0.0.1:8000)
	@exec $(VENV)/bin/alerta-utec serve $(ARGS)

panel: node_modules/.stamp  ## Build what a browser gets (alerta_utec/static) from frontend/
	$(call BUILD_STATIC,alerta_utec/static)

test: lint node_modules/.stamp chromium  ## Every check and every test, the emulated AWS included
	$(PY) -m pytest --numprocesses 3 --dist loadscope --no-loadscope-reorder $(ARGS)
	@$(MAKE) --no-print-directory test-outside ARGS=

# Each of these programs has an environment of its own, which nothing else installs.
test-outside: $(AIRFLOW)/stamp $(OLDEST_SDK)/.stamp tests/outside/node_modules/.stamp chromium proxies  ## The tests with other people's software: Airflow, Express, nginx …
	$(VENV)/bin/mypy --config-file tests/airflow/mypy.ini
	SERVICE_PYTHON=$(abspath $(PY)) $(AIRFLOW)/bin/python -m pytest tests/airflow --confcutdir=tests/airflow $(ARGS)
	$(PY) -m pytest tests/outside $(ARGS)

chromium: $(VENV)/dev.stamp  ## The browser of the panel's tests, brought by apt where root on Debian
	@$(PY) -m tests.support.chromium

proxies: $(VENV)/dev.stamp  ## nginx and Caddy for the tests with other people's software, likewise
	@$(PY) -m tests.support.proxies

faults: $(VENV)/dev.stamp  ## The fault suite of one machine, with 500 crashes in place of 20
	FAULT_ROUNDS=500 $(PY) -m pytest tests/faults --ignore=tests/faults/aws $(ARGS)

bench: bench-peers chromium  ## Measure the service beside its peers, draw docs/performance.md (half an hour)
	$(PY) -m benchmarks $(ARGS)

soak: $(VENV)/dev.stamp  ## Ten minutes of incidents with clients that come and go
	$(PY) -m benchmarks soak $(ARGS)

bench-peers: $(BENCH)/stamp benchmarks/node_modules/.stamp  ## The servers to compare with, by apt where root
	@if { PATH="$$PATH:/usr/sbin"; command -v nats-server && command -v mosquitto; } >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -q && apt-get install -y -q --no-install-recommends nats-server mosquitto; \
		systemctl disable --now nats-server mosquitto 2>/dev/null || true; \
	else echo 'nats-server and mosquitto are left out; on Debian: apt-get install nats-server mosquitto'; fi

lint: $(VENV)/dev.stamp node_modules/.stamp  ## Style, types, layers and the template of a deployment
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) -m tests.support.lint_template
	node_modules/.bin/tsc -p frontend/tsconfig.json
	@rm -rf .build/static
	$(call BUILD_STATIC,.build/static)
	@diff -rq .build/static alerta_utec/static || { echo 'Build the static files: make panel'; exit 1; }

conformance: $(VENV)/dev.stamp  ## The black-box suite against ENDPOINT=wss://…
	@test -n "$(ENDPOINT)" || { echo 'Give the deployment: make conformance ENDPOINT=wss://…/dev'; exit 2; }
	$(PY) -m pytest tests/conformance --endpoint "$(ENDPOINT)" $(ARGS)

aws-proof: $(VENV)/dev.stamp node_modules/.stamp  ## Prove a throw-away stage on AWS: some ten minutes and cents
	$(PY) -m benchmarks.aws_proof $(ARGS)

deploy: node_modules/.stamp  ## Deploy to AWS with the pinned framework
	node_modules/.bin/osls deploy $(ARGS)

lock: $(VENV)/dev.stamp  ## Compile every requirements*.txt again from its .in and pyproject.toml
	$(UV_COMPILE) requirements.in -o requirements.txt
	$(UV_COMPILE) pyproject.toml --extra server requirements-serve.in -o requirements-serve.txt
	$(UV_COMPILE) pyproject.toml --extra server requirements-dev.in -o requirements-dev.txt
	$(UV_COMPILE) benchmarks/requirements.in -o benchmarks/requirements.txt
	$(UV_COMPILE) pyproject.toml --extra airflow tests/airflow/requirements.in -o tests/airflow/requirements.txt
	$(UV_COMPILE) tests/outside/sdk.in -o tests/outside/sdk.txt

clean:  ## Remove what was installed and built, never data/
	rm -rf $(VENV) node_modules benchmarks/node_modules tests/outside/node_modules .build .serverless

$(PY):
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or later is needed (python3 --version).'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'This Python has no venv; on Debian and Ubuntu: apt-get install python3-venv'; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/serve.stamp: requirements-serve.txt pyproject.toml hatch_build.py native/fanout.c | $(PY)
	@echo 'Installing (only the first time) …'
	$(PIP) --require-hashes -r requirements-serve.txt
	$(PIP) --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/serve.stamp
	@echo 'Installing the tools for the tests (only the first time) …'
	$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

node_modules/.stamp: package-lock.json
	@command -v npm >/dev/null || { echo 'Node.js 20.19 or later is needed for osls and wscat.'; exit 1; }
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

$(BENCH)/stamp: benchmarks/requirements.txt | $(VENV)/dev.stamp
	$(PY) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(AIRFLOW)/stamp: tests/airflow/requirements.txt pyproject.toml | $(VENV)/dev.stamp
	@echo 'Installing Airflow for its tests (only the first time, a minute or two) …'
	$(PY) -m venv $(AIRFLOW)
	@set -o pipefail; $(AIRFLOW)/bin/python -m pip install --disable-pip-version-check --progress-bar off \
		--require-hashes -r $< 2>&1 | awk '/^ERROR/; /^Collecting/ && !(++n % 30) {print "  " n " packages …"} \
		/^Installing/ {print "  unpacking …"} {fflush()}'
	$(AIRFLOW)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(OLDEST_SDK)/.stamp: tests/outside/sdk.txt | $(VENV)/dev.stamp
	rm -rf $(OLDEST_SDK)
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --target $(OLDEST_SDK) -r tests/outside/sdk.txt
	@touch $@

tests/outside/node_modules/.stamp: tests/outside/package-lock.json
	npm ci --prefix tests/outside --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

benchmarks/node_modules/.stamp: benchmarks/package-lock.json
	@if command -v npm >/dev/null; then \
		npm ci --prefix benchmarks --ignore-scripts --no-audit --no-fund && touch $@; \
	else echo 'ws and Socket.IO are left out: they need Node.js 20.19 or later.'; fi
