//! Runs the program and speaks the wire with it.

use gm::{cbc_mac, ecb_encrypt, pad80, pin_key};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

pub const PIN: &str = "123456";
const PROGRAM: &str = env!("CARGO_BIN_EXE_virtual-key");

/// A folder for state files.
pub struct Folder(tempfile::TempDir, std::cell::Cell<u32>);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap(), std::cell::Cell::new(0))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn program(&self, arguments: &[&str]) -> Output {
        Command::new(PROGRAM).current_dir(self.path()).args(arguments).output().unwrap()
    }

    /// Makes a key and returns its state file.
    pub fn key(&self, options: &[&str]) -> PathBuf {
        self.1.set(self.1.get() + 1);
        let file = self.path().join(format!("key{}.json", self.1.get()));
        let mut arguments = vec!["new", "--out", file.to_str().unwrap()];
        arguments.extend(options);
        let output = self.program(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        file
    }
}

/// The program at work; ended when dropped.
pub struct Running {
    child: Arc<Mutex<Child>>,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: String,
    address: Option<String>,
}

impl Running {
    pub fn start(arguments: &[&str]) -> Self {
        let mut child =
            Command::new(PROGRAM).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (send, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        let stdin = child.stdin.take();
        Self { child: Arc::new(Mutex::new(child)), stdin, lines, seen: String::new(), address: None }
    }

    /// Blocks until a line begins like this; fails when the program ends before.
    pub fn wait_for(&mut self, beginning: &str) -> String {
        loop {
            let line = self.lines.recv().unwrap_or_else(|_| panic!("no '{beginning}' in {}", self.seen));
            self.seen.push_str(&line);
            self.seen.push('\n');
            if line.starts_with(beginning) {
                return line;
            }
        }
    }

    /// Connects to `--tcp 0` and waits until the key is in.
    pub fn connect(&mut self) -> TcpStream {
        if self.address.is_none() {
            self.address = self.wait_for("listening ").split(' ').nth(1).map(str::to_owned);
        }
        let address = self.address.clone().unwrap();
        let stream = TcpStream::connect(&address).unwrap();
        stream.set_nodelay(true).unwrap();
        self.wait_for("connected ");
        stream
    }

    pub fn tell(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Kills the program at a moment.
    pub fn kill_at(&self, moment: Instant) -> JoinHandle<()> {
        let child = Arc::clone(&self.child);
        std::thread::spawn(move || {
            while Instant::now() < moment {
                std::hint::spin_loop();
            }
            let mut child = child.lock().unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
        })
    }

    /// Waits for the end and returns everything that was printed.
    pub fn finish(&mut self) -> String {
        while let Ok(line) = self.lines.recv() {
            self.seen.push_str(&line);
            self.seen.push('\n');
        }
        self.child.lock().unwrap().wait().unwrap();
        self.seen.clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(mut child) = self.child.lock() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub fn send(stream: &mut TcpStream, frame: &[u8]) -> io::Result<()> {
    let length = u16::try_from(frame.len()).unwrap().to_be_bytes();
    stream.write_all(&[length.as_slice(), frame].concat())
}

pub fn exchange(stream: &mut TcpStream, frame: &[u8]) -> io::Result<Vec<u8>> {
    send(stream, frame)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

/// A way to send a command; `None` when the key is gone.
type Wire<'a> = &'a mut dyn FnMut(&[u8]) -> Option<Vec<u8>>;

pub fn word(wire: Wire<'_>, apdu: &[u8]) -> Option<u16> {
    let answer = wire(apdu)?;
    Some(u16::from_be_bytes(*answer.last_chunk().unwrap()))
}

pub fn open(wire: Wire<'_>) -> Option<()> {
    let apdu = [[0x80, 0x26, 0, 0, 0, 0, 16].as_slice(), b"BJCA-Application", &[0, 10]].concat();
    word(wire, &apdu).map(|word| assert_eq!(word, 0x9000))
}

fn challenge(wire: Wire<'_>) -> Option<[u8; 8]> {
    let answer = wire(&[0x80, 0x50, 0, 0, 0, 0, 8])?;
    Some(answer[..8].try_into().unwrap())
}

pub fn verify(wire: Wire<'_>, pin: &str) -> Option<u16> {
    let random = challenge(wire)?;
    let block = [&[8, 0], random.as_slice(), &[0x80, 0, 0, 0, 0, 0]].concat();
    let cipher = ecb_encrypt(&pin_key(pin.as_bytes()), &block).unwrap();
    word(wire, &[[0x80, 0x18, 0, 1, 0, 0, 18, 0x10, 0].as_slice(), &cipher].concat())
}

/// VerifyPIN with the old PIN, then ChangePIN to a new one of at most 13 bytes.
pub fn change(wire: Wire<'_>, old: &str, new: &str) -> Option<u16> {
    if verify(wire, old)? != 0x9000 {
        panic!("{old} is refused");
    }
    let random = challenge(wire)?;
    let key = pin_key(old.as_bytes());
    let length = u16::try_from(new.len()).unwrap().to_le_bytes();
    let cipher = ecb_encrypt(&key, &pad80(&[length.as_slice(), new.as_bytes()].concat())).unwrap();
    let mut iv = [0; 16];
    iv[..8].copy_from_slice(&random);
    let mac = cbc_mac(&key, &iv, &pad80(new.as_bytes())).unwrap();
    word(wire, &[[0x84, 0x16, 0, 1, 0, 0, 22, 0x10, 0].as_slice(), &cipher, &mac[..4]].concat())
}
