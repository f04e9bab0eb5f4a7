// How one of the sm-crypto family meets SM2: node sm-crypto.cjs PACKAGE. Reads leaf.key, leaf.pub, message, standard.sig; prints
// "behaviour<TAB>seen" and leaves FILE.sig for OpenSSL to judge.
const crypto = require('node:crypto')
const { readFileSync, writeFileSync } = require('node:fs')
const { sm2 } = require(`${process.cwd()}/node_modules/${process.argv[2]}`)

const message = readFileSync('message', 'utf8')
const standard = readFileSync('standard.sig').toString('hex')
const secret = crypto.createPrivateKey(readFileSync('leaf.key')).export({ type: 'pkcs8', format: 'der' }).subarray(36, 68).toString('hex')
const point = '04' + crypto.createPublicKey(readFileSync('leaf.pub')).export({ type: 'spki', format: 'der' }).subarray(-64).toString('hex')
const print = (behaviour, seen) => console.log(`${behaviour}\t${seen}`)

const accepts = (options) => sm2.doVerifySignature(message, standard, point, { der: true, ...options })
print('sm-crypto default', accepts({}) ? 'with Z' : 'without Z')
print('sm-crypto hash: true', accepts({ hash: true }) ? 'with Z' : 'without Z')
for (const [file, options] of [['default', {}], ['hash', { hash: true }]])
  writeFileSync(`${file}.sig`, Buffer.from(sm2.doSignature(message, secret, { der: true, ...options }), 'hex'))

const cipher = sm2.doEncrypt('1234', point)
const [parts, x, y] = [Buffer.from(cipher, 'hex'), cipher.slice(0, 64), cipher.slice(64, 128)]
print('sm-crypto cipher', `${typeof cipher} of ${parts.length} bytes`)
// C1C3C2 as the DER that OpenSSL reads
const integer = (hex) => Buffer.from(BigInt(`0x${hex}`).toString(16).padStart(64, '0').replace(/^(00)+(?=..)/, '').replace(/^(?=[89a-f])/, '00'), 'hex')
const tlv = (tag, value) => Buffer.concat([Buffer.from([tag, value.length]), value])
writeFileSync('cipher.der', tlv(0x30, Buffer.concat([tlv(2, integer(x)), tlv(2, integer(y)), tlv(4, parts.subarray(64, 96)), tlv(4, parts.subarray(96))])))

const gbk = Buffer.from('b7a2c6b1', 'hex') // 发票
const sealed = sm2.doEncrypt([...gbk], point)
let text
try { text = sm2.doDecrypt(sealed, secret) } catch { text = 'error' }
const bytes = Buffer.from(sm2.doDecrypt(sealed, secret, 1, { output: 'array' })).toString('hex')
print('sm-crypto GBK', `${text === 'error' ? 'error' : 'wrong text'}, ${bytes === gbk.toString('hex') ? 'right' : 'wrong'} with output: 'array'`)
