//! Command chaining by CLA bit 5 (wire-format/commands.md#chaining): `90 … 90 … 80`, same INS P1 P2, the data fields
//! joined. Seen on the wire for ImportCertificate.

use super::{Command, CommandView, Le};
use crate::apdu::command::CHAIN_BIT;
use zeroize::Zeroizing;

/// Splits data into a chain of commands: `first` bytes in the first one, `piece` bytes in each further one.
/// The vendor's host sends the fixed head of ImportCertificate alone, then the certificate in pieces.
#[must_use]
pub fn split(header: [u8; 4], data: &[u8], first: usize, piece: usize, le: Le) -> Vec<Command> {
    let [cla, ins, p1, p2] = header;
    let (head, tail) = data.split_at(first.min(data.len()));
    let pieces: Vec<&[u8]> = std::iter::once(head).chain(tail.chunks(piece.max(1))).collect();
    let last = pieces.len() - 1;
    pieces
        .into_iter()
        .enumerate()
        .map(|(index, bytes)| {
            let (class, le) = if index == last { (cla & !CHAIN_BIT, le) } else { (cla | CHAIN_BIT, Le::Absent) };
            Command::new(class, ins, p1, p2).data(bytes).le(le)
        })
        .collect()
}

/// Collects a chain on the key's side; wiped when dropped.
#[derive(Default)]
pub struct Chain {
    open: Option<[u8; 3]>,
    data: Zeroizing<Vec<u8>>,
}

/// What a received command is within a chain.
pub enum Chained {
    /// Not the last: answer 9000 and wait.
    Waiting,
    /// Complete: the class without the chain bit, and all data.
    Complete(Zeroizing<Vec<u8>>),
}

/// The chain is broken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ChainError {
    /// INS, P1 or P2 changed inside a chain.
    #[error("the chain was interrupted by another command")]
    Interrupted,
    /// More data than `limit` was collected.
    #[error("the chain is longer than the key takes")]
    TooLong,
}

impl Chain {
    /// Takes the next command; `limit` bounds the collected data.
    ///
    /// # Errors
    /// [`ChainError`]; the collected data is dropped then.
    pub fn take(&mut self, view: &CommandView<'_>, limit: usize) -> Result<Chained, ChainError> {
        let head = [view.ins, view.p1, view.p2];
        if self.open.is_some_and(|open| open != head) {
            self.clear();
            return Err(ChainError::Interrupted);
        }
        if self.data.len() + view.data.len() > limit {
            self.clear();
            return Err(ChainError::TooLong);
        }
        self.data.extend_from_slice(view.data);
        if view.cla & CHAIN_BIT == 0 {
            self.open = None;
            return Ok(Chained::Complete(std::mem::take(&mut self.data)));
        }
        self.open = Some(head);
        Ok(Chained::Waiting)
    }

    /// Forgets what was collected (reset, power loss).
    pub fn clear(&mut self) {
        self.open = None;
        self.data = Zeroizing::default();
    }
}

#[cfg(test)]
mod tests {
    use super::{Chain, ChainError, Chained, split};
    use crate::apdu::{CommandView, Le};

    #[test]
    fn a_split_command_is_collected_to_the_same_data() {
        let data: Vec<u8> = (0..1009u32).map(|n| n as u8).collect();
        let commands = split([0x80, 0x4C, 0, 0], &data, 9, 480, Le::Absent);
        let classes: Vec<u8> = commands.iter().map(|command| command.header()[0]).collect();
        assert_eq!(classes, [0x90, 0x90, 0x90, 0x80]);
        let mut chain = Chain::default();
        let mut joined = None;
        for command in &commands {
            let bytes = command.encode().unwrap();
            match chain.take(&CommandView::parse(bytes.expose()).unwrap(), 4096).unwrap() {
                Chained::Waiting => assert!(joined.is_none()),
                Chained::Complete(all) => joined = Some(all.to_vec()),
            }
        }
        assert_eq!(joined, Some(data));
    }

    #[test]
    fn a_chain_interrupted_or_too_long_is_dropped() {
        let mut chain = Chain::default();
        let first = CommandView::parse(&[0x90, 0x4C, 0, 0, 1, 7]).unwrap();
        let other = CommandView::parse(&[0x80, 0x18, 0, 0, 1, 7]).unwrap();
        assert!(matches!(chain.take(&first, 9), Ok(Chained::Waiting)));
        assert_eq!(chain.take(&other, 9).err(), Some(ChainError::Interrupted));
        assert!(matches!(chain.take(&other, 9), Ok(Chained::Complete(data)) if *data == [7]));
        assert_eq!(chain.take(&first, 0).err(), Some(ChainError::TooLong));
    }
}
