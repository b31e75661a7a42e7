#!/usr/bin/env bash
# Collects the content of the container image in a folder: the hub as one static program, its data, and an empty folder
# for its state. The page must have been built (web/dist).
#
#   deploy/container/image.sh target/image
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$1

# Static, so that the image needs no system. With an explicit target, the flags do not apply to build scripts and
# procedural macros. A static glibc cannot resolve names; the hub does not need to.
host=$(rustc --print host-tuple)
RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked --target "$host"

rm -rf "$folder"
data=$folder/root/usr/share/tickcast
install -D -m 755 "${CARGO_TARGET_DIR:-target}/$host/release/tickcast" "$folder/root/usr/bin/tickcast"
install -d "$data/config" "$folder/root/var/lib"
install -m 644 LICENSE LICENSE-MIT LICENSE-APACHE measurements.json measurements.LICENSE.md "$data"
install -m 644 config/*.toml "$data/config"
install -d -m 700 "$folder/state"
