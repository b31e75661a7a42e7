#!/usr/bin/env bash
# Generates the files of the Debian package that are not in the repository: the manual page, the completions, the
# configuration with the path of the installed dataset, and the changelogs.
#
#   deploy/debian/files.sh target/release/tickcast target/release/package
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=$(realpath "$1")
mkdir -p "$2"
folder=$(realpath "$2")

maintainer=$(sed -n '/^\[package.metadata.deb\]/,/^\[/s/^maintainer = "\(.*\)"$/\1/p' Cargo.toml)
version=$("$binary" --version | awk '{ print $2 }')
# Reproducible: the same sources make the same package, dated at their last change.
date=$(date -R -u -d "@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}")

"$binary" man | gzip -9n >"$folder/tickcast.1.gz"
"$binary" completions bash >"$folder/tickcast.bash"
"$binary" completions zsh >"$folder/_tickcast"
"$binary" completions fish >"$folder/tickcast.fish"

sed 's|^dataset = .*|dataset = "/usr/share/tickcast/measurements.json"|' config/tickcast.toml \
  >"$folder/tickcast.toml"

gzip -9nc CHANGELOG.md >"$folder/changelog.gz"
gzip -9n >"$folder/changelog.Debian.gz" <<END
tickcast ($version-1) unstable; urgency=medium

  * Version $version; see changelog.gz beside this file.

 -- $maintainer  $date
END
