# The commands of the README; each makes what it needs first.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && exit; done; echo python3)
PORTAL_HOME ?= var
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONUNBUFFERED := 1

.PHONY: help run serve manage check test test-sqlite test-postgresql test-whole axe image image-test lint coverage mutation lock wheels sbom advisories install install-for-tests

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)


run: install ## portal, xDS server and gateway, with a demonstration
	@exec .venv/bin/python manage.py serve --demo --end-with-starter

serve: install ## the same without the demonstration
	@exec .venv/bin/python manage.py serve --end-with-starter

manage: install ## python manage.py $(ARGS), with the settings of `make run` where PORTAL_HOME holds its demonstration
	@exec .venv/bin/python manage.py $(ARGS)

# The demonstration's back end is on this machine, where back ends are otherwise not allowed.
ifndef PORTAL_ALLOWED_BACKEND_NETWORKS_FILE
run: export PORTAL_ALLOWED_BACKEND_NETWORKS ?= 127.0.0.0/8
ifneq ($(wildcard $(PORTAL_HOME)/demo),)
manage: export PORTAL_ALLOWED_BACKEND_NETWORKS ?= 127.0.0.0/8
endif
endif

test: lint test-sqlite test-postgresql test-whole ## linters, then every test: on SQLite, on PostgreSQL, in a browser

# Three at once on two processors: tests of gateways wait a third of their time for other processes.
test-sqlite: install-for-tests ## every test but those below, on SQLite
	python -m pytest -n 3 --dist worksteal --ignore=tests/browser --ignore=tests/whole --ignore=tests/image --durations=15 $(ARGS)

test-postgresql: install-for-tests ## those of them that touch a database, on PostgreSQL
	python -m tests.postgresql python -m pytest -n 3 --dist worksteal --ignore=tests/browser --ignore=tests/whole --ignore=tests/image $(ARGS)

# In their own order: what takes longest is in few tests, and would come last and alone.
test-whole: install-for-tests ## the whole thing as people start it, and its pages in a browser
	python -m tests.browser.chromium
	python -m pytest -p no:randomly -n 2 --dist loadfile --no-loadscope-reorder tests/whole tests/browser --durations=15 $(ARGS)

axe: install-for-tests ## axe-core with all its rules on every page, in both languages, both themes and three widths (half an hour)
	python -m tests.browser.chromium
	AXE_EVERYTHING=yes python -m pytest -n 2 tests/browser/test_accessibility.py $(ARGS)

image: ## the container image, by IMAGE_TOOL (docker), as localhost/publisher-portal
	$(or $(IMAGE_TOOL),docker) build --file deploy/image/Containerfile --tag localhost/publisher-portal $(ARGS) .

image-test: install-for-tests ## the image built from this checkout, and what compose.yaml says started from it (as root, on Debian)
	python -m pytest tests/image $(ARGS)

check: lint ## in a minute, while you work: the linters, and what is quick of the tests of the rooms that have changed
	@rooms=$$(python -m tests.changed); test -z "$$rooms" || python -m pytest $$rooms -q -n 2 --within 40 --ignore=tests/browser --ignore=tests/image

lint: install-for-tests ## linters, types, the import contract, missing migrations
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	djlint --lint --quiet templates
	PORTAL_SECRET_KEY=none DATABASE_URL=sqlite://:memory: python manage.py makemigrations --check --dry-run

coverage: install-for-tests ## branch coverage of the product, processes that tests start included; fails below 95 % or where a refusal is not provoked
	coverage erase
	coverage run -m pytest -n 2 --dist worksteal --ignore=tests/browser --ignore=tests/image
	coverage combine --quiet
	coverage report
	coverage json --quiet -o - | python -m tests.uncovered

mutation: install-for-tests ## change the pure core and the actions a little, in every way, and name the changes that no test notices (hours)
	mutmut run
	mutmut results

lock: ## pin the requirements anew (ARGS=--upgrade: in their newest versions), each file by its hash
	@$(PYTHON) -m supply.lock $(ARGS)

wheels: install ## what the portal needs as files in wheels/, to install where there is no network: PORTAL_WHEELS=wheels make serve
	@python -m pip --disable-pip-version-check download --require-hashes --no-deps --dest wheels --requirement requirements.lock

sbom: install-for-tests ## the bill of materials (CycloneDX JSON)
	@python -m supply.bill

advisories: install-for-tests ## ask whether an advisory names a version that is locked
	@python -m supply.advisories $(ARGS)

install:
	@$(PYTHON) install.py requirements.txt

install-for-tests:
	@$(PYTHON) install.py requirements-dev.txt
