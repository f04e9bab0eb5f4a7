"""An independent look at SM2 structures: strict DER taken apart with nothing but Python's own library, and every
signature and cipher text judged by the openssl command. Prints what it found as JSON; anything wrong ends with an error.

  signed FILE PUBLIC.pem           SEQUENCE { body, algorithm, signature }: certificate, request, revocation list
  p7 FILE [CONTENT]                SignedData of GM/T 0010 with one signer
  envelope FILE KEY.pem            SM2EnvelopedKey of GM/T 0009
  response FILE KEY.pem            CSRResponse of GM/T 0092
  sealed FILE KEY.pem              EnvelopedData of GM/T 0010 with one recipient
"""

import json
import subprocess
import sys
import tempfile

ID = "distid:1234567812345678"


def fail(text):
    sys.exit("judge: " + text)


class Element:
    """One element of strict DER."""

    def __init__(self, data, at=0):
        self.tag = data[at]
        if self.tag & 0x1F == 0x1F:
            fail("a long tag")
        length, head = data[at + 1], 2
        if length == 0x80 or length > 0x84:
            fail("not a DER length")
        if length > 0x80:
            count = length - 0x80
            length = int.from_bytes(data[at + 2 : at + 2 + count], "big")
            head += count
            if length < 0x80 or length >> (8 * (count - 1)) == 0:
                fail("a length that is not the shortest")
        self.value = data[at + head : at + head + length]
        self.all = data[at : at + head + length]
        if len(self.all) != head + length:
            fail("cut off")
        if self.tag == 0x02 and len(self.value) > 1 and self.value[0] == 0 and self.value[1] < 0x80:
            fail("an integer that is not the shortest")
        if self.tag == 0x31 and [c.all for c in self.children()] != sorted({c.all for c in self.children()}):
            fail("a set that is not sorted")

    def children(self):
        at, found = 0, []
        while at < len(self.value):
            child = Element(self.value, at)
            found.append(child)
            at += len(child.all)
        return found

    def expect(self, tag, what):
        if self.tag != tag:
            fail(f"{what}: tag {self.tag:02x} and not {tag:02x}")
        return self

    def oid(self):
        self.expect(0x06, "object identifier")
        parts, number = [], 0
        for byte in self.value:
            number = number << 7 | byte & 0x7F
            if byte < 0x80:
                parts.append(number)
                number = 0
        first = min(parts[0] // 40, 2)
        return ".".join(map(str, [first, parts[0] - 40 * first] + parts[1:]))

    def algorithm(self):
        """Object identifier, and the parameters' bytes in hexadecimal."""
        oid, *parameters = self.expect(0x30, "algorithm").children()
        return [oid.oid(), b"".join(p.all for p in parameters).hex()]

    def bits(self):
        self.expect(0x03, "bit string")
        if self.value[0] != 0:
            fail("unused bits")
        return self.value[1:]

    def integer(self):
        return int.from_bytes(self.expect(0x02, "integer").value, "big", signed=True)


def only(data):
    element = Element(data)
    if element.all != data:
        fail("something after the structure")
    return element


def openssl(*arguments, stdin=b""):
    done = subprocess.run(["openssl", *arguments], input=stdin, capture_output=True)
    if done.returncode:
        fail(f"openssl {arguments}: {done.stderr.decode()} {done.stdout.decode()}")
    return done.stdout


def file_of(data):
    file = tempfile.NamedTemporaryFile()
    file.write(data)
    file.flush()
    return file


def check_signature(public_pem, message, signature):
    with file_of(public_pem) as key, file_of(signature) as sig, file_of(message) as text:
        openssl("dgst", "-sm3", "-sigopt", ID, "-verify", key.name, "-signature", sig.name, text.name)


def key_of(certificate):
    return openssl("x509", "-inform", "DER", "-noout", "-pubkey", stdin=certificate)


def signed(path, public):
    body, algorithm, signature = only(open(path, "rb").read()).expect(0x30, "signed").children()
    check_signature(open(public, "rb").read(), body.all, signature.bits())
    return {"algorithm": algorithm.algorithm()}


def content_info(data, wanted):
    kind, content = only(data).expect(0x30, "content info").children()
    if kind.oid() != wanted:
        fail("content type " + kind.oid())
    (inner,) = content.expect(0xA0, "content").children()
    return inner.expect(0x30, "content").children()


def names(certificate):
    """Serial number and issuer of a certificate."""
    body = only(certificate).children()[0].children()
    return body[1], body[3]


def p7(path, content_path=None):
    fields = content_info(open(path, "rb").read(), "1.2.156.10197.6.1.4.2.2")
    version, digests, content, certificates, signers = fields
    (certificate,) = certificates.expect(0xA0, "certificates").children()
    (signer,) = signers.expect(0x31, "signers").children()
    signer_version, who, digest, algorithm, signature = signer.children()
    issuer, serial = who.expect(0x30, "issuer and serial").children()
    its_serial, its_issuer = names(certificate.all)
    if issuer.all != its_issuer.all or serial.all != its_serial.all:
        fail("the signer is not the certificate's owner")
    kind, *data = content.expect(0x30, "content info").children()
    attached = None
    if data:
        (octets,) = data[0].expect(0xA0, "content").children()
        attached = octets.expect(0x04, "content").value
    if (attached is None) == (content_path is None):
        fail("content neither attached nor given, or both")
    message = attached if content_path is None else open(content_path, "rb").read()
    check_signature(key_of(certificate.all), message, signature.expect(0x04, "signature").value)
    return {
        "versions": [version.integer(), signer_version.integer()],
        "digests": [d.algorithm() for d in digests.children()],
        "content": kind.oid(),
        "attached": None if attached is None else attached.hex(),
        "certificate": certificate.all.hex(),
        "digest": digest.algorithm(),
        "signature": algorithm.algorithm(),
    }


def decrypt(key, cipher):
    with file_of(cipher) as file:
        return openssl("pkeyutl", "-decrypt", "-inkey", key, "-in", file.name)


def public_of(scalar):
    """The public key openssl computes for a scalar: ECPrivateKey in PKCS#8, without its public half."""
    inner = bytes.fromhex("302502010104 20".replace(" ", "")) + scalar
    head = bytes.fromhex("020100301306072a8648ce3d020106082a811ccf5501822d")
    body = head + b"\x04" + bytes([len(inner)]) + inner
    info = openssl("pkey", "-inform", "DER", "-pubout", "-outform", "DER", stdin=b"\x30" + bytes([len(body)]) + body)
    return info[-64:]


def open_envelope(parts, key):
    algorithm, wrapped, public, encrypted = parts
    sm4 = decrypt(key, wrapped.all)
    if len(sm4) != 16:
        fail(f"an SM4 key of {len(sm4)} bytes")
    private = openssl("enc", "-d", "-sm4-ecb", "-nopad", "-K", sm4.hex(), stdin=encrypted.bits())
    if b"\x04" + public_of(private) != public.bits():
        fail("private and public key do not fit")
    return {"algorithm": algorithm.algorithm(), "private": private.hex(), "public": public.bits().hex()}


def envelope(path, key):
    return open_envelope(only(open(path, "rb").read()).expect(0x30, "envelope").children(), key)


def response(path, key):
    sign, *rest = only(open(path, "rb").read()).expect(0x30, "response").children()
    found = {"sign": [c.all.hex() for c in sign.expect(0x31, "certificates").children()], "key": None, "encrypt": None}
    for part in rest:
        if part.tag == 0xA0 and found["key"] is None and found["encrypt"] is None:
            found["key"] = open_envelope(part.children(), key)
        elif part.tag == 0xA1 and found["encrypt"] is None:
            found["encrypt"] = [c.all.hex() for c in part.children()]
            if found["encrypt"] != sorted(found["encrypt"]):
                fail("a set that is not sorted")
        else:
            fail(f"a part with tag {part.tag:02x}")
    return found


def sealed(path, key):
    version, recipients, content = content_info(open(path, "rb").read(), "1.2.156.10197.6.1.4.2.3")
    (recipient,) = recipients.expect(0x31, "recipients").children()
    recipient_version, who, wrap, wrapped = recipient.children()
    issuer, serial = who.expect(0x30, "issuer and serial").children()
    kind, algorithm, encrypted = content.expect(0x30, "encrypted content").children()
    oid, iv = algorithm.children()
    sm4 = decrypt(key, wrapped.expect(0x04, "wrapped key").value)
    arguments = ["-K", sm4.hex(), "-iv", iv.expect(0x04, "iv").value.hex()]
    plain = openssl("enc", "-d", "-sm4-cbc", *arguments, stdin=encrypted.expect(0x80, "encrypted").value)
    return {
        "versions": [version.integer(), recipient_version.integer()],
        "issuer": issuer.all.hex(),
        "serial": serial.value.hex(),
        "wrap": wrap.algorithm(),
        "content": kind.oid(),
        "cipher": oid.oid(),
        "iv": iv.value.hex(),
        "plain": plain.hex(),
    }


if __name__ == "__main__":
    command = {"signed": signed, "p7": p7, "envelope": envelope, "response": response, "sealed": sealed}[sys.argv[1]]
    print(json.dumps(command(*sys.argv[2:])))
