#!/usr/bin/env bash
# feed.sh – the signed feed that 检查更新 reads, for the finished installers in a folder (format: src/update/feed.rs).
#
#   --key FILE        SM2 private key that signs, PEM; or an address openssl opens, such as pkcs11:… with --provider or --engine
#   --base-url URL    where the installers will be found; the names of the files are added
#   --serial N        number of this feed, greater than that of every feed before; or
#   --after FEED      … one more than that of this feed, which must be signed by the same key
#   --days N          the feed can be used for so many days (90)
#   --folder DIR      where the installers are, with their SHA256SUMS (target/installers)
#   --version V       of the installers (Cargo.toml's)
#   --notes FILE      what is new, in both languages (installer/notes.toml)
#   --linux-only      without the setup for Windows
#   --provider NAME, --engine NAME    for openssl
#   --out FILE        where the feed goes (DIR/feed.json)
#
# The key is only ever named to openssl. What was signed is verified with its public key before it gets its name.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."
. scripts/common.sh

fail() { echo "feed.sh: $*" >&2; exit 1; }
# a file named where the script was called
named() { case $1 in /*) echo "$1" ;; *) echo "$here/$1" ;; esac; }
usage() { sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0"; exit "$1"; }

key='' base='' serial='' after='' days=90 folder=$installers version=$(program_version) notes=installer/notes.toml out=''
windows=true how=()
while [ $# -gt 0 ]; do
  case $1 in
    --linux-only) windows=false; shift; continue ;;
    --help) usage 0 ;;
  esac
  [ $# -ge 2 ] || usage 2 >&2
  case $1 in
    --key) if [ -f "$(named "$2")" ]; then key=$(named "$2"); else key=$2; fi ;;
    --base-url) base=$2 ;;
    --serial) serial=$2 ;;
    --after) after=$(named "$2") ;;
    --days) days=$2 ;;
    --folder) folder=$(named "$2") ;;
    --version) version=$2 ;;
    --notes) notes=$(named "$2") ;;
    --provider) how+=(-provider "$2") ;;
    --engine) how+=(-engine "$2" -keyform engine) ;;
    --out) out=$(named "$2") ;;
    *) usage 2 >&2 ;;
  esac
  shift 2
done
if [ -z "$key" ] || [ -z "$base" ]; then fail "--key and --base-url are needed"; fi
case $serial:$after in : | ?*:?*) fail "either --serial or --after is needed" ;; esac
[[ $days =~ ^[1-9][0-9]{0,3}$ ]] || fail "--days: a number of days"
out=${out:-$folder/feed.json}
need_packages openssl python3
# with a provider of its own the usual ones are loaded only when they are named
case " ${how[*]} " in *" -provider "*) how+=(-provider default) ;; esac
if [ -f "$key" ] && [ -n "$(find -L "$key" -perm /077)" ]; then
  fail "$key can be read by others: chmod 600"
fi

temporary=$(mktemp -d)
leave() { end_started; rm -rf "$temporary"; }
trap leave EXIT
id=(-pkeyopt distid:1234567812345678)

# the public key, also as the settings of the program take it: 04 ‖ X ‖ Y in hex, the end of SubjectPublicKeyInfo
openssl pkey "${how[@]/-keyform/-inform}" -in "$key" -pubout -out "$temporary/public.pem" || fail "openssl can't open the key"
openssl pkey -pubin -in "$temporary/public.pem" -noout -text | grep -q 'ASN1 OID: SM2' || fail "the key is not one of SM2"
public=$(openssl pkey -pubin -in "$temporary/public.pem" -outform DER | tail -c 65 | od -An -v -tx1 | tr -d ' \n')

verify() { # TEXT SIGNATURE
  openssl pkeyutl -verify -rawin -digest sm3 "${id[@]}" -pubin -inkey "$temporary/public.pem" -in "$1" -sigfile "$2" >/dev/null 2>&1
}

if [ -n "$after" ]; then
  python3 - "$after" "$temporary/before" "$temporary/before.sig" <<'PYTHON'
import base64, json, sys
envelope = json.load(open(sys.argv[1], encoding='utf-8'))
open(sys.argv[2], 'wb').write(envelope['feed'].encode())
open(sys.argv[3], 'wb').write(base64.b64decode(envelope['signature'], validate=True))
PYTHON
  verify "$temporary/before" "$temporary/before.sig" ||
    fail "$after is not signed by this key: programs that know the other key would refuse the new feed"
  serial=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["serial"] + 1)' "$temporary/before")
fi
[[ $serial =~ ^[1-9][0-9]{0,17}$ ]] || fail "--serial: a number from 1"

files=("linux-x86_64-deb=cert-assistant_${version}_amd64.deb" "linux-x86_64-uos=org.certassistant.client_${version}_amd64.deb")
$windows && files+=("windows-x86_64-exe=cert-assistant-setup-${version}-x64.exe")
for file in "${files[@]}"; do
  [ -f "$folder/${file#*=}" ] || fail "missing: $folder/${file#*=}"
  grep -qF "  ${file#*=}" "$folder/SHA256SUMS" || fail "SHA256SUMS says nothing about ${file#*=}"
done
(cd "$folder" && sha256sum --check --quiet SHA256SUMS) || fail "the files are not those of SHA256SUMS"

# what the feed says; not one byte of it may change afterwards
python3 - "$folder" "$base" "$serial" "$days" "$version" "$notes" "${files[@]}" > "$temporary/feed" <<'PYTHON'
import datetime, hashlib, ipaddress, json, os, sys, tomllib, urllib.parse
folder, base, serial, days, version, notes, *files = sys.argv[1:]
url = urllib.parse.urlsplit(base)
def loopback(host):
    try:
        return host == 'localhost' or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
if url.scheme != 'https' and not (url.scheme == 'http' and loopback(url.hostname)) or not url.hostname:
    sys.exit('feed.sh: --base-url: an https address')
if url.username or url.query or url.fragment:
    sys.exit('feed.sh: --base-url: without user, query and fragment')
with open(notes, 'rb') as file:
    text = tomllib.load(file).get(version, {})
if not all(isinstance(text.get(language), str) and text[language].strip() for language in ('zh', 'en')):
    sys.exit(f'feed.sh: {notes} says nothing about {version} in zh and en')
def entry(file):
    target, name = file.split('=', 1)
    with open(os.path.join(folder, name), 'rb') as content:
        digest = hashlib.file_digest(content, 'sha256').hexdigest()
    size = os.path.getsize(os.path.join(folder, name))
    return dict(target=target, url=base.rstrip('/') + '/' + name, name=name, size=size, sha256=digest)
now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
say = lambda time: time.isoformat().replace('+00:00', 'Z')
json.dump(dict(format=1, serial=int(serial), issued=say(now), expires=say(now + datetime.timedelta(days=int(days))),
               version=version, notes=dict(zh=text['zh'].strip(), en=text['en'].strip()),
               files=[entry(file) for file in files]), sys.stdout, ensure_ascii=False, indent=1)
PYTHON

openssl pkeyutl -sign -rawin -digest sm3 "${id[@]}" "${how[@]}" -inkey "$key" -in "$temporary/feed" -out "$temporary/signature" ||
  fail "openssl did not sign"
verify "$temporary/feed" "$temporary/signature" || fail "what openssl signed does not verify with its public key"
# beside its place first, so that nobody finds half a feed
part=$out.part
python3 - "$temporary/feed" "$temporary/signature" "$part" <<'PYTHON'
import base64, json, os, sys
feed, signature = (open(name, 'rb').read() for name in sys.argv[1:3])
text = json.dumps(dict(feed=feed.decode(), signature=base64.b64encode(signature).decode()), ensure_ascii=False)
if len(text.encode()) > 64 * 1024:
    sys.exit('feed.sh: the feed is longer than programs read (64 KiB): shorten the notes')
with open(sys.argv[3], 'w', encoding='utf-8') as file:
    file.write(text)
    file.flush()
    os.fsync(file.fileno())
PYTHON
mv "$part" "$out"
echo "$out: version $version, serial $serial, for $days days"
echo "public key: $public"
