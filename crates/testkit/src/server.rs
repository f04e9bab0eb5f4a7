//! A web server on the loopback that answers every request in the way it is told.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How to answer.
pub enum Answer {
    /// 200 with this body.
    Body(Vec<u8>),
    /// 200 with this body, said to be JSON.
    Json(Vec<u8>),
    /// Another status, no body.
    Status(u16),
    /// 302 to this address.
    Redirect(String),
    /// 302 to itself so many times, then the body.
    RedirectTimes(usize, Vec<u8>),
    /// 200 with a body that has no end.
    Endless,
    /// 200 with the head of a long body, byte after byte with pauses.
    Trickle,
    /// Closes the connection in the middle of the body.
    CutShort,
}

pub struct Server {
    address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Serves on a thread that ends with the test; at first every request gets a 404.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let answer = Arc::new(Mutex::new(Answer::Status(404)));
        let server = Self { address: listener.local_addr().unwrap(), answer, requests: Arc::default() };
        let (answer, requests) = (Arc::clone(&server.answer), Arc::clone(&server.requests));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let before = requests.fetch_add(1, Ordering::SeqCst);
                // the client may go away at any time
                let _ = stream.and_then(|stream| reply(stream, &answer.lock().unwrap(), before));
            }
        });
        server
    }

    /// Changes the answer and counts requests from here.
    pub fn answer(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
        self.requests.store(0, Ordering::SeqCst);
    }

    pub fn url(&self) -> String {
        format!("http://{}/list.crl", self.address)
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// An address where nobody listens.
pub fn dead_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/list.crl", listener.local_addr().unwrap())
}

fn reply(mut stream: TcpStream, answer: &Answer, before: usize) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    let ok = |length: usize| format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    let redirect =
        |to: &str| format!("HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: {to}\r\n\r\n");
    match answer {
        Answer::RedirectTimes(times, _) if before < *times => stream.write_all(redirect("/again").as_bytes()),
        Answer::Body(body) | Answer::RedirectTimes(_, body) => {
            stream.write_all(ok(body.len()).as_bytes())?;
            stream.write_all(body)
        }
        Answer::Json(body) => {
            let length = body.len();
            write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n")?;
            write!(stream, "Content-Length: {length}\r\n\r\n")?;
            stream.write_all(body)
        }
        Answer::Status(status) => {
            write!(stream, "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        }
        Answer::Redirect(to) => stream.write_all(redirect(to).as_bytes()),
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[0x30; 4096])?;
            }
        }
        Answer::Trickle => {
            stream.write_all(ok(1000).as_bytes())?;
            for _ in 0..1000 {
                stream.write_all(&[0x30])?;
                stream.flush()?;
                thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        }
        Answer::CutShort => stream.write_all(&[ok(1000).as_bytes(), &[0x30; 10]].concat()),
    }
}
