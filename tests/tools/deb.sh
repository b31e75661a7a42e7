#!/usr/bin/env bash
# Tries the Debian package as an operator would, in a copy of this machine that is thrown away: installs it, starts it
# by hand, asks it, installs it again over a changed configuration, removes it, purges it, and looks what is left.
#
#   tests/tools/deb.sh target/debian/tickcast_0.1.0-1_amd64.deb
#
# It needs root, overlayfs, curl and iproute2. Nothing outside the copy changes.
set -euo pipefail

fail() {
  echo "deb.sh: $*" >&2
  exit 1
}

# Within the copy: the network is empty and no systemd runs.
inside() {
  ip link set lo up
  export DEBIAN_FRONTEND=noninteractive
  # Images of Debian for containers leave documents out.
  dpkg -i --path-include='/usr/share/doc/tickcast/*' /package.deb
  tickcast --version
  tickcast check --config /etc/tickcast/tickcast.toml
  man -w tickcast >/dev/null 2>&1 || [ -f /usr/share/man/man1/tickcast.1.gz ] || fail 'no manual page'
  # The handbook's links to files, from where it is installed.
  local handbook=/usr/share/doc/tickcast/docs/handbook link
  [ -e "$handbook/README.md" ] || fail 'no handbook'
  while read -r link; do
    [ -e "$handbook/$link" ] || fail "a link of the handbook leads nowhere: $link"
  done < <(sed 's/](/\n](/g' "$handbook"/*.md | sed -nE 's/^\]\(([^):#]+)[)#].*/\1/p')
  for unit in /lib/systemd/system/tickcast.*; do
    echo "installed $unit"
  done

  STATE_DIRECTORY=/var/lib/tickcast tickcast serve --config /etc/tickcast/tickcast.toml 2>/log &
  local hub=$!
  # Its log tells when it listens, on the second listener as well.
  timeout 30 grep -qm 1 '"listener":"ops"' < <(tail -f --pid=$hub -n +1 /log) ||
    { cat /log; fail 'it does not listen'; }
  curl -fsS http://127.0.0.1:8000/api/v1/topics/ecg
  curl -fsS http://127.0.0.1:8001/readyz
  echo
  tickcast watch -n 3 --url ws://127.0.0.1:8000
  kill $hub
  wait $hub || fail "the hub ended with $?"
  [ -e /var/lib/tickcast ] || fail 'it kept no state'

  sed -i 's/^port = 8000/port = 9000/' /etc/tickcast/tickcast.toml
  dpkg -i /package.deb
  grep -q '^port = 9000' /etc/tickcast/tickcast.toml || fail 'an upgrade changed the configuration'
  dpkg -r tickcast
  [ ! -e /usr/bin/tickcast ] || fail 'removed, and still there'
  [ -e /etc/tickcast/tickcast.toml ] || fail 'removing took the configuration'
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
  [ "$(id -u)" -eq 0 ] || fail 'it needs root'
  # Mounts, processes and the network of its own: all of it is gone when this ends.
  exec unshare --mount --pid --fork --net "$script" "$package" --alone
fi

scratch=$(mktemp -d)
trap 'umount -Rl "$scratch"; rmdir "$scratch"' EXIT
mount -t tmpfs scratch "$scratch"
mkdir "$scratch"/{changed,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/changed,workdir=$scratch/work" "$scratch/root" ||
  fail 'it needs overlayfs'
mount -t proc proc "$scratch/root/proc"
mount --bind /dev "$scratch/root/dev"
cp "$package" "$scratch/root/package.deb"
cp "$script" "$scratch/root/deb.sh"
chroot "$scratch/root" /deb.sh --inside

left=$(find "$scratch/changed" -iname '*tickcast*' -not -path "$scratch/changed/tmp/*")
[ -z "$left" ] || fail "left behind: $left"
echo "deb.sh: installed, ran, removed and purged; nothing is left"
