# The newcomer's door: each target sets up what it needs. The work is in tox.ini and tools/.

TOOLS := .make/tools
TOX := $(TOOLS)/bin/tox run
PINS := requirements/bootstrap.txt requirements/constraints.txt
TESTS := core executor odbc delta cloud cross
LINTERS := lint type docs wheels

# A machine's own certificates, where it has some, are what its network is trusted by.
export UV_SYSTEM_CERTS ?= $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),true,false)

empty :=
comma := ,
commas = $(subst $(empty) $(empty),$(comma),$(strip $1))

.PHONY: help demo test bench lint image image-wheels lock clean

help:
	@echo "make demo    run an example pipeline on real data"
	@echo "make test    run all tests"
	@echo "make bench   run the benchmarks"
	@echo "make lint    run linters, type checks, the documentation build, checks of the wheels"
	@echo "make image   build the image of the executor with docker; make image-wheels what it needs"
	@echo "make lock    resolve the pins again (make lock UPGRADE=1 takes newer versions)"
	@echo "make clean   remove everything that make made"

demo: .venv/.stamp
	.venv/bin/python examples/demo.py

test: $(TOOLS)/.stamp $(TOOLS)/.test-stamp
	@rm -rf .tox/reports
	@status=0; \
	$(TOX) -e $(call commas,$(TESTS)) || status=$$?; \
	$(TOOLS)/bin/python tools/test_summary.py .tox/reports $(TESTS) || status=1; \
	exit $$status

bench: $(TOOLS)/.stamp
	$(TOX) -e bench

lint: $(TOOLS)/.stamp
	$(TOX) -e $(call commas,$(LINTERS))

image-wheels: $(TOOLS)/.stamp
	rm -f dist/aqueducts_*.whl
	UV_BUILD_CONSTRAINT=requirements/constraints.txt $(TOOLS)/bin/uv build --quiet --require-hashes \
		--wheel --all-packages --out-dir dist

image: image-wheels
	docker build --tag aqueducts-executor .

lock: $(TOOLS)/.stamp
	sh tools/lock.sh $(TOOLS)/bin/uv $(if $(UPGRADE),--upgrade)

clean:
	rm -rf .make .tox .venv build dist site .coverage .coverage.* coverage.json htmlcov
	rm -rf examples/data examples/output benchmarks/.data
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

$(TOOLS)/.stamp: $(PINS) pyproject.toml system-packages.txt tools/bootstrap.sh tools/provision.py
	sh tools/bootstrap.sh $(TOOLS)
	@touch $@

$(TOOLS)/.test-stamp: $(TOOLS)/.stamp system-packages-test.txt
	sh tools/bootstrap.sh $(TOOLS) system-packages-test.txt
	@touch $@

.venv/.stamp: $(TOOLS)/.stamp packages/aqueducts-core/pyproject.toml
	$(TOOLS)/bin/uv venv --quiet --allow-existing --python $(TOOLS)/bin/python .venv
	$(TOOLS)/bin/python tools/provision.py --python .venv --group demo --editable core
	@touch $@
