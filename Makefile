# Everything runs in virtual environments below .venv, one for each purpose, made at first use and made again when
# pyproject.toml changes.

.PHONY: help demo test test-quick check bench zoo digests soak soak-functions package clean

help:
	@echo "make demo         train LeNet-5 on MNIST, read a digit, look into a number"
	@echo "make test         run the tests"
	@echo "make test-quick   run those of every room that are quick and need no PyTorch: within a minute"
	@echo "make check        formatting, lint, types, layers of imports"
	@echo "make bench        measure speed beside other engines"
	@echo "make zoo          train anew the networks that come along (CIFAR10=pictures of CIFAR-10)"
	@echo "make digests      write down anew what bits the bundled networks have, when the edition has been raised"
	@echo "make soak         interrupts, forks, kills, full disks, hostile files, lines, fields, shapes (over an hour)"
	@echo "make soak-functions   of that, the functions' proofs and all their float32 arguments (a quarter of an hour)"
	@echo "make package      build what a release consists of into dist/, and check it"
	@echo "make clean        remove everything that these made"

demo: .venv/demo/ready
	@.venv/demo/bin/python examples/demo.py

test: .venv/test/ready
	.venv/test/bin/python -m pytest --numprocesses auto --dist worksteal

test-quick: .venv/quick/ready
	.venv/quick/bin/python -m pytest --numprocesses auto --dist worksteal -m "not slow and not oracle"

check: .venv/check/ready
	.venv/check/bin/python -m ruff check .
	.venv/check/bin/python -m ruff format --check .
	.venv/check/bin/python -m mypy
	.venv/check/bin/lint-imports

bench: .venv/bench/ready
	.venv/bench/bin/pellucid bench

# Trains the networks of the zoo anew; CIFAR10 is a data set of CIFAR-10's pictures with train and test folders.
zoo: .venv/test/ready
	.venv/test/bin/pellucid train --config src/pellucid/formats/zoo_files/lenet5.toml --out build/zoo/lenet5.safetensors
	.venv/test/bin/pellucid train --config src/pellucid/formats/zoo_files/mnist_cnn.toml --out build/zoo/mnist_cnn.safetensors
	.venv/test/bin/pellucid train --config src/pellucid/formats/zoo_files/resnet20.toml --data $(CIFAR10) --out build/zoo/resnet20.safetensors
	for file in build/zoo/*; do gzip -9 -n -c $$file > src/pellucid/formats/zoo_files/$$(basename $$file).gz; done

digests: .venv/test/ready
	.venv/test/bin/python soak/bundled.py --write

soak: soak-functions
	.venv/test/bin/python soak/targets.py
	.venv/test/bin/python soak/certified.py
	.venv/test/bin/python soak/interrupts.py
	.venv/test/bin/python soak/threads.py
	.venv/test/bin/python soak/kills.py
	.venv/test/bin/python soak/runs.py
	.venv/test/bin/python soak/receipts.py
	.venv/test/bin/python soak/damage.py
	.venv/test/bin/python soak/disks.py
	.venv/test/bin/python soak/hostile.py
	.venv/test/bin/python soak/hostile_data.py
	.venv/test/bin/python soak/lines.py
	.venv/test/bin/python soak/forgeries.py
	.venv/test/bin/python soak/fields.py
	.venv/test/bin/python soak/exchange.py
	.venv/test/bin/python soak/shapes.py

soak-functions: .venv/test/ready
	.venv/test/bin/python -m soak.functions.coefficients
	.venv/test/bin/python -m soak.functions.proof
	.venv/test/bin/python -m soak.functions.floats
	.venv/test/bin/python -m soak.functions.doubles

package: .venv/release/ready
	rm -rf dist
	.venv/release/bin/python -m build
	.venv/release/bin/python -m twine check --strict dist/*

clean:
	rm -rf .venv .demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests examples -name __pycache__ -exec rm -rf {} +

.venv/quick/ready: group = --group quick
.venv/test/ready: group = --group test
.venv/check/ready: group = --group check
.venv/bench/ready: group = --group bench
.venv/release/ready: group = --group release

.venv/%/ready: pyproject.toml
	@for python in python3.13 python3.12 python3.11 python3; do \
	    if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "setting up .venv/$* with $$python"; \
	        exec "$$python" -m venv ".venv/$*"; \
	    fi; \
	done; \
	echo "error: Python 3.11 or newer with its venv module is needed, and none of" \
	    "python3.13, python3.12, python3.11 and python3 is that." >&2; \
	exit 1
	@.venv/$*/bin/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"  # knows dependency groups
	@.venv/$*/bin/python -m pip install --quiet --editable . $(group)
	@touch $@
