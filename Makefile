# HashViewer: `make run` opens the window, `make test` passes all tests; both make .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MODEL_DATA ?= photos
ZOO_DATA ?= cifar10-jpeg.zip

.PHONY: run test check bench models zoo system clean

run: system $(VENV)/.installed
	$(BIN)/hashviewer $(if $(LIBRARY),"$(LIBRARY)",--sample)

test: system $(VENV)/.installed-test
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -q

check: system $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -q

bench: system $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks

# The general photo models, from a folder of photographs whose subfolders are the classes.
models: $(VENV)/.installed
	$(BIN)/hashviewer train photos --data "$(MODEL_DATA)" --bits 64 -o models/photos-64.safetensors
	$(BIN)/hashviewer train photos --data "$(MODEL_DATA)" --bits 128 -o models/photos-128.safetensors

# Every method that learns from labels, trained and measured on CIFAR-10 (a zip of folders, or its authors' files): heads on a
# backbone as it came, then on one that is adapted to the training images once; the best at 16 and 32 bits, over three seeds
# and on unseen classes, and end to end; small nets from random weights; all files measured again. What was stopped goes on.
# A method that cannot be trained leaves its reason in the table, and the others go on: hence the signs before the lines.
ZOO_TRUNK := models/cifar10/efficientnet-lite0.safetensors
ZOO_WHOLE := dfh,daph,dvsq,dtq,dbh,hashnet,dpsh,csq,greedyhash,dch
ZOO_ADAPTED := --column adapted --backbone $(ZOO_TRUNK)

zoo: $(ZOO_TRUNK)
	-$(BIN)/python -m benchmarks.zoo --data "$(ZOO_DATA)"
	-$(BIN)/python -m benchmarks.zoo_held_out --data "$(ZOO_DATA)"
	-$(BIN)/python -m benchmarks.zoo --data "$(ZOO_DATA)" $(ZOO_ADAPTED)
	-$(BIN)/python -m benchmarks.zoo_sanity --data "$(ZOO_DATA)" --best 10 --only unseen
	-$(BIN)/python -m benchmarks.zoo_sanity --data "$(ZOO_DATA)" --best 10 $(ZOO_ADAPTED)
	-$(BIN)/python -m benchmarks.zoo --data "$(ZOO_DATA)" --best 10 --bits 16 32 $(ZOO_ADAPTED)
	-$(BIN)/python -m benchmarks.zoo_whole --data "$(ZOO_DATA)" --methods $(ZOO_WHOLE) --backbone $(ZOO_TRUNK)
	-$(BIN)/python -m benchmarks.zoo_scratch --data "$(ZOO_DATA)"
	$(BIN)/python -m benchmarks.zoo_check --data "$(ZOO_DATA)" --write

$(ZOO_TRUNK): | $(VENV)/.installed
	$(BIN)/python -m benchmarks.zoo_trunk --data "$(ZOO_DATA)" -o $@

# Names the system packages that are missing and how to install them; installs them when run as root.
system:
	@$(PYTHON) hashviewer/system.py

$(VENV)/.made: | system
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.installed: pyproject.toml | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.installed $(VENV)/.installed-test

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
