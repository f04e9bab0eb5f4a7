"""leaf.pem with countryName as UTF8String, as some authorities write it, signed by sub.key: country.pem. Arguments: the command of OpenSSL."""
import base64
import subprocess
import sys


def whole(der, at):
    """Where the element at `at` ends and where its value begins."""
    length, begin = der[at + 1], at + 2
    if length & 0x80:
        begin += length & 0x7F
        length = int.from_bytes(der[at + 2:begin], "big")
    return begin, begin + length


def element(tag, value):
    size = len(value)
    length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + value


lines = open("leaf.pem", encoding="ascii").read().splitlines()
der = base64.b64decode("".join(line for line in lines if not line.startswith("-")))
begin, _ = whole(der, 0)
_, end = whole(der, begin)
country = bytes.fromhex("0603550406") # 2.5.4.6
body = der[begin:end].replace(country + b"\x13\x02CN", country + b"\x0c\x02CN")
_, after = whole(der, end)
open("country.body", "wb").write(body)
subprocess.run([*sys.argv[1:], "dgst", "-sm3", "-sigopt", "distid:1234567812345678", "-sign", "sub.key", "-out", "country.sig", "country.body"], check=True)
signature = element(3, b"\0" + open("country.sig", "rb").read())
text = base64.encodebytes(element(0x30, body + der[end:after] + signature)).decode()
open("country.pem", "w", encoding="ascii").write(f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n")
