#!/usr/bin/env bash
# `openssl verify -vfyopt distid:ID` gives the user id to the certificate named last on the command line, as it was read from its file, and to
# no other. A chain of three, each signed with the usual id, fails at its second certificate; and a root whose signature is
# asked for (-check_ss_sig) fails even when it is itself the certificate named, because the copy from the trust store is looked at.
#
# Seen with OpenSSL 3.0.20 and 3.5.9: one link is OK, three certificates in one call "error 7 at 1 depth", the root alone with
# -check_ss_sig "error 7 at 0 depth".
set -euo pipefail
. "$(dirname "$0")/../scripts/interop/common.sh"

debian_packages debian12 bookworm openssl
debian_packages debian13 trixie openssl
make_chain
judge() { # OPENSSL ARGUMENTS…
  local openssl=$1 words
  shift
  words=$($openssl verify -vfyopt distid:$standard "$@" 2>&1) && { echo OK; return; }
  grep -o 'error [0-9]* at [0-9]* depth' <<< "$words"
}
heading
for openssl in openssl12 openssl13; do
  version=$($openssl version | cut -d ' ' -f 2)
  row "OpenSSL verify" "$version" "one link" OK "$(judge $openssl -partial_chain -CAfile sub.pem leaf.pem)"
  row "OpenSSL verify" "$version" "chain of three" "error 7 at 1 depth" "$(judge $openssl -CAfile root.pem -untrusted sub.pem leaf.pem)"
  row "OpenSSL verify" "$version" "root, -check_ss_sig" "error 7 at 0 depth" "$(judge $openssl -check_ss_sig -CAfile root.pem root.pem)"
done
verdict
