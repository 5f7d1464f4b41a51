# On a fresh machine with Rust and Python, `make demo` and `make test` each do all of their own set-up.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
PYTEST_ARGS ?=
FUZZ_SECONDS ?= 60
# Such as `--target x86_64-unknown-linux-gnu`.
WHEEL_ARGS ?=
# The fuzzer needs a nightly compiler; its name is pinned, so that a run can be repeated.
NIGHTLY ?= nightly-2026-05-20
CARGO_FUZZ := 0.13.2
# With the features that the command needs.
CARGO_ABOUT := cargo-about@0.9.3 --features cli
CARGO_DENY := cargo-deny@0.20.2

NEWEST := 4.4
OLDER := 3.4 2.18
# Dash 4 makes its views async as soon as asgiref is installed (`dash[async]`): an environment of its own.
ASYNC := $(NEWEST)-async
BIN := .venv/bin
WHEELS := target/wheels
INSTALL_WHEEL = -m pip install --quiet --no-deps --force-reinstall $(WHEELS)/*.whl
PIP = -m pip install --quiet --disable-pip-version-check
# The tools of a release that cargo builds.
CARGO_TOOLS := target/tools
# maturin is called by a build backend of our own, see release/build_backend.py.
export MATURIN_NO_MISSING_BUILD_BACKEND_WARNING := 1
OIDC_PROVIDER := tests/oidc/provider
AXE := tests/browser/axe
NPM_CI = npm ci --ignore-scripts --no-audit --no-fund --silent --fetch-retries=0
APT_INSTALL := $(shell [ "$$(id -u)" = 0 ] || echo sudo) DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends
APT_UPDATE := $(shell [ "$$(id -u)" = 0 ] || echo sudo) apt-get update -q

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

## Set-up: each file named `.installed` says that a virtual environment holds what its lock file names.

# Debian has `python3 -m venv` in a package of its own.
%/bin/python:
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(APT_UPDATE) && $(APT_INSTALL) python3-venv; }
	$(PYTHON) -m venv $*

.venv/.installed-build: requirements/dash-$(NEWEST).txt | .venv/bin/python
	$(BIN)/python $(PIP) -c $< maturin dash
	touch $@

.venv/.installed: requirements/test.in requirements/dash-$(NEWEST).txt .venv/.installed-build
	$(BIN)/python $(PIP) -c requirements/dash-$(NEWEST).txt -r $<
	touch $@

$(OLDER:%=.venv-dash-%/.installed): .venv-dash-%/.installed: requirements/security.in requirements/dash-%.txt | .venv-dash-%/bin/python
	.venv-dash-$*/bin/python $(PIP) -c requirements/dash-$*.txt -r $<
	touch $@

.venv-dash-$(ASYNC)/.installed: requirements/security.in requirements/dash-$(NEWEST).txt | .venv-dash-$(ASYNC)/bin/python
	.venv-dash-$(ASYNC)/bin/python $(PIP) -c requirements/dash-$(NEWEST).txt -r $< 'dash[async]'
	touch $@

.venv-upstream/.installed: requirements/upstream.in requirements/dash-$(NEWEST).txt | .venv-upstream/bin/python
	.venv-upstream/bin/python $(PIP) -c requirements/dash-$(NEWEST).txt -r $<
	touch $@

.venv-fork/.installed: requirements/fork.in requirements/dash-$(NEWEST).txt | .venv-fork/bin/python
	.venv-fork/bin/python $(PIP) -c requirements/dash-$(NEWEST).txt -r $<
	touch $@

.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || { $(APT_UPDATE) && $(APT_INSTALL) chromium fonts-liberation; } \
		|| echo "No Chromium here: the browser tests are skipped, or fail where CI=true."

