#!/usr/bin/env bash
# Tests the Debian package as an operator would use it, in a throw-away copy of this machine: installs it, starts the
# hub by hand, queries it, upgrades over a changed configuration, removes and purges the package, and checks for
# leftovers.
#
#   tests/tools/deb.sh target/debian/tickcast_0.1.0-1_amd64.deb
#
# Needs root, overlayfs, curl and iproute2. Nothing outside the copy changes.
set -euo pipefail

fail() {
  echo "deb.sh: $*" >&2
  exit 1
}

# Runs inside the copy, where the network is empty and systemd is not running.
inside() {
  ip link set lo up
  export DEBIAN_FRONTEND=noninteractive
  # Debian's container images exclude documentation.
  dpkg -i --path-include='/usr/share/doc/tickcast/*' /package.deb
  tickcast --version
  tickcast check --config /etc/tickcast/tickcast.toml
  man -w tickcast >/dev/null 2>&1 || [ -f /usr/share/man/man1/tickcast.1.gz ] || fail 'no manual page'
  # Checks that the handbook's links to files work where it is installed.
  local handbook=/usr/share/doc/tickcast/docs/handbook link
  [ -e "$handbook/README.md" ] || fail 'no handbook'
  while read -r link; do
    [ -e "$handbook/$link" ] || fail "a link in the handbook is broken: $link"
  done < <(sed 's/](/\n](/g' "$handbook"/*.md | sed -nE 's/^\]\(([^):#]+)[)#].*/\1/p')
  for unit in /lib/systemd/system/tickcast.*; do
    echo "installed $unit"
  done

  STATE_DIRECTORY=/var/lib/tickcast tickcast serve --config /etc/tickcast/tickcast.toml 2>/log &
  local hub=$!
  # The operations listener is the last one that the hub logs.
  timeout 30 grep -qm 1 '"listener":"ops"' < <(tail -f --pid=$hub -n +1 /log) ||
    { cat /log; fail 'the hub does not listen'; }
  curl -fsS http://127.0.0.1:8000/api/v1/topics/ecg
  curl -fsS http://127.0.0.1:8001/readyz
  echo
  tickcast watch -n 3 --url ws://127.0.0.1:8000
  kill $hub
  wait $hub || fail "the hub ended with $?"
  [ -e /var/lib/tickcast ] || fail 'the hub saved no state'

  sed -i 's/^port = 8000/port = 9000/' /etc/tickcast/tickcast.toml
  dpkg -i /package.deb
  grep -q '^port = 9000' /etc/tickcast/tickcast.toml || fail 'an upgrade changed the configuration'
  dpkg -r tickcast
  [ ! -e /usr/bin/tickcast ] || fail 'the program is still there after removal'
  [ -e /etc/tickcast/tickcast.toml ] || fail 'removal deleted the configuration'
  dpkg -P tickcast
  rm /package.deb /log
}

if [ "${1:-}" = --inside ]; then
  inside
  exit
fi

package=$(realpath "${1:?which package?}")
script=$(realpath "$0")
if [ "${2:-}" != --alone ]; then
  [ "$(id -u)" -eq 0 ] || fail 'this script needs root'
  # Separate mount, pid and network namespaces, which the kernel removes when this ends.
  exec unshare --mount --pid --fork --net "$script" "$package" --alone
fi

scratch=$(mktemp -d)
trap 'umount -Rl "$scratch"; rmdir "$scratch"' EXIT
mount -t tmpfs scratch "$scratch"
mkdir "$scratch"/{changed,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/changed,workdir=$scratch/work" "$scratch/root" ||
  fail 'this script needs overlayfs'
mount -t proc proc "$scratch/root/proc"
mount --bind /dev "$scratch/root/dev"
cp "$package" "$scratch/root/package.deb"
cp "$script" "$scratch/root/deb.sh"
chroot "$scratch/root" /deb.sh --inside

left=$(find "$scratch/changed" -iname '*tickcast*' -not -path "$scratch/changed/tmp/*")
[ -z "$left" ] || fail "left behind: $left"
echo "deb.sh: installed, ran, removed and purged; nothing is left"
