//! Writes the seeds of the targets `session`, `certificate` and `structure` anew, for when commands or structures change:
//! `cargo run --manifest-path fuzz/Cargo.toml --example seeds`. Seeds with other names stay.

use token::apdu::{Command, Response};
use certificate::Certificate;
use gm::csr::UnsignedCsr;
use gm::csr_response::CsrResponse;
use gm::enveloped_key::EnvelopedKey;
use gm::signed_data::{self, Content};
use gm::{PrivateKey, enveloped_data, signature_to_der};
use token::{Channel, Transport, TransportError};
use virtual_key::personalise::personalise;
use virtual_key::{Outcome, Spec, State, TestCa, VirtualKey};
use cert_assistant_fuzz::session;
use std::path::Path;
use std::sync::{Arc, Mutex};

const LOOK: u8 = session::READ | session::PIN_INFO | session::PUBLIC_KEY | session::FILE;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ca = TestCa::create()?;
    write("certificate/root", ca.root())?;
    write("certificate/operation-ca", ca.operation())?;
    for &(name, state) in State::ALL {
        record(&ca, state, &format!("{name}-look"), LOOK)?;
    }
    record(&ca, State::Valid, "valid-verify", session::VERIFY)?;
    record(&ca, State::Valid, "valid-change", session::READ | session::CHANGE)?;
    record(&ca, State::Locked, "locked-change", session::CHANGE)?;
    record(&ca, State::Valid, "valid-sign", session::READ | session::SIGN)?;
    record(&ca, State::Valid, "valid-renew", session::READ | session::RENEW)?;
    let state = personalise(&Spec::new("示例有限公司", "10200000016873"), &ca)?;
    for container in state.applications.iter().flat_map(|application| &application.containers) {
        write("certificate/sign", container.sign.certificate.as_deref().unwrap_or_default())?;
        write("certificate/encrypt", container.encrypt.certificate.as_deref().unwrap_or_default())?;
    }
    structures(&ca)
}

/// One of each structure, all of one authority.
fn structures(ca: &TestCa) -> Result<(), Box<dyn std::error::Error>> {
    let key = ca.operation_key();
    let certificate = ca.operation();
    let read = Certificate::parse(certificate)?;
    let holder = read.holder().ok_or("no SM2 key")?;
    let request = UnsignedCsr::new(read.subject.der(), &key.public())?;
    let signature = key.sign_digest(&request.digest())?;
    write("structure/signature", &signature_to_der(&signature)?)?;
    write("structure/request", &request.finish(&signature)?)?;
    let envelope = EnvelopedKey::build(&holder.key, &PrivateKey::generate()?)?;
    write("structure/cipher", &envelope.wrapped.to_der()?)?;
    write("structure/envelope", &envelope.to_der()?)?;
    let certificates = vec![ca.root().to_vec(), certificate.to_vec()];
    let response = CsrResponse { sign: certificates.clone(), key: Some(envelope), encrypt: certificates };
    write("structure/response", &response.to_der()?)?;
    let signature = key.sign_message(b"content")?;
    for (kind, name) in [(Content::Attached, "attached"), (Content::Detached, "detached")] {
        write(&format!("structure/{name}"), &signed_data::build(certificate, &holder, b"content", kind, &signature)?)?;
    }
    write("structure/sealed", &enveloped_data::seal(&holder, b"content")?)?;
    write("structure/certificate", certificate)?;
    Ok(())
}

fn write(name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    file.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    std::fs::write(file, bytes)
}

fn record(ca: &TestCa, state: State, name: &str, operations: u8) -> Result<(), Box<dyn std::error::Error>> {
    let state = personalise(&Spec::new("示例有限公司", "10200000016873").state(state), ca)?;
    let tape = Arc::new(Mutex::new(vec![operations]));
    session::operate(operations, Box::new(Recorder { key: VirtualKey::new(state), tape: Arc::clone(&tape) }));
    let tape = tape.lock().map_err(|_| "the recorder failed")?;
    Ok(write(&format!("session/{name}"), &tape)?)
}

struct Recorder {
    key: VirtualKey,
    tape: Arc<Mutex<Vec<u8>>>,
}

impl Transport for Recorder {
    fn begin(&mut self) -> Result<Box<dyn Channel + '_>, TransportError> {
        Ok(Box::new(Recording(self)))
    }

    fn atr(&self) -> &[u8] {
        self.key.atr()
    }
}

struct Recording<'a>(&'a mut Recorder);

impl Channel for Recording<'_> {
    fn transmit(&mut self, command: &Command) -> Result<Response, TransportError> {
        let bytes = command.encode().map_err(|_| TransportError::TooLong)?;
        let Outcome::Answer(answer) = self.0.key.exchange(bytes.expose()) else { return Err(TransportError::Removed) };
        let length = u16::try_from(answer.len()).map_err(|_| TransportError::Garbage)?;
        if let Ok(mut tape) = self.0.tape.lock() {
            tape.extend_from_slice(&length.to_be_bytes());
            tape.extend_from_slice(&answer);
        }
        Response::parse(&answer).map_err(|_| TransportError::Garbage)
    }

    fn was_reset(&self) -> bool {
        false
    }
}
