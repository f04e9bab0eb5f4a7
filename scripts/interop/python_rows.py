"""How cryptography and pyOpenSSL meet SM2. Reads root.pem, sub.pem, leaf.pem, sub.crl; prints "behaviour<TAB>seen"."""
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from OpenSSL import crypto


def bytes_of(name):
    return open(name, "rb").read()


def show(behaviour, seen):
    print(behaviour, seen, sep="\t")


def refuses(action):
    try:
        action()
    except UnsupportedAlgorithm:
        return "refuses"
    return "takes"


leaf = x509.load_pem_x509_certificate(bytes_of("leaf.pem"))
name = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
show("cryptography", f"reads {name}, {refuses(leaf.public_key)} the key")


def chain_holds(*lists, root="root.pem"):
    """The recipe of docs/interop.md for chains."""
    store = crypto.X509Store()
    store.add_cert(crypto.load_certificate(crypto.FILETYPE_PEM, bytes_of(root)))
    for crl in lists:
        store.add_crl(x509.load_pem_x509_crl(bytes_of(crl)))
        store.set_flags(crypto.X509StoreFlags.CRL_CHECK)
    load = lambda name: crypto.load_certificate(crypto.FILETYPE_PEM, bytes_of(name))
    try:
        crypto.X509StoreContext(store, load("leaf.pem"), [load("sub.pem")]).verify_certificate()
    except crypto.X509StoreContextError as error:
        return str(error)
    return "OK"


show("recipe pyOpenSSL chain", f"{chain_holds()}, with its revocation list {chain_holds('sub.crl')}")
show("pyOpenSSL other root", chain_holds(root="other.pem"))