.PHONY: nginx
nginx:
	@[ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || { $(APT_UPDATE) && $(APT_INSTALL) nginx-light openssl; } \
		|| echo "No nginx here: its tests are skipped, or fail where CI=true."

.PHONY: stores
stores:
	@command -v redis-server >/dev/null && ls -d /usr/lib/postgresql/*/bin >/dev/null 2>&1 \
		|| { $(APT_UPDATE) && $(APT_INSTALL) redis-server postgresql; } \
		|| echo "No Redis or no PostgreSQL here: their tests are skipped, or fail where CI=true."

.PHONY: htpasswd
htpasswd:
	@command -v htpasswd >/dev/null && command -v mkpasswd >/dev/null \
		|| { $(APT_UPDATE) && $(APT_INSTALL) apache2-utils whois; } \
		|| echo "No htpasswd or no mkpasswd here: their tests are skipped, or fail where CI=true."

# Debian's npm comes with some hundred packages, and its Node may be too old: used where it is there.
.PHONY: oidc-provider
oidc-provider:
	@[ $(OIDC_PROVIDER)/node_modules/.package-lock.json -nt $(OIDC_PROVIDER)/package-lock.json ] \
		|| $(NPM_CI) --prefix $(OIDC_PROVIDER) \
		|| echo "No npm here, or no registry: the tests against oidc-provider are skipped."

.PHONY: axe
axe:
	@[ $(AXE)/node_modules/.package-lock.json -nt $(AXE)/package-lock.json ] \
		|| $(NPM_CI) --prefix $(AXE) \
		|| echo "No npm here, or no registry: the tests with axe are skipped."

## Build

.PHONY: build
build: .venv/.installed-build ## Build the release wheel into target/wheels
	rm -f $(WHEELS)/*.whl
	$(BIN)/maturin build --quiet --release --locked --interpreter $(BIN)/python --out $(WHEELS)

.PHONY: install
install: build
	$(BIN)/python $(INSTALL_WHEEL)

.PHONY: demo
demo: install ## Start the multi-page example on http://127.0.0.1:8050 and say what to try
	$(BIN)/python examples/multi_page/demo.py

## Tests

.PHONY: test
test: test-rust test-python ## Install what the tests need, then run the Rust and the Python tests

.PHONY: test-rust
test-rust: ## Run the Rust tests (no Python needed)
	cargo test --locked --quiet

.PHONY: test-python
test-python: .venv/.installed install chromium nginx stores htpasswd oidc-provider axe ## Run the Python tests on the newest Dash, those in the browser too
	$(BIN)/python -m pytest $(PYTEST_ARGS)

.PHONY: test-dash-versions
test-dash-versions: $(addprefix test-dash-,$(OLDER) $(ASYNC)) ## Run the security tests on older Dash and on async Dash

.PHONY: $(addprefix test-dash-,$(OLDER) $(ASYNC))
$(addprefix test-dash-,$(OLDER) $(ASYNC)): test-dash-%: .venv-dash-%/.installed build
	.venv-dash-$*/bin/python $(INSTALL_WHEEL)
	DASH_VERSION=$(*:-async=) .venv-dash-$*/bin/python -m pytest $(PYTEST_ARGS) \
		tests/test_package.py tests/_servers/test_server.py tests/attacks

.venv-free-threaded/.installed: requirements/security.in requirements/dash-$(NEWEST).txt
	python3.14t -m venv .venv-free-threaded
	.venv-free-threaded/bin/python $(PIP) -c requirements/dash-$(NEWEST).txt -r $<
	touch $@

.PHONY: test-free-threaded
test-free-threaded: .venv-free-threaded/.installed ## Run the security tests on Python 3.14t, with no lock, on the wheel in target/dist
	.venv-free-threaded/bin/python $(PIP) --no-index --no-deps --force-reinstall --find-links target/dist dash-auth-rs
	PYTHON_GIL=0 .venv-free-threaded/bin/python -m pytest $(PYTEST_ARGS) tests/_servers/test_server.py tests/attacks

.PHONY: test-upstream
test-upstream: .venv-upstream/.installed ## Run the tests in tests/upstream on dash-auth 2.3.0 itself, which passes them too
	.venv-upstream/bin/python -m pytest $(PYTEST_ARGS) tests/upstream

.PHONY: coverage
coverage: .venv/.installed install ## Fail unless the tests run every line and branch of the Python package
	$(BIN)/python -m coverage run -m pytest $(PYTEST_ARGS)
	$(BIN)/python -m coverage report

.PHONY: bench
bench: .venv/.installed .venv-upstream/.installed .venv-fork/.installed install ## Measure against dash-auth and its fork, side by side
	$(BIN)/python benchmarks/run.py --upstream .venv-upstream/bin/python --fork .venv-fork/bin/python

.PHONY: fuzz
fuzz: ## Fuzz each target for FUZZ_SECONDS: with cargo-fuzz on a nightly, else as a loop on stable
	@bash fuzz/run $(NIGHTLY) $(CARGO_FUZZ) $(FUZZ_SECONDS)

## Lint

.PHONY: lint
lint: lint-rust lint-python ## Check formats, lints, types and stubs

.PHONY: lint-rust
lint-rust:
	cargo fmt --all -- --check
	cargo clippy --locked --quiet --all-targets -- -D warnings
	cargo clippy --locked --quiet --all-targets --features python -- -D warnings
	cargo fmt --manifest-path fuzz/Cargo.toml -- --check
	cargo clippy --manifest-path fuzz/Cargo.toml --target-dir target --features targets --locked --quiet --all-targets -- -D warnings

.PHONY: lint-python
lint-python: .venv/.installed install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=python $(BIN)/python -m mypy.stubtest dash_auth._core --mypy-config-file pyproject.toml \
		--allowlist requirements/stubtest-allowlist.txt
	$(BIN)/maturin generate-stubs --quiet --features inspect --out target/stubs
	diff -u python/dash_auth/_core.pyi target/stubs/dash_auth/_core.pyi || { echo 'Run `make stubs` and commit.'; exit 1; }

.PHONY: stubs
stubs: .venv/.installed-build ## Write python/dash_auth/_core.pyi from the Rust source
	$(BIN)/maturin generate-stubs --quiet --features inspect --out target/stubs
	cp target/stubs/dash_auth/_core.pyi python/dash_auth/_core.pyi

.PHONY: format
format: .venv/.installed ## Format the Rust and the Python source
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

## Release: the same targets as in .github/workflows/release.yml

.PHONY: wheels
wheels: ## Build what this machine can into target/dist, check it, install it into each Python that is here
	$(PYTHON) release/wheels.py build check install $(WHEEL_ARGS)

.PHONY: reproducible
reproducible: ## Build target/dist again from a clone in another folder, and compare the bytes
	rm -rf target/again
	git clone --quiet . target/again
	cd target/again && $(PYTHON) release/wheels.py build $(WHEEL_ARGS)
	diff --recursive --brief target/again/target/dist target/dist

.PHONY: audit
audit: ## Ask for known faults and for licences of what is built in, and check the workflows
	cargo install --quiet --locked --root $(CARGO_TOOLS) $(CARGO_DENY)
	$(CARGO_TOOLS)/bin/cargo-deny --config release/deny.toml check
	$(PYTHON) release/wheels.py tools
	for lock in requirements/dash-$(NEWEST).txt requirements/release.txt; do \
		.venv-release/bin/pip-audit --strict --disable-pip --no-deps --requirement $$lock; done
	.venv-release/bin/zizmor --offline --pedantic .github

.PHONY: notices
notices: ## Write THIRD-PARTY-NOTICES.txt: the licences of what is compiled into a wheel
	cargo install --quiet --locked --root $(CARGO_TOOLS) $(CARGO_ABOUT)
	$(CARGO_TOOLS)/bin/cargo-about generate --locked --features python --config release/about.toml \
		--output-file THIRD-PARTY-NOTICES.txt release/about.hbs

## Upkeep

.PHONY: lock
lock: ## Resolve the Python versions anew and write requirements/dash-*.txt
	bash requirements/lock $(PYTHON)

.PHONY: clean
clean: ## Remove what was built and installed here
	rm -rf target fuzz/target .venv .venv-* $(OIDC_PROVIDER)/node_modules $(AXE)/node_modules
