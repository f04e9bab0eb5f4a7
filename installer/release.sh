#!/usr/bin/env bash
# release.sh – everything that is given to people, from a clean tree, into target/installers: both packages for Linux, the
# setup for Windows, SHA256SUMS, and with a key the signed feed.json. Step by step: installer/README.md.
#
#   --check        also install everything in clean systems and prove it (long)
#   --linux-only   without the setup for Windows
#   --key …        and the other options of feed.sh make the feed; without a key there is none
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."
top=$PWD
. scripts/common.sh

fail() { echo "release.sh: $*" >&2; exit 1; }

check=false linux_only=false feed=()
while [ $# -gt 0 ]; do
  case $1 in
    --check) check=true ;;
    --linux-only) linux_only=true feed+=("$1") ;;
    --key | --base-url | --serial | --after | --days | --provider | --engine)
      [ $# -ge 2 ] || fail "$1 needs a value"
      feed+=("$1" "$2")
      shift
      ;;
    *) sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0"; exit 2 ;;
  esac
  shift
done

# what is released is what is in the repository, under one version and date
version=$(program_version)
[ -z "$(git status --porcelain)" ] || fail "the tree has changes: commit them first"
newest=$(sed -n 's/^## //p' CHANGELOG.md | head -1)
[[ $newest =~ ^\[([0-9.]+)\]\ -\ ([0-9]{4}-[0-9]{2}-[0-9]{2})$ ]] || fail "the newest entry of CHANGELOG.md has no date: $newest"
[ "${BASH_REMATCH[1]}" = "$version" ] || fail "CHANGELOG.md is at ${BASH_REMATCH[1]}, Cargo.toml at $version"
[[ ! ${BASH_REMATCH[2]} > $(date -d tomorrow +%F) ]] || fail "CHANGELOG.md is dated in the future: ${BASH_REMATCH[2]}"
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)

files=("cert-assistant_${version}_amd64.deb" "org.certassistant.client_${version}_amd64.deb")
$linux_only || files+=("cert-assistant-setup-${version}-x64.exe")
mkdir -p "$installers"
# nothing of an earlier run is taken for this one's
(cd "$installers" && rm -f "${files[@]}" SHA256SUMS feed.json)

installer/linux/build.sh release
$linux_only || installer/windows/build.sh release
for file in "${files[@]}"; do
  [ -s "$installers/$file" ] || fail "not built: $file"
done
(cd "$installers" && sha256sum "${files[@]}" > SHA256SUMS.part && mv SHA256SUMS.part SHA256SUMS && sha256sum --check --quiet SHA256SUMS)

if $check; then
  installer/linux/check.sh
  $linux_only || installer/windows/check.sh
fi
# before it is signed: what was checked is what was summed
if [[ " ${feed[*]} " == *" --key "* ]]; then
  # files named on the command line are seen from where it was called
  (cd "$here" && "$top/installer/feed.sh" "${feed[@]}")
else
  echo "no --key: no feed"
fi
[ -z "$(git status --porcelain)" ] || fail "building has changed the tree"
echo
echo "version $version in $installers:"
(cd "$installers" && ls -l "${files[@]}" SHA256SUMS && cat SHA256SUMS)
