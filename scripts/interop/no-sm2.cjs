// Which npm packages have SM2 signatures at all; prints "behaviour<TAB>seen".
const { readdirSync } = require('node:fs')
const modules = `${process.cwd()}/node_modules`
const { SM2 } = require(`${modules}/gm-crypto`)
const rs = require(`${modules}/jsrsasign`)
const print = (behaviour, seen) => console.log(`${behaviour}\t${seen}`)
const fails = (action) => { try { action(); return false } catch { return true } }

print('gm-crypto', Object.keys(SM2).filter((name) => typeof SM2[name] === 'function').sort().join(', '))
print('jsrsasign', fails(() => new rs.KJUR.crypto.ECDSA({ curve: 'sm2p256v1' })) && fails(() => new rs.KJUR.crypto.Signature({ alg: 'SM3withSM2' }))
  ? 'no curve, no algorithm' : 'has something')
print('@noble/curves', readdirSync(`${modules}/@noble/curves`).some((name) => /sm2/i.test(name)) ? 'has a file for it' : 'nothing of that name')
