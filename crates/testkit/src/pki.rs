//! Certificates made by the `openssl` command, the judge of everything tested here.

use certificate::{Certificate, TrustStore};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// Never rely on the default identity: it is empty in OpenSSL 3.
const ID: &str = "distid:1234567812345678";

pub const ROOT: &str = "basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n\
                        subjectKeyIdentifier = hash";
pub const CA: &str = "basicConstraints = critical, CA:TRUE, pathlen:0\nkeyUsage = critical, keyCertSign, cRLSign\n\
                      subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid:always";
pub const LEAF: &str = "keyUsage = critical, digitalSignature, nonRepudiation\nsubjectKeyIdentifier = hash\n\
                        authorityKeyIdentifier = keyid:always";
/// Ten bytes, the first two name the CA.
pub const SERIAL: &str = "0x1A100000000000000001";

/// 2026-01-02 03:04:05 UTC, as `openssl ca` writes it.
pub const REVOKED_AT: &str = "260102030405Z";
pub const REVOKED_AT_UNIX: i64 = 1_767_323_045;

const CONFIG: &str = "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\n";

/// One folder with keys and certificates by name: `NAME.key`, `NAME.pem`, `NAME.der`.
pub struct Pki {
    dir: TempDir,
}

/// What `issue` is told; the rest of a certificate is the same for all.
pub struct Order<'a> {
    pub name: &'a str,
    pub issuer: &'a str,
    pub subject: &'a str,
    pub extensions: &'a str,
    pub serial: &'a str,
    pub days: &'a str,
    /// Arguments of `openssl req` that choose string types.
    pub request: &'a [&'a str],
}

impl Default for Order<'_> {
    fn default() -> Self {
        Self {
            name: "leaf",
            issuer: "ca",
            subject: "/C=CN/O=某某科技/CN=测试单位",
            extensions: LEAF,
            serial: SERIAL,
            days: "365",
            request: &["-utf8"],
        }
    }
}

impl Pki {
    pub fn new() -> Self {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("openssl.cnf"), CONFIG).unwrap();
        Self { dir }
    }

    /// A root "root", an operation CA "ca" and a leaf "leaf".
    pub fn with_chain() -> Self {
        let pki = Self::new();
        pki.root("root", "/C=CN/O=NRCAC/CN=ROOTCA");
        pki.issue(&Order {
            name: "ca",
            issuer: "root",
            subject: CA_SUBJECT,
            extensions: CA,
            serial: "2",
            ..Order::default()
        });
        pki.issue(&Order::default());
        pki
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    pub fn write(&self, file: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(file);
        fs::write(&path, content).unwrap();
        path
    }

    /// Runs `openssl` in the folder and gives what it prints; a failure fails the test.
    pub fn openssl(&self, args: &[&str]) -> String {
        let output = Command::new("openssl").args(args).current_dir(self.dir.path()).output().unwrap();
        assert!(output.status.success(), "openssl {args:?}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn key(&self, name: &str) {
        if !self.path(&format!("{name}.key")).exists() {
            self.openssl(&["genpkey", "-algorithm", "SM2", "-out", &format!("{name}.key")]);
        }
    }

    pub fn root(&self, name: &str, subject: &str) {
        self.self_signed(name, subject, ROOT);
    }

    pub fn self_signed(&self, name: &str, subject: &str, extensions: &str) {
        self.key(name);
        self.write("self.cnf", format!("{CONFIG}[ext]\n{extensions}\n"));
        let (key, pem) = (format!("{name}.key"), format!("{name}.pem"));
        self.openssl(&[
            "req",
            "-x509",
            "-new",
            "-utf8",
            "-key",
            &key,
            "-sm3",
            "-sigopt",
            ID,
            "-days",
            "3650",
            "-config",
            "self.cnf",
            "-extensions",
            "ext",
            "-subj",
            subject,
            "-out",
            &pem,
        ]);
        self.to_der(name);
    }

    pub fn issue(&self, order: &Order<'_>) {
        let name = order.name;
        self.key(name);
        self.write("ext.cnf", format!("[ext]\n{}\n", order.extensions));
        let (key, csr, pem) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
        let (ca, ca_key) = (format!("{}.pem", order.issuer), format!("{}.key", order.issuer));
        let config = if self.path("request.cnf").exists() { "request.cnf" } else { "openssl.cnf" };
        let mut request = vec![
            "req",
            "-new",
            "-key",
            &key,
            "-sm3",
            "-sigopt",
            ID,
            "-config",
            config,
            "-subj",
            order.subject,
            "-out",
            &csr,
        ];
        request.extend(order.request);
        self.openssl(&request);
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &csr,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-sm3",
            "-sigopt",
            ID,
            "-vfyopt",
            ID,
            "-days",
            order.days,
            "-set_serial",
            order.serial,
            "-extfile",
            "ext.cnf",
            "-extensions",
            "ext",
            "-out",
            &pem,
        ]);
        self.to_der(name);
    }

    fn to_der(&self, name: &str) {
        self.openssl(&["x509", "-in", &format!("{name}.pem"), "-outform", "DER", "-out", &format!("{name}.der")]);
    }

    pub fn der(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(&format!("{name}.der"))).unwrap()
    }

    pub fn certificate(&self, name: &str) -> Certificate {
        Certificate::parse(&self.der(name)).unwrap()
    }

    /// A store of these certificates.
    pub fn store(&self, names: &[&str]) -> TrustStore {
        let mut store = TrustStore::default();
        names.iter().for_each(|name| store.add(self.certificate(name)));
        store
    }

    /// A revocation list of `issuer` with the lines `SERIAL REASON`, in DER.
    pub fn crl(&self, issuer: &str, revoked: &[(&str, &str)], extensions: &str) -> Vec<u8> {
        let lines = revoked.iter().map(|(serial, reason)| {
            let serial = serial.trim_start_matches("0x");
            format!("R\t491231235959Z\t{REVOKED_AT},{reason}\t{serial}\tunknown\t/CN=x\n")
        });
        self.write("index.txt", lines.collect::<String>());
        let section = if extensions.is_empty() { "" } else { "crl_extensions = ext\n" };
        let config = format!(
            "[ca]\ndefault_ca = c\n[c]\ndatabase = index.txt\ndefault_md = sm3\ndefault_crl_days = 7\n{section}[ext]\n{extensions}\n"
        );
        self.write("crl.cnf", config);
        let (key, pem) = (format!("{issuer}.key"), format!("{issuer}.pem"));
        self.openssl(&[
            "ca", "-gencrl", "-config", "crl.cnf", "-keyfile", &key, "-cert", &pem, "-md", "sm3", "-sigopt", ID,
            "-out", "list.pem",
        ]);
        self.openssl(&["crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der"]);
        fs::read(self.path("list.der")).unwrap()
    }

    /// One line of `openssl x509 -noout` output.
    pub fn x509(&self, name: &str, args: &[&str]) -> String {
        let file = format!("{name}.pem");
        let all = [["x509", "-noout", "-in", &file].as_slice(), args].concat();
        self.openssl(&all).trim().to_owned()
    }
}

pub const CA_SUBJECT: &str = "/C=CN/O=BJCA/OU=BJCA/CN=Beijing SM2 CA";
