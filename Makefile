# The everyday commands; `make` alone lists them. Everything they do is an ordinary cargo or npm
# command: nothing here is needed to use either directly.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run build page test lint fmt bench pagebench restarts synchrony soak microbench deb debtest image clean tools

TARGET := $(or $(CARGO_TARGET_DIR),target)

# The page is stale when any of these is newer than its build. The folders of the sources count
# too, for a file that was taken away; `web` itself does not, because the build writes into it.
PAGE_SOURCES := $(shell find web \( -name node_modules -o -name 'dist*' \) -prune -o -type f -print) \
                $(shell find web/src web/public -type d 2>/dev/null)

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | \
	  while IFS="$$(printf '\t')" read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

# Logs are JSON for machines; a person at a terminal gets text, unless they chose otherwise.
run: build ## build and serve config/tickcast.toml on http://127.0.0.1:8000/
	@if [ -t 2 ]; then export TICKCAST__LOG__FORMAT="$${TICKCAST__LOG__FORMAT:-text}"; fi; \
	exec $(TARGET)/release/tickcast

# The page comes first: the hub takes it in when it is compiled.
build: page ## build the page and the hub (target/release/tickcast)
	cargo build --release --locked

page: web/dist/index.html ## build the page (web/dist), if its sources changed

test: tools ## install what the tests need, then run every check and test
	@tests/tools/install.sh
	@$(MAKE) --no-print-directory page
	@tests/tools/run.sh lint test

lint: page ## check formatting, lints, types and dependencies
	@tests/tools/install.sh lint
	@tests/tools/run.sh lint

fmt: web/node_modules/.package-lock.json ## format all sources
	cargo fmt
	npm --prefix web run --silent format

# ARGS narrows it: make bench ARGS='--only cpu --runs 3'. A machine with nothing else to do is needed.
bench: build ## measure the hub, the floor and the peers (about 70 minutes)
	@benches/peers/install.sh
	@benches/compare.py $(ARGS)

# ARGS narrows it: make pagebench ARGS='--only smooth'.
pagebench: build ## measure what the page costs the device that shows it (about 13 minutes)
	@npm --prefix web run --silent pagebench -- $(ARGS)

# ARGS narrows it: make restarts ARGS='--viewers 50 --only kill,term --page'.
restarts: build ## measure how long viewers are without records while a hub is restarted (about 20 minutes)
	@benches/restarts.py $(ARGS)

# ARGS narrows it: make synchrony ARGS='--profile lan --seconds 30'; ARGS=--help lists the rest.
synchrony: build ## measure how well the screens keep together (about 9 minutes)
	@npm --prefix web run --silent synchrony -- $(ARGS)

# The page is taken in by the hub, so it must be there. nextest would end a test that takes minutes.
soak: page ## kill a hub again and again, also on a full disk, rotate its log, keep silent behind proxies (8 minutes)
	@tests/tools/install.sh
	SOAK=1 cargo test --release --locked --test integration -- --nocapture kills full_disk a_silent_stream
	SOAK=1 cargo test --release --locked --test integration -- --nocapture monitoring::rotation

# Its sources are in Cargo.toml, under package.metadata.deb.
deb: build ## make the Debian package (target/debian/tickcast_*.deb)
	@command -v cargo-deb >/dev/null || { echo 'cargo-deb is missing; install it with: cargo install --locked cargo-deb@3.8.0' >&2; exit 1; }
	@deploy/debian/files.sh $(TARGET)/release/tickcast $(TARGET)/release/package
	cargo deb --no-build --locked
	@if command -v lintian >/dev/null; then lintian --fail-on error $(TARGET)/debian/tickcast_*.deb; \
	else echo 'lintian is not installed: the package was not checked' >&2; fi

debtest: deb ## install, run, remove and purge that package in a copy of this machine (as root)
	tests/tools/deb.sh $(TARGET)/debian/tickcast_*.deb

image: page ## make the container image with buildah, and run what is in it (as root)
	@command -v buildah >/dev/null || { echo 'buildah is missing; install it with: apt-get install buildah' >&2; exit 1; }
	deploy/container/image.sh $(TARGET)/image/image
	tests/tools/image.sh $(TARGET)/image

microbench: page ## run the benchmarks of the code's hot parts
	cargo bench --locked

clean: ## remove everything built or fetched; a hub's state stays
	cargo clean
	rm -rf web/dist web/dist-client web/node_modules

tools:
	@command -v cargo >/dev/null || { echo 'cargo is missing; install Rust from https://rustup.rs' >&2; exit 1; }
	@command -v npm >/dev/null || { echo 'npm is missing; install Node.js 20.19 or newer from https://nodejs.org' >&2; exit 1; }

web/node_modules/.package-lock.json: web/package.json web/package-lock.json | tools
	npm --prefix web ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(PAGE_SOURCES)
	npm --prefix web run --silent build
	@touch $@
