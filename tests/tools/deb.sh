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

# Upgrades while the hub with the process id $1 runs, as if systemd had started it: with a wrong configuration the upgrade
# fails and the hub goes on, and after the correction it is restarted.
upgrade_with_a_wrong_configuration() {
  local file=/etc/tickcast/tickcast.toml
  mkdir -p /run/systemd/system
  printf '#!/bin/sh\ncase "$*" in *MainPID*) echo %s ;; esac\n' "$1" >/usr/local/bin/systemctl
  printf '#!/bin/sh\necho "$@" >>/restarts\n' >/usr/local/bin/deb-systemd-invoke
  chmod +x /usr/local/bin/{systemctl,deb-systemd-invoke}
  sed -i 's/^port = 8000/prot = 8000/' "$file"
  if dpkg -i --path-include='/usr/share/doc/tickcast/*' /package.deb 2>/errors; then
    fail 'an upgrade with a wrong configuration succeeded'
  fi
  cat /errors
  grep -q "$file:.*prot" /errors || fail 'the upgrade does not say what is wrong'
  curl -fsS http://127.0.0.1:8001/readyz || fail 'the hub was stopped'
  [ ! -e /restarts ] || fail 'the hub was restarted with a wrong configuration'
  sed -i 's/^prot = 8000/port = 8000/' "$file"
  dpkg --configure tickcast
  grep -qx 'try-restart tickcast.service' /restarts || fail 'the hub was not restarted'
  rm -r /run/systemd/system /usr/local/bin/{systemctl,deb-systemd-invoke} /restarts /errors
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
  upgrade_with_a_wrong_configuration $hub
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
