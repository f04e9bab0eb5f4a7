// How Node's crypto meets SM2. Reads leaf.pem, sub.pem, leaf.pub, message, standard.sig, empty.sig; prints "behaviour<TAB>seen".
import crypto from 'node:crypto'
import { readFileSync } from 'node:fs'

const message = readFileSync('message')
const standard = readFileSync('standard.sig')
const empty = readFileSync('empty.sig')
const key = crypto.createPublicKey(readFileSync('leaf.pub'))
const leaf = new crypto.X509Certificate(readFileSync('leaf.pem'))
const operation = new crypto.X509Certificate(readFileSync('sub.pem'))

// The recipe of docs/interop.md: Z of GM/T 0003.2 §5.5 in front of the message.
const CURVE = Buffer.from(
  'fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc' + // a
  '28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93' + // b
  '32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7' + // x of G
  'bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0', // y of G
  'hex')

function zOf(publicKey, id = Buffer.from('1234567812345678')) {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(id.length * 8)
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-64)
  return crypto.createHash('sm3').update(Buffer.concat([length, id, CURVE, point])).digest()
}

function verifySm2(publicKey, data, signature) {
  return crypto.createVerify('SM3').update(zOf(publicKey)).update(data).verify(publicKey, signature)
}

const which = (accepts) => ['standard', 'empty'].filter((_, at) => accepts[at]).join(' and ') || 'neither'
const print = (behaviour, seen) => console.log(`${behaviour}\t${seen}`)

print('crypto.verify', which([standard, empty].map((signature) => crypto.verify('sm3', message, key, signature))))
print('createVerify', which([standard, empty].map((signature) => crypto.createVerify('SM3').update(message).verify(key, signature))))
print('recipe Node', which([standard, empty].map((signature) => verifySm2(leaf.publicKey, message, signature))))
print('X509Certificate', `${leaf.subject.includes('CN=张三') ? 'reads' : 'misreads'}, verify ${leaf.verify(operation.publicKey)}`)
print('asymmetricKeyType', key.asymmetricKeyType)
