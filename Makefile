# Everything from nothing: make demo, make test. Each makes what it needs first.
# Which Python: the first that is new enough, unless PYTHON names one.
PYTHON ?=
VENV := .venv
RUN := $(VENV)/bin
DATABASE ?= sqlite:///inspector.db
REC ?= demo/recording
MODEL ?= demo/model

.PHONY: help setup check test demo bench migrate

help:
	@echo "make demo     train on real solar cells and run a shift of 500 parts"
	@echo "make test     every check: lint, types, import contracts, migrations, tests"
	@echo "make check    lint, types and import contracts only"
	@echo "make setup    virtual environment with everything that tests need"
	@echo "make migrate  bring DATABASE up to date ($(DATABASE))"
	@echo "make bench    time the model MODEL on the recording REC"

setup: $(VENV)/test.stamp

demo: $(VENV)/demo.stamp
	$(RUN)/inspector demo
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
	  $(RUN)/inspector console --database sqlite:///demo/verdicts.db \
	    --evidence demo/evidence; \
	fi

test: $(VENV)/test.stamp
	PATH="$(CURDIR)/$(RUN):$$PATH" .ci/steps

check: $(VENV)/test.stamp
	PATH="$(CURDIR)/$(RUN):$$PATH" .ci/steps lint format types contracts

migrate: $(VENV)/demo.stamp
	$(RUN)/inspector db upgrade --database "$(DATABASE)"

bench: $(VENV)/demo.stamp
	$(RUN)/inspector bench "$(REC)" --model "$(MODEL)"

$(VENV)/%.stamp: pyproject.toml constraints.txt .ci/prepare
	.ci/prepare "$(PYTHON)" "$(VENV)" "$*"
	@touch $@
