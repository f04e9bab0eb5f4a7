//! The loopback ports pages ask for a certificate tool at: free, or held by whom.
//!
//! Linux: `/proc/net/tcp` and `tcp6` give the socket behind a listening port, `/proc/PID/fd` the process that holds it
//! (proc(5)). Elsewhere a port is only tried.

use crate::check::{Line, Probe, ProbeId, Scene, Statement, Verdict};
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

/// Port of `ws://127.0.0.1/xtxapp/` and of its TLS twin, as pages of the field ask for them.
const USUAL: [u16; 2] = [21051, 21061];

/// Who holds a port.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Holder {
    /// A process of this person, or any when this person may look.
    Process { id: u32, name: String },
    /// A process that may not be looked at.
    Hidden,
}

/// Looks at loopback ports.
pub struct Ports {
    ports: Vec<u16>,
}

impl Default for Ports {
    fn default() -> Self {
        Self::new(USUAL.to_vec())
    }
}

impl Ports {
    /// Looks at these ports.
    #[must_use]
    pub const fn new(ports: Vec<u16>) -> Self {
        Self { ports }
    }
}

impl Probe for Ports {
    fn id(&self) -> ProbeId {
        ProbeId::Ports
    }

    fn run(&self, scene: &Scene) -> Line {
        let held: Vec<(u16, Holder)> =
            self.ports.iter().filter_map(|port| Some((*port, holder(&scene.root, *port)?))).collect();
        let line = match held.first() {
            None => {
                let ports: Vec<String> = self.ports.iter().map(u16::to_string).collect();
                Line::new(self.id(), Verdict::Ok, Statement::new("ports.free").with("ports", ports.join(", ")))
            }
            Some((port, holder)) => Line::new(self.id(), Verdict::Notice, taken(*port, holder))
                .remedy(Statement::new("ports.todo_two"))
                .remedy(Statement::new("ports.todo_end")),
        };
        let line = held.iter().skip(1).fold(line, |line, (port, holder)| line.detail(taken(*port, holder)));
        line.detail(Statement::new("ports.no_bridge"))
    }
}

fn taken(port: u16, holder: &Holder) -> Statement {
    match holder {
        Holder::Process { id, name } => {
            Statement::new("ports.taken").with("port", port).with("program", name).with("pid", id)
        }
        Holder::Hidden => Statement::new("ports.taken_hidden").with("port", port),
    }
}

fn holder(root: &Path, port: u16) -> Option<Holder> {
    let tables = ["proc/net/tcp", "proc/net/tcp6"].map(|table| fs::read_to_string(root.join(table)));
    if tables.iter().all(Result::is_err) {
        return TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err().then_some(Holder::Hidden);
    }
    let socket = tables.iter().flatten().find_map(|table| listening(table, port))?;
    Some(process(root, socket).unwrap_or(Holder::Hidden))
}

/// Inode of the socket that listens at a port where the loopback reaches it; a line is
/// `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …`.
fn listening(table: &str, port: u16) -> Option<u64> {
    const LISTEN: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (address, local) = fields.next()?.split_once(':')?;
        let state = fields.nth(1)?;
        let inode = fields.nth(5)?.parse().ok()?;
        let ours = u16::from_str_radix(local, 16) == Ok(port) && state == LISTEN && reaches_loopback(address);
        ours.then_some(inode)
    })
}

/// An address is written as 32-bit words, each in the byte order of the machine: `0100007F` = 127.0.0.1.
fn reaches_loopback(address: &str) -> bool {
    let any = address.bytes().all(|digit| digit == b'0');
    let loopback = match address.len() {
        8 => address.ends_with("7F"),
        32 => address == "00000000000000000000000001000000" || address == "0000000000000000FFFF00000100007F",
        _ => false,
    };
    any || loopback
}

fn process(root: &Path, socket: u64) -> Option<Holder> {
    let wanted = format!("socket:[{socket}]");
    fs::read_dir(root.join("proc")).ok()?.flatten().find_map(|entry| {
        let id: u32 = entry.file_name().to_str()?.parse().ok()?;
        let files = fs::read_dir(entry.path().join("fd")).ok()?;
        let holds = |file: fs::DirEntry| fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == wanted.as_str());
        if !files.flatten().any(holds) {
            return None;
        }
        let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        Some(Holder::Process { id, name: name.trim().to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use super::{listening, reaches_loopback};

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
        \x20  0: 0100007F:523B 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0\n\
        \x20  1: 0A00000A:5245 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0\n\
        \x20  2: 0100007F:C350 0100007F:5245 01 00000000:00000000 00:00000000 00000000  1000        0 4713 1 0 20 4 30 10 -1\n";

    #[test]
    fn only_a_listener_that_the_loopback_reaches_holds_a_port() {
        assert_eq!(listening(TABLE, 21051), Some(4711));
        assert_eq!(listening(TABLE, 21061), None, "another address, or the far end of a connection");
        assert_eq!(listening(TABLE, 50000), None, "a connection, no listener");
        assert_eq!(listening("rubbish\n x y\n", 1), None);
    }

    #[test]
    fn every_way_to_write_the_loopback_is_known() {
        for address in [
            "0100007F",
            "00000000",
            "00000000000000000000000000000000",
            "00000000000000000000000001000000",
            "0000000000000000FFFF00000100007F",
        ] {
            assert!(reaches_loopback(address), "{address}");
        }
        assert!(!reaches_loopback("0A00000A") && !reaches_loopback("000080FE00000000FF565002BD3B10FE"));
    }
}
