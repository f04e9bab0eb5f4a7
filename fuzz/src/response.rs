//! APDUs from the wire: parsing takes anything, and what was parsed, built, split or joined is the same again.

use token::apdu::{Chain, Chained, Command, CommandView, Le, Response, split};

/// Longest chain collected here.
const LIMIT: usize = 2048;

pub fn run(data: &[u8]) {
    if let Ok(response) = Response::parse(data) {
        assert_eq!(response.encode(), data);
        let _ = response.sw.meaning();
    }
    if let Ok(view) = CommandView::parse(data) {
        rebuilt(&view);
    }
    if let Some((&[first, piece], data)) = data.split_first_chunk() {
        split_and_joined(data, usize::from(first), usize::from(piece));
    }
    strange_chain(data);
}

fn rebuilt(view: &CommandView<'_>) {
    let le = match view.ne {
        None => Le::Absent,
        Some(65_536) => Le::Any,
        Some(n) => Le::Exactly(u16::try_from(n).unwrap()),
    };
    let bytes = Command::new(view.cla, view.ins, view.p1, view.p2).data(view.data).le(le).encode().unwrap();
    assert!(CommandView::parse(bytes.expose()).unwrap() == *view, "a built command parses to itself");
}

fn split_and_joined(data: &[u8], first: usize, piece: usize) {
    let commands = split([0x80, 0x4C, 1, 2], data, first, piece, Le::Any);
    let mut chain = Chain::default();
    let mut joined = None;
    for command in &commands {
        assert!(joined.is_none(), "only the last command completes the chain");
        let bytes = command.encode().unwrap();
        if let Chained::Complete(all) = chain.take(&CommandView::parse(bytes.expose()).unwrap(), data.len()).unwrap() {
            joined = Some(all);
        }
    }
    assert_eq!(joined.unwrap().as_slice(), data);
}

/// Commands as a hostile host sends them: one length byte, then the command, again and again.
fn strange_chain(mut data: &[u8]) {
    let mut chain = Chain::default();
    while let Some((&length, rest)) = data.split_first() {
        let (bytes, rest) = rest.split_at(usize::from(length).min(rest.len()));
        if let Ok(view) = CommandView::parse(bytes)
            && let Ok(Chained::Complete(all)) = chain.take(&view, LIMIT)
        {
            assert!(all.len() <= LIMIT);
        }
        data = rest;
    }
}
