# What a person does with this project. A target with a `##` line is listed by `make`; only what works stands here.

.DEFAULT_GOAL := help
CARGO ?= cargo

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Watch a simulated city flood: builds, starts everything, opens the page (more: make demo ARGS="--seed 2")
	@scripts/need.sh cargo cc
	@test -x "$${CARGO_TARGET_DIR:-target}/demo/bongsu" || echo "The first build takes minutes; cargo counts what is done of what there is. Later ones take seconds." >&2
	@$(MAKE) --no-print-directory console || echo "going on without the operators' console: \`make console\` says what is missing" >&2
	$(CARGO) build --profile demo
	@exec "$${CARGO_TARGET_DIR:-target}/demo/bongsu" demo $(ARGS)

.PHONY: console
console: ## Build the operators' console with Node.js; the next build of the program embeds it
	@scripts/need.sh node
	@dashboards/build.sh

.PHONY: setup
setup: console ## Install what the tests need besides Rust: MQTT clients, judges and an API tester of other people, a browser
	@scripts/need.sh cargo cc
	@tests/browser/setup.sh "$(abspath $(or $(CARGO_TARGET_DIR),target))"
	@broker/tests/clients/setup.sh "$(abspath $(or $(CARGO_TARGET_DIR),target))"
	@tests/schemathesis/setup.sh "$(abspath $(or $(CARGO_TARGET_DIR),target))"
	@tests/judges/setup.sh "$(abspath $(or $(CARGO_TARGET_DIR),target))"
	@tests/archive/setup.sh
	@tests/sta/setup.sh "$(abspath $(or $(CARGO_TARGET_DIR),target))"

.PHONY: test
test: setup ## Run every test
	$(CARGO) test --workspace --no-fail-fast

.PHONY: bench
bench: ## Measure the whole job beside bare Mosquitto, and how long an alert takes (parts: make bench ARGS="forward whole windows slider alerts start burst history connections fair crowd")
	@scripts/need.sh cargo cc mosquitto
	$(CARGO) build --release --workspace --bins
	"$${CARGO_TARGET_DIR:-target}/release/bench" $(ARGS)

.PHONY: soak
soak: ## Kill the program under load, let months of a simulated city pass, send a million broken frames (more: make soak KILLS=500; shorter: AWAY=30)
	@scripts/need.sh cargo cc
	$(CARGO) test --profile long --workspace --no-run
	SOAK_KILLS=$(or $(KILLS),60) $(CARGO) test --profile long --workspace --test whole -- --nocapture kill::
	SOAK_KILLS=$(or $(KILLS),60) $(CARGO) test --profile long --workspace --test history -- --nocapture killed_
	SOAK=1 $(CARGO) test --profile long --workspace --test city -- --nocapture
	SOAK=1 SOAK_AWAY=$(or $(AWAY),600) $(CARGO) test --profile long --workspace --test archive -- --nocapture outage::
	SOAK=1 $(CARGO) test --profile long --workspace --test door -- --nocapture --test-threads 1 \
	  mutated_frames sessions_of_many

# Needs a nightly compiler and `cargo install cargo-fuzz`. What is found stays in broker/fuzz/artifacts.
.PHONY: fuzz
fuzz: ## Send the door what a fuzzer makes up, for a minute (longer: make fuzz SECONDS=3600)
	@scripts/need.sh cargo cc cargo-fuzz
	cd broker && $(CARGO) +nightly fuzz run door -- -max_total_time=$(or $(SECONDS),60) -max_len=4096

.PHONY: deb
deb: console ## Build the Debian package with its systemd unit (cargo install cargo-deb brings what it needs)
	@scripts/need.sh cargo cc
	$(CARGO) deb --package bongsu-gateway

.PHONY: ci
ci: ## Run everything that must pass before a change is taken: format, lints, tests, documentation, licences
	@.ci/run

# Observations are not part of the repository: DATA names a folder of them. For the program itself BONGSU_DATA is the key
# `data`, so a test that starts it says --data.
.PHONY: eval
eval: ## Check the decisions against recorded observations: make eval DATA=DIR
	@test -d "$(DATA)" || { echo "make eval needs a folder of observations: make eval DATA=DIR" >&2; exit 2; }
	@scripts/need.sh cargo cc
	EVAL_DATA="$(abspath $(DATA))" $(CARGO) test --profile long --workspace -- --nocapture data_
