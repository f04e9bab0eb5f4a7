"""How PyPI gmssl meets SM2. Reads point.hex, secret.hex, message, standard.rs.hex; prints "behaviour<TAB>seen"."""
from gmssl import sm2


def read(name):
    return open(name, encoding="ascii").read().strip()


def show(behaviour, seen):
    print(behaviour, seen, sep="\t")


def verifier(point):
    """The recipe of docs/interop.md: the key without 04, put in after the object was made."""
    pair = sm2.CryptSM2(private_key="", public_key="")
    pair.public_key = point
    return pair


message = open("message", "rb").read()
point, secret = read("point.hex"), read("secret.hex")
show("recipe Python", verifier(point).verify_with_sm3(read("standard.rs.hex"), message))

layouts = set()
for asn1 in (False, True):
    pair = sm2.CryptSM2(private_key=secret, public_key="", asn1=asn1)
    pair.public_key = point
    cipher = pair.encrypt(b"1234")
    # C1 64 bytes, C3 32: a reader of the other order gives the text back only when that is the order
    other = sm2.CryptSM2(private_key=secret, public_key="", mode=1)
    layouts.add((len(cipher), pair.decrypt(cipher) == b"1234", other.decrypt(cipher[:64] + cipher[68:] + cipher[64:68]) == b"1234"))
show("gmssl encrypt", "C1C2C3, no 04, asn1 changes nothing" if layouts == {(100, True, True)} else layouts)
