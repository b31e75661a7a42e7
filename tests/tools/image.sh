#!/usr/bin/env bash
# Builds the container image from the files that deploy/container/image.sh has put into FOLDER/image, and runs it as the
# image's user, isolated from this machine except for the network.
#
#   tests/tools/image.sh target/image
#
# Needs root, buildah and curl. FOLDER replaces the build stages of the Containerfile, which are skipped.
set -euo pipefail

fail() {
  echo "image.sh: $*" >&2
  exit 1
}

context=$(realpath "${1:?which folder?}")
cd "$(dirname "$0")/../.."
command -v buildah >/dev/null || fail 'buildah is missing; install it with: apt-get install buildah'
scratch=$(mktemp -d)
# A separate store, so that the machine's own images and containers are not touched.
builder=(buildah --root "$scratch/images" --runroot "$scratch/run")
hub=
finish() {
  if [ -n "$hub" ]; then
    kill -KILL -- "-$hub" 2>/dev/null || true
  fi
  "${builder[@]}" rm --all >/dev/null 2>&1 || true
  "${builder[@]}" rmi --all --force >/dev/null 2>&1 || true
  rm -rf "$scratch"
}
trap finish EXIT

"${builder[@]}" build --isolation chroot --build-context "hub=$context" \
  --file deploy/container/Containerfile --tag tickcast "$context" >"$scratch/log" 2>&1 ||
  { cat "$scratch/log"; fail 'the image does not build'; }
container=$("${builder[@]}" from localhost/tickcast)
mounted=$("${builder[@]}" mount "$container")
echo "image.sh: $(find "$mounted" -type f | wc -l) files, $(du -sh "$mounted" | cut -f1)"
[ -z "$(find "$mounted" -user 65532 -not -path "$mounted/var/lib/tickcast*")" ] ||
  fail 'the image user owns files other than the state'

# A separate process group, so that `finish` can kill all of it. `buildah run` ignores the entry point, so it is given.
set -m
"${builder[@]}" run --isolation chroot --env TICKCAST__SERVER__PORT=0 --env TICKCAST__OPS__PORT=0 \
  "$container" -- /usr/bin/tickcast >"$scratch/events" 2>&1 </dev/null &
hub=$!
set +m
timeout 30 grep -qm 1 '"listener":"ops"' < <(tail -f -n +1 --pid=$hub "$scratch/events") ||
  { cat "$scratch/events"; fail 'the hub does not listen'; }
port=$(sed -n 's/.*"event":"listening","listener":"public","address":"[^"]*:\([0-9]*\)".*/\1/p' "$scratch/events")
[ -n "$port" ] || { cat "$scratch/events"; fail 'the hub does not listen'; }
curl -fsS "http://127.0.0.1:$port/version"
echo
curl -fsS "http://127.0.0.1:$port/" | grep -qi '<!doctype html>' || fail 'the hub does not serve the page'
curl -fsS "http://127.0.0.1:$port/api/v1/topics/ecg/history?last=2&format=ndjson"
ops=$(sed -n 's/.*"event":"listening","listener":"ops","address":"[^"]*:\([0-9]*\)".*/\1/p' "$scratch/events")
"$mounted/usr/bin/tickcast" health --url "http://127.0.0.1:$ops"
pid=$(sed -n 's/.*"event":"start".*"pid":\([0-9]*\).*/\1/p' "$scratch/events")
awk '/^Uid:/ { exit $2 != 65532 }' "/proc/$pid/status" || fail 'the hub does not run as the image user'
# The volume as the hub sees it; it is not part of the image.
[ -n "$(find "/proc/$pid/root/var/lib/tickcast" -type f)" ] || fail 'the hub saves no state'
kill -TERM "$pid"
wait $hub || fail "the hub ended with $?"
hub=
echo 'image.sh: the image was built and runs'
