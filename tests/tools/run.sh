#!/usr/bin/env bash
# The body of `make test` and `make lint`: runs the named groups of checks, stops at the first that
# fails, and repeats each runner's closing lines at the end, where a reader looks first.
#
#   tests/tools/run.sh lint        formatting, lints, types
#   tests/tools/run.sh lint test   and every test; the page must be built, as `make test` sees to
set -euo pipefail
cd "$(dirname "$0")/../.."

target="${CARGO_TARGET_DIR:-target}"
# How often a test that speaks to processes and browsers may be tried again; none on one's own machine.
retries="${RETRIES:-0}"
output=$(mktemp)
summary=$(mktemp)
trap 'rm -f "$output" "$summary"' EXIT

# The README's tools and cargo-deny, where tests/tools/install.sh has put them.
for tools in "$target/tools/python/bin" "$target/tools/deny/bin"; do
  if [ -d "$tools" ]; then
    PATH="$(cd "$tools" && pwd):$PATH"
    export PATH
  fi
done
# The runners write into a pipe here; a person at a terminal still gets colours.
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  export CARGO_TERM_COLOR=always FORCE_COLOR=1
fi

# The lines with which cargo test, nextest, vitest, unittest and Biome close, without colours.
closing_lines() {
  sed 's/\x1b\[[0-9;]*m//g' "$output" |
    grep -E '^ *(Summary \[|test result:|Test Files |Tests |Checked [0-9]|Ran [0-9]+ tests|(bans|advisories)( ok|: ))' | tail -n 12 || true
}

# The tests that failed, with the first line of the reason where the runner gives one apart, and those
# that passed only when tried again: such a test is to be mended, not to be forgotten.
troubles() {
  sed 's/\x1b\[[0-9;]*m//g' "$output" |
    grep -E '^ *(FAIL +|FLAKY |TRY [0-9]+ FAIL |test .* \.\.\. FAILED|(Assertion|Timeout)?Error: |.*\(retry x[0-9]+\))' |
    awk '!seen[$0]++' | head -n 40 || true
}

finish() {
  printf '\n==== summary ====\n'
  cat "$summary"
  # All tests of all runners in one line, unless there were none to count.
  awk '
    /Summary \[|test result:|^ *Tests / {
      for (i = 2; i <= NF; i++) {
        if ($i ~ /^passed/) passed += $(i - 1)
        if ($i ~ /^failed/) failed += $(i - 1)
      }
      counted = 1
    }
    END { if (counted) printf "\ntotal: %d passed, %d failed\n", passed, failed }
  ' "$summary"
}

# section TITLE COMMAND…: runs the command in full view and remembers how it ended.
section() {
  local title=$1 began=$SECONDS ended=ok
  shift
  printf '\n==== %s ====\n' "$title"
  "$@" </dev/null 2>&1 | tee "$output" || ended=FAILED
  {
    printf '%-28s %s, %d s\n' "$title" "$ended" $((SECONDS - began))
    closing_lines
    troubles
  } >>"$summary"
  if [ "$ended" = FAILED ]; then
    finish
    exit 1
  fi
}

# What the service may still do, as systemd scores it: up to 15 of 100. Of
# its eighty lines the last is the score.
hardening() {
  # Its program need not be installed here; of all else that is wrong with a unit, nothing may be.
  local units
  units=$(mktemp -d)
  sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' deploy/systemd/tickcast.service >"$units/tickcast.service"
  cp deploy/systemd/tickcast.socket "$units"
  systemd-analyze verify --man=no "$units/tickcast.service" "$units/tickcast.socket"
  rm -r "$units"
  systemd-analyze security --offline=true --no-pager --threshold=15 deploy/systemd/tickcast.service |
    tail -n 1
}

# Security advisories for our dependencies. The database is on GitHub; if it cannot be reached, an older copy is used, and
# without one the summary says so: a machine without network must be able to run everything else.
advisories() {
  local databases=("${CARGO_HOME:-$HOME/.cargo}"/advisory-dbs/advisory-db-*)
  if ! timeout 60 cargo deny fetch db; then
    if [ ! -e "${databases[0]}" ]; then
      echo 'advisories: NOT CHECKED, their database cannot be fetched (above)'
      return
    fi
    echo "advisories: checked against the database of $(git -C "${databases[0]}" log -1 --format=%cs), a newer one cannot be fetched"
  fi
  # Offline, or it would be fetched once more.
  cargo deny --offline --locked check --hide-inclusion-graph advisories
}

lint() {
  section 'rustfmt' cargo fmt --check
  section 'clippy' cargo clippy --workspace --all-targets --locked -- -D warnings
  # An exception in deny.toml that matches nothing any more is to go.
  section 'licences and duplicate crates' cargo deny --locked check --hide-inclusion-graph \
    --deny unmatched-skip --deny unmatched-skip-root --deny license-exception-not-encountered bans licenses sources
  section 'advisories' advisories
  section 'types of the page' npm --prefix web run --silent check
  section 'biome' npm --prefix web run --silent lint
  # Not everyone has these two: used where they are, never required.
  if command -v shellcheck >/dev/null; then
    section 'shellcheck' shellcheck .ci/run tests/tools/*.sh benches/peers/*.sh deploy/*/*.sh deploy/debian/scripts/*
  fi
  if command -v systemd-analyze >/dev/null; then
    section 'hardening of the unit' hardening
  fi
}

test_all() {
  if cargo nextest --version >/dev/null 2>&1; then
    section 'rust tests' cargo nextest run --workspace --locked --retries "$retries"
    section 'rust documentation tests' cargo test --workspace --doc --locked
  else
    section 'rust tests' cargo test --workspace --locked
  fi
  # What decides whether a change costs anything is to be right, too.
  if command -v python3 >/dev/null; then
    section 'tests of the benchmarks' python3 -m unittest discover -s benches -t benches
  fi
  section 'tests of the page' npm --prefix web run --silent test
  # The tests above have built most of it; the optimised hub would cost minutes and show no more.
  section 'hub for the browser' cargo build --locked
  section 'tests in the browser' env "TICKCAST_BIN=$(realpath "$target")/debug/tickcast" \
    npm --prefix web run --silent test:browser -- --retry="$retries"
}

for group in "${@:-lint}"; do
  case $group in
    lint) lint ;;
    test) test_all ;;
    *)
      echo "unknown group \`$group\`; the groups are lint and test" >&2
      exit 2
      ;;
  esac
done
finish
