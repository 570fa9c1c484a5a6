# Any Python 3 that starts will do here: tools/setup_env.py looks for the best one itself.
PYTHON := $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	IFS=:; for folder in $$PATH; do "$$folder/$$name" -E -c 'import sys; sys.exit(sys.version_info < (3, 6))' 2>/dev/null \
	&& echo "$$folder/$$name" && exit; done; done)
ENV = $(if $(PYTHON),"$(PYTHON)" -E tools/setup_env.py,$(error Preavis needs Python 3.11 or newer; none was found on the PATH))
IN_ENV := .venv/bin/python -m

.PHONY: demo test bench setup run worker beat lint drills browser screenshots

demo:  ## everything, with sample data; Ctrl-C ends it
	@exec $(ENV) demo

test:  ## the tests: no network, no servers of this machine
	@exec $(ENV) test $(ARGS)

bench:  ## how fast it is, beside what else people would use; bench/README.md explains it
	@exec $(ENV) bench $(ARGS)

setup:  ## the packages for developing
	@$(ENV) setup dev

run: setup  ## a development server; needs DEBUG=true or a filled .env
	@$(IN_ENV) granian --interface wsgi config.wsgi:application

worker: setup  ## a Celery worker
	@$(IN_ENV) celery -A config worker -Q urgent,bulk,events,housekeeping

beat: setup  ## the clock
	@$(IN_ENV) celery -A config beat

lint: setup  ## style, types, import directions
	@$(IN_ENV) ruff check . && $(IN_ENV) ruff format --check . && $(IN_ENV) mypy && .venv/bin/lint-imports --no-cache

drills: setup  ## breaks everything on purpose and counts what was lost or doubled; docs/reliability.md explains it
	@$(IN_ENV) tests.drills $(ARGS)

browser: setup  ## the demo in a headless Chromium, one for each core
	@$(IN_ENV) pytest tests/browser --numprocesses auto --dist loadgroup --no-loadscope-reorder $(ARGS)

screenshots: setup  ## every page of the demo as a picture, into docs/screenshots
	@$(IN_ENV) tests.browser.screenshots $(ARGS)
