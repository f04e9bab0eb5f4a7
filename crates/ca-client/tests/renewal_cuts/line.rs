//! The line itself: a relay between client and service that cuts one connection at a byte.
#![allow(dead_code)] // every test crate uses its part

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineCut {
    /// The request is taken, and goes nowhere.
    Request,
    /// Of the answer so many bytes arrive.
    Answer(usize),
    /// Of the answer all bytes but one arrive.
    LastByte,
}

/// A relay; each connection carries one request.
pub struct Line {
    pub port: u16,
    connections: Arc<AtomicUsize>,
}

impl Line {
    pub fn to(service: u16, cut: Option<(usize, LineCut)>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections: Arc<AtomicUsize> = Arc::default();
        let counted = Arc::clone(&connections);
        // ends with the process
        thread::spawn(move || {
            while let Ok((mut near, _)) = listener.accept() {
                let number = counted.fetch_add(1, Ordering::Relaxed) + 1;
                let cut = cut.filter(|(at, _)| *at == number).map(|(_, cut)| cut);
                let Some(request) = message(&mut near) else { continue };
                if cut == Some(LineCut::Request) {
                    continue;
                }
                let mut far = TcpStream::connect(("127.0.0.1", service)).unwrap();
                far.write_all(&request).unwrap();
                let answer = message(&mut far).unwrap();
                let passed = match cut {
                    Some(LineCut::Answer(bytes)) => bytes.min(answer.len()),
                    Some(LineCut::LastByte) => answer.len() - 1,
                    _ => answer.len(),
                };
                // the client may have gone
                let _ = near.write_all(&answer[..passed]);
            }
        });
        Self { port, connections }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// Head and body of a request or an answer, as they came.
fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut reader = BufReader::new(stream);
    let (mut all, mut length) = (Vec::new(), 0);
    loop {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok().filter(|read| *read > 0)?;
        all.extend_from_slice(&line);
        let line = String::from_utf8(line).ok()?.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
    }
    let head = all.len();
    all.resize(head + length, 0);
    reader.read_exact(&mut all[head..]).ok()?;
    Some(all)
}
