#!/usr/bin/env bash
# The body of `make test` and `make lint`: runs the given groups of checks, stops at the first failure, and ends with a
# summary that repeats the last lines of each runner.
#
#   tests/tools/run.sh lint        formatting, lints, types
#   tests/tools/run.sh lint test   the same and every test; the page must have been built, as `make test` does
set -euo pipefail
cd "$(dirname "$0")/../.."

target="${CARGO_TARGET_DIR:-target}"
# How often a failed test may be retried; none on a developer's machine.
retries="${RETRIES:-0}"
output=$(mktemp)
summary=$(mktemp)
# Tests add a line here when a program that they need is missing: the reason, a tab, and the test.
SKIPPED_TESTS=$(mktemp)
export SKIPPED_TESTS
trap 'rm -f "$output" "$summary" "$SKIPPED_TESTS"' EXIT

# The tools for the samples and cargo-deny, where tests/tools/install.sh has put them.
for tools in "$target/tools/python/bin" "$target/tools/deny/bin"; do
  if [ -d "$tools" ]; then
    PATH="$(cd "$tools" && pwd):$PATH"
    export PATH
  fi
done
# The runners write into a pipe, so colours have to be forced if this script runs in a terminal.
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  export CARGO_TERM_COLOR=always FORCE_COLOR=1
fi

# The final lines of cargo test, nextest, vitest, unittest, Biome and cargo-deny, without colours. Nextest repeats the
# output of a failed test, with the total of that test alone.
closing_lines() {
  local totals='test result:'
  if grep -qE 'Summary[^ ]* \[' "$output"; then totals='Summary \['; fi
  sed 's/\x1b\[[0-9;]*m//g' "$output" |
    grep -E "^ *($totals|Test Files |Tests |Checked [0-9]|Ran [0-9]+ tests|(bans|advisories)( ok|: ))" | tail -n 12 || true
}

# The failed tests, with the first line of the reason if the runner prints one, and the flaky tests, which passed only
# on a retry and have to be fixed.
failures() {
  sed 's/\x1b\[[0-9;]*m//g' "$output" |
    grep -E '^ *(FAIL +|FLAKY |TRY [0-9]+ FAIL |test .* \.\.\. FAILED|(Assertion|Timeout)?Error: |.*\(retry x[0-9]+\))' |
    awk '!seen[$0]++' | head -n 40 || true
}

# The skipped tests under the reason for it. Their runners count them as passed, or do not show the reason.
skipped() {
  sort -u "$SKIPPED_TESTS" | awk -F '\t' '
    { reasons[$1] = reasons[$1] "\n    " $2; count++ }
    END {
      if (count) printf "\nskipped: %d tests or files of tests, which were not run\n", count
      for (reason in reasons) print "  " reason ":" reasons[reason]
    }
  '
}

finish() {
  printf '\n==== summary ====\n'
  cat "$summary"
  skipped
  # The totals over all runners, if any tests were run.
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

# section TITLE COMMAND…: runs the command, shows its output, and adds the result to the summary.
section() {
  local title=$1 began=$SECONDS ended=ok
  shift
  printf '\n==== %s ====\n' "$title"
  "$@" </dev/null 2>&1 | tee "$output" || ended=FAILED
  {
    printf '%-28s %s, %d s\n' "$title" "$ended" $((SECONDS - began))
    closing_lines
    failures
  } >>"$summary"
  if [ "$ended" = FAILED ]; then
    finish
    exit 1
  fi
}

# not_run TITLE REASON: notes in the summary that a section is left out.
not_run() {
  printf '%-28s NOT RUN: %s\n' "$1" "$2" >>"$summary"
}

# The exposure score that systemd computes for the service: at most 15 of 100. The score is the last of about eighty
# lines.
hardening() {
  # The program need not be installed here, so it is replaced; every other problem with the unit is an error.
  local units
  units=$(mktemp -d)
  sed 's|=/usr/bin/tickcast |=/bin/true |' deploy/systemd/tickcast.service >"$units/tickcast.service"
  cp deploy/systemd/tickcast.socket "$units"
  systemd-analyze verify --man=no "$units/tickcast.service" "$units/tickcast.socket"
  rm -r "$units"
  systemd-analyze security --offline=true --no-pager --threshold=15 deploy/systemd/tickcast.service |
    tail -n 1
}

# Security advisories for our dependencies. The database is on GitHub. If it cannot be fetched, an older copy is used;
# if there is no copy, the summary says that advisories were not checked. All other checks work without a network.
advisories() {
  local databases=("${CARGO_HOME:-$HOME/.cargo}"/advisory-dbs/advisory-db-*)
  if ! timeout 60 cargo deny fetch db; then
    if [ ! -e "${databases[0]}" ]; then
      echo 'advisories: NOT CHECKED, the database cannot be fetched (see above)'
      return
    fi
    echo "advisories: checked against the database of $(git -C "${databases[0]}" log -1 --format=%cs); a newer one cannot be fetched"
  fi
  # Offline, so that the database is not fetched again.
  cargo deny --offline --locked check --hide-inclusion-graph advisories
}

lint() {
  section 'rustfmt' cargo fmt --check
  section 'clippy' cargo clippy --workspace --all-targets --locked -- -D warnings
  # The program that reads text only, as in Cargo.toml under features.
  section 'clippy without features' cargo clippy --no-default-features --locked -- -D warnings
  if cargo deny --version >/dev/null 2>&1; then
    # Exceptions in deny.toml that no longer match anything are errors.
    section 'licences and duplicate crates' cargo deny --locked check --hide-inclusion-graph \
      --deny unmatched-skip --deny unmatched-skip-root --deny license-exception-not-encountered bans licenses sources
    section 'advisories' advisories
  else
    not_run 'licences, crates, advisories' 'cargo-deny is missing'
  fi
  section 'types of the page' npm --prefix web run --silent check
  section 'biome' npm --prefix web run --silent lint
  # Optional tools: used if installed.
  if command -v shellcheck >/dev/null; then
    section 'shellcheck' shellcheck .ci/run tests/tools/*.sh benches/peers/*.sh deploy/*/*.sh deploy/debian/scripts/*
  else
    not_run 'shellcheck' 'it is not installed'
  fi
  if command -v systemd-analyze >/dev/null; then
    section 'hardening of the unit' hardening
  else
    not_run 'hardening of the unit' 'systemd-analyze is not installed'
  fi
}

test_all() {
  if cargo nextest --version >/dev/null 2>&1; then
    section 'rust tests' cargo nextest run --workspace --locked --retries "$retries"
    section 'rust documentation tests' cargo test --workspace --doc --locked
  else
    section 'rust tests' cargo test --workspace --locked
  fi
  # These test the arithmetic that decides whether a change costs performance.
  if command -v python3 >/dev/null; then
    section 'tests of the benchmarks' python3 -m unittest discover -s benches -t benches
  else
    not_run 'tests of the benchmarks' 'python3 is missing'
  fi
  section 'tests of the page' npm --prefix web run --silent test
  # The hub that the Rust tests ran. `cargo build` would compile most of its dependencies again, without the features that
  # only the tests' own dependencies ask for.
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
