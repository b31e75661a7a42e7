# The everyday commands; `make` lists them. They run ordinary cargo and npm commands, which also work
# directly.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run demo build install page test lint fmt bench pagebench restarts synchrony audience soak microbench deb debtest image clean tools

TARGET := $(or $(CARGO_TARGET_DIR),target)

# The page is rebuilt if any of these is newer than its build. The source folders are included so that
# deleted files count; `web` itself is not, because the build writes into it.
PAGE_SOURCES := $(shell find web \( -name node_modules -o -name 'dist*' \) -prune -o -type f -print) \
                $(shell find web/src web/public -type d 2>/dev/null)

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | \
	  while IFS="$$(printf '\t')" read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

run: build ## build and serve config/tickcast.toml on http://127.0.0.1:8000/
	@exec $(TARGET)/release/tickcast

demo: build ## build and serve three recordings (config/demo.toml) on http://127.0.0.1:8000/
	@exec $(TARGET)/release/tickcast --config config/demo.toml

# The page comes first, because it is embedded when the hub is compiled.
build: page ## build the page and the hub (target/release/tickcast)
	cargo build --release --locked

# For another place: make install PREFIX=/opt/tickcast.
PREFIX ?= $(if $(filter 0,$(shell id -u)),/usr/local,$(HOME)/.local)

install: build ## install the program with the page for yourself (~/.local/bin), or as root for all
	install -D -m 755 $(TARGET)/release/tickcast $(DESTDIR)$(PREFIX)/bin/tickcast
	@case ":$$PATH:" in *":$(PREFIX)/bin:"*) ;; \
	*) echo 'note: $(PREFIX)/bin is not on the PATH; add it, or install with another PREFIX' ;; esac

page: web/dist/index.html ## build the page (web/dist), if its sources changed

test: tools ## install what the tests need, then run every check and test
	@tests/tools/install.sh
	@$(MAKE) --no-print-directory page
	@tests/tools/run.sh lint test

lint: tools ## check formatting, lints, types and dependencies
	@tests/tools/install.sh lint
	@$(MAKE) --no-print-directory page
	@tests/tools/run.sh lint

fmt: web/node_modules/.package-lock.json ## format all sources
	cargo fmt
	npm --prefix web run --silent format

# ARGS selects a part: make bench ARGS='--only cpu --runs 3'. Needs an otherwise idle machine.
bench: build ## measure the hub, the floor and other servers (about 70 minutes)
	@benches/peers/install.sh
	@benches/compare.py $(ARGS)

# ARGS selects a part: make pagebench ARGS='--only smooth'.
pagebench: build ## measure the page's performance in a browser (about 13 minutes)
	@npm --prefix web run --silent pagebench -- $(ARGS)

# ARGS selects a part: make restarts ARGS='--viewers 50 --only kill,term --page'.
restarts: build ## measure how long a restart of the hub interrupts viewers (about 20 minutes)
	@benches/restarts.py $(ARGS)

# ARGS selects a part: make synchrony ARGS='--profile lan --seconds 30'; ARGS=--help lists the options.
synchrony: build ## measure how well screens are synchronized (about 9 minutes)
	@npm --prefix web run --silent synchrony -- $(ARGS)

# make audience ARGS='--viewers 100 --seconds 30' is a small run; ARGS=--help lists the options.
audience: build ## check what a thousand simulated viewers report against their true errors (3 minutes)
	@npm --prefix web run --silent audience -- $(ARGS)

# The page has to exist, because the hub embeds it. Not with nextest, which stops tests that take minutes.
soak: tools ## kill a hub repeatedly, also on a full disk, rotate its log, idle behind proxies (8 minutes)
	@tests/tools/install.sh
	@$(MAKE) --no-print-directory page
	SOAK=1 cargo test --release --locked --test integration -- --nocapture kills full_disk a_silent_stream
	SOAK=1 cargo test --release --locked --test integration -- --nocapture monitoring::rotation

# Its contents are listed in Cargo.toml, under package.metadata.deb.
deb: build ## build the Debian package (target/debian/tickcast_*.deb)
	@command -v cargo-deb >/dev/null || { echo 'cargo-deb is missing; install it with: cargo install --locked cargo-deb@3.8.0' >&2; exit 1; }
	@deploy/debian/files.sh $(TARGET)/release/tickcast $(TARGET)/release/package
	cargo deb --no-build --locked
	@if command -v lintian >/dev/null; then lintian --fail-on error $(TARGET)/debian/tickcast_*.deb; \
	else echo 'lintian is not installed: the package was not checked' >&2; fi

debtest: deb ## install, run, remove and purge the package in a copy of this machine (as root)
	tests/tools/deb.sh $(TARGET)/debian/tickcast_*.deb

image: page ## build the container image with buildah, and test it (as root)
	@command -v buildah >/dev/null || { echo 'buildah is missing; install it with: apt-get install buildah' >&2; exit 1; }
	deploy/container/image.sh $(TARGET)/image/image
	tests/tools/image.sh $(TARGET)/image

microbench: page ## run the microbenchmarks of hot code
	cargo bench --locked

clean: ## remove everything built or downloaded; keep the state of hubs
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
