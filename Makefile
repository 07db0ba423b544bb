# Sekimori: what can be done with this checkout. `make help` lists it.
# Every recipe that runs long ends in `exec`, so that a signal to make reaches the program itself.

PY := .venv/bin/python
PYTHONS := python3.13 python3.12 python3.11 python3
CHECKED := dmarcsite reports exceptions benchmarks manage.py

.PHONY: help up install develop test check faults mutations differential bench bench-report bench-growth bench-pages bench-folder bench-engine bench-reread image packages backup restore

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

up: .venv/installed ## Start everything; Ctrl-C stops it (PORT, SEKIMORI_ADMIN_EMAIL, SEKIMORI_ADMIN_PASSWORD, DEMO=0)
	@exec $(PY) -m dmarcsite.services

install: .venv/installed ## Make .venv and install what the product needs

develop: .venv/developing ## The same, with what tests and checks need

test: packages .venv/developing ## Everything: the checks, then all tests (browser and mail servers included)
	@$(MAKE) --no-print-directory check
	@exec $(PY) -m pytest -q -rs --color=no

check: .venv/developing ## Everything that needs no test run: style, types, layers, migrations, templates, scripts
	$(PY) -m ruff check --quiet .
	$(PY) -m ruff format --check --quiet .
	$(PY) -m mypy $(CHECKED)
	@.venv/bin/lint-imports --no-logo
	@# without a database this warns that it cannot compare with one
	$(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	.venv/bin/djlint --lint --quiet templates
	$(PY) -m tests.project.translations
	.venv/bin/shellcheck .ci/* docker/build-image docker/entrypoint docker/mail/entrypoint
	.venv/bin/hadolint docker/Dockerfile docker/mail/Dockerfile
	@.ci/check-compose

faults: packages .venv/developing ## Hurt real servers 200 times (COUNT, SEED, ONLY=number or kind); each end must be as without
	@exec $(PY) -m tests.faults --count "$(or $(COUNT),200)" --seed "$(or $(SEED),1)" --only "$(ONLY)"

mutations: .venv/developing ## Read 10,000 spoilt report mails (COUNT, SEED, ONLY=number): nothing raises, hangs or swells
	@exec $(PY) -m tests.mutations --count "$(or $(COUNT),10000)" --seed "$(or $(SEED),1)" $(if $(ONLY),--only "$(ONLY)")

differential: .venv/developing ## Read the same files as parsedmarc (COUNT, SEED); every difference has to be in the list
	@exec $(PY) -m tests.differential --count "$(or $(COUNT),5000)" --seed "$(or $(SEED),1)"

bench: .venv/developing ## Measure: report mails to committed rows, beside parsedmarc in the same run
	@$(PY) -m compileall -q dmarcsite reports exceptions benchmarks # as an installation has it, whatever PYTHONDONTWRITEBYTECODE says
	@exec $(PY) -m benchmarks.ingest

bench-report: .venv/developing ## Measure: one report of 100,000 rows, beside parsedmarc's API in the same run
	@exec $(PY) -m benchmarks.report

bench-growth: .venv/developing ## Measure: time and memory of ten times the mails
	@$(PY) -m compileall -q dmarcsite reports exceptions benchmarks
	@exec $(PY) -m benchmarks.growth

bench-pages: .venv/developing ## Measure: every page at 20,000,000 rows, and the work of the nights (ROWS, ROUNDS, NIGHTS=0)
	@exec $(PY) -m benchmarks.large --rows "$(or $(ROWS),20000000)" --rounds "$(or $(ROUNDS),3)" --nights "$(or $(NIGHTS),1)"

bench-folder: packages .venv/developing ## Measure: the first visit to a folder of 200,000 mails on a real IMAP server, with a stop (MAILS)
	@exec $(PY) -m tests.folder --mails "$(or $(MAILS),200000)"

bench-engine: .venv/developing ## Measure: one decision among 10,000 rules, beside asking rule by rule
	@exec $(PY) -m benchmarks.engine

bench-reread: .venv/developing ## Measure: reading all stored messages again, against the first reading in the same run
	@exec $(PY) -m benchmarks.reread

backup: .venv/installed ## Write the database to a new file: make backup TO=/safe/place/sekimori.backup (docs/backup.md)
	@exec $(PY) manage.py backup "$(or $(TO),$(error name a new file: make backup TO=/safe/place/sekimori.backup))"

restore: .venv/installed ## Bring a backup into an empty database: make restore FROM=/safe/place/sekimori.backup
	@exec $(PY) manage.py restore "$(or $(FROM),$(error name the backup: make restore FROM=/safe/place/sekimori.backup))"

image: .venv/installed ## Build the container image and start web and worker from it
	@exec docker/build-image

packages:
	@exec .ci/install-packages

.venv/bin/python:
	@for python in $(PYTHONS); do \
	    "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    echo "making .venv with $$("$$python" --version)"; exec "$$python" -m venv .venv; \
	done; echo "sekimori: Python 3.11 or newer with its venv module is needed (Debian: apt install python3-venv)" >&2; exit 1

.venv/installed: requirements.lock | .venv/bin/python
	@echo "installing packages (once)"
	@$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/developing: requirements-dev.lock | .venv/bin/python
	@echo "installing packages for tests and checks (once)"
	@$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ .venv/installed
