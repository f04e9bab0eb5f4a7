//! Entries, cuts, damage, locks, permissions.

use super::{Entry, Journal};
use crate::entry::{Download, KeyBinding, Sent};
use crate::renewal::{DownloadStep, Step};
use base::fault::FaultCode;
use gm::PublicKey;
use order_api::{Base64, Order, OrderKind, OrderState, Period, SessionKey};
use std::path::PathBuf;

fn entry() -> Entry {
    let period = Period { from: 1, until: 2 };
    Entry {
        id: String::new(),
        ca: "demo".to_owned(),
        kind: OrderKind::Renew,
        created: 10,
        binding: KeyBinding {
            device_serial: "5303".to_owned(),
            container: "old".to_owned(),
            certificate: Base64(vec![1, 2, 3]),
            // the base point is as good as any
            key: SessionKey(gm::PrivateKey::from_bytes(&[1; 32]).unwrap().public()),
        },
        holder: "某某".to_owned(),
        old: period,
        new: period,
        sent: Some(Sent {
            body: Base64(b"{}".to_vec()),
            session: "s".to_owned(),
            signature: Base64(vec![9]),
            idempotency_key: "k".to_owned(),
        }),
        order: None,
        token: "secret".to_owned(),
        download: None,
        unlock: None,
        finished: None,
    }
}

fn order(state: OrderState) -> Order {
    let period = Period { from: 1, until: 2 };
    Order {
        no: "20260101-000001".to_owned(),
        kind: OrderKind::Renew,
        state,
        next_actions: Vec::new(),
        holder: String::new(),
        certificate_serial: String::new(),
        device_serial: String::new(),
        old: period,
        new: period,
        fee_fen: 0,
        mobile: String::new(),
        created: 0,
        updated: 0,
        reason: None,
        expires: None,
        issued: Vec::new(),
        unlock: None,
    }
}

fn download() -> Download {
    let key: Option<SessionKey> = None;
    let step = DownloadStep::GenerateKey;
    Download { step, container: "new".to_owned(), key, csr: Some(Base64(vec![1])), package: Some(Base64(vec![2])) }
}

fn journal() -> (tempfile::TempDir, Journal) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::at(folder.path().join("deep/orders"));
    (folder, journal)
}

fn files(journal: &Journal) -> Vec<String> {
    let names = std::fs::read_dir(&journal.folder).unwrap();
    let mut names: Vec<String> = names.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn file(journal: &Journal, id: &str) -> PathBuf {
    journal.folder.join(format!("{id}.json"))
}

#[test]
fn an_empty_journal_has_no_folder_and_no_entries() {
    let (_folder, journal) = journal();
    assert_eq!(journal.entries(), Ok((Vec::new(), Vec::new())));
    assert!(!journal.folder.exists(), "reading makes nothing");
    assert_eq!(journal.open("00").err().map(|fault| fault.code), Some(FaultCode::OrderNotFound));
}

#[test]
fn entries_are_read_again_as_written_newest_first() {
    let (_folder, journal) = journal();
    let first = journal.create(entry()).unwrap();
    let second = journal.create(Entry { created: 11, ..entry() }).unwrap();
    let expected = vec![second.entry().clone(), first.entry().clone()];
    assert_ne!(expected[0].id, expected[1].id);
    assert_eq!(journal.entries(), Ok((expected, Vec::new())), "also while they are open");
}

#[test]
fn a_change_is_on_the_disk_when_update_returns() {
    let (_folder, journal) = journal();
    let mut open = journal.create(entry()).unwrap();
    open.update(|entry| entry.order = Some(order(OrderState::Reviewing))).unwrap();
    let id = open.entry().id.clone();
    // the program is killed: nothing of it is asked again
    std::mem::forget(open);
    assert_eq!(journal.entries().unwrap().0[0].step(), Step::Waiting(OrderState::Reviewing));
    assert_eq!(journal.entries().unwrap().0[0].id, id);
}

#[test]
fn a_cut_between_writing_and_renaming_leaves_the_old_entry() {
    let (_folder, journal) = journal();
    let open = journal.create(entry()).unwrap();
    let id = open.entry().id.clone();
    let before = open.entry().clone();
    drop(open);
    for rest in ["", "{\"format\": 1, \"id\"", "{}"] {
        std::fs::write(journal.folder.join(format!("{id}.json.new")), rest).unwrap();
        assert_eq!(journal.entries(), Ok((vec![before.clone()], Vec::new())));
    }
    let mut open = journal.open(&id).unwrap();
    open.update(|entry| entry.holder = "other".to_owned()).unwrap();
    assert_eq!(journal.entries().unwrap().0[0].holder, "other");
    assert_eq!(files(&journal), [format!("{id}.json"), format!("{id}.lock")], "what the cut left is gone");
}

#[test]
fn a_change_that_can_not_be_written_changes_nothing() {
    let (_folder, journal) = journal();
    let mut open = journal.create(entry()).unwrap();
    let id = open.entry().id.clone();
    // the place of the temporary file is taken: works for every user, also for root
    std::fs::create_dir(journal.folder.join(format!("{id}.json.new"))).unwrap();
    let failed = open.update(|entry| entry.holder = "other".to_owned()).unwrap_err();
    assert_eq!(failed.code, FaultCode::JournalNotUsable);
    assert_eq!(open.entry().holder, "某某");
    assert_eq!(journal.entries().unwrap().0[0].holder, "某某");
}

#[test]
fn a_damaged_file_is_set_aside_and_told_and_the_others_hold() {
    let (_folder, journal) = journal();
    let good = journal.create(entry()).unwrap().entry().clone();
    let ids: Vec<String> = (0..4).map(|_| journal.create(entry()).unwrap().entry().id.clone()).collect();
    std::fs::write(file(&journal, &ids[0]), "").unwrap();
    let whole = std::fs::read(file(&journal, &ids[1])).unwrap();
    std::fs::write(file(&journal, &ids[1]), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(file(&journal, &ids[2]), vec![b' '; (1 << 20) + 1]).unwrap();
    // a whole entry under another's name would be worked on under the wrong lock
    std::fs::copy(file(&journal, &good.id), file(&journal, &ids[3])).unwrap();
    let (entries, damaged) = journal.entries().unwrap();
    assert_eq!(entries, [good]);
    let mut aside: Vec<_> = damaged.iter().map(|damaged| damaged.file.clone()).collect();
    aside.sort();
    let mut expected: Vec<_> = ids.iter().map(|id| file(&journal, id).with_extension("damaged")).collect();
    expected.sort();
    assert_eq!(aside, expected);
    assert!(aside.iter().all(|file| file.exists()));
    assert_eq!(journal.entries().unwrap().1, [], "told once");
    let fault = journal.open(&ids[0]).err().unwrap();
    assert_eq!(fault.code, FaultCode::OrderNotFound);
}

#[test]
fn opening_a_damaged_entry_sets_it_aside() {
    let (_folder, journal) = journal();
    let id = journal.create(entry()).unwrap().entry().id.clone();
    std::fs::write(file(&journal, &id), "{").unwrap();
    assert_eq!(journal.open(&id).err().map(|fault| fault.code), Some(FaultCode::JournalDamaged));
    assert!(file(&journal, &id).with_extension("damaged").exists());
}

#[test]
fn an_entry_of_a_later_program_is_left_alone() {
    let (_folder, journal) = journal();
    let id = journal.create(entry()).unwrap().entry().id.clone();
    let later = format!("{{\"format\": 2, \"id\": \"{id}\", \"new\": true}}");
    std::fs::write(file(&journal, &id), &later).unwrap();
    assert_eq!(journal.entries(), Ok((Vec::new(), Vec::new())));
    assert_eq!(journal.open(&id).err().map(|fault| fault.code), Some(FaultCode::JournalNotUsable));
    assert_eq!(std::fs::read_to_string(file(&journal, &id)).unwrap(), later);
}

#[cfg(unix)]
#[test]
fn files_are_for_this_person_only() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, journal) = journal();
    let open = journal.create(entry()).unwrap();
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(journal.folder.clone()), 0o700);
    for name in files(&journal) {
        assert_eq!(mode(journal.folder.join(&name)), 0o600, "{name}");
    }
    drop(open);
}

#[test]
fn one_program_at_a_time_works_on_an_order() {
    let (_folder, journal) = journal();
    let open = journal.create(entry()).unwrap();
    let id = open.entry().id.clone();
    let other = Journal::at(journal.folder);
    assert_eq!(other.open(&id).err().map(|fault| fault.code), Some(FaultCode::OrderInUse));
    assert_eq!(other.forget(&id).err().map(|fault| fault.code), Some(FaultCode::OrderInUse));
    drop(open);
    assert!(other.open(&id).is_ok());
}

#[test]
fn an_id_that_is_none_leads_nowhere() {
    let (folder, journal) = journal();
    journal.create(entry()).unwrap();
    std::fs::write(folder.path().join("deep/secret.json"), "{").unwrap();
    for id in ["", "../secret", "..", "a/b", "a\\b", "x", &"0".repeat(65)] {
        assert_eq!(journal.open(id).err().map(|fault| fault.code), Some(FaultCode::OrderNotFound), "{id}");
    }
    assert!(folder.path().join("deep/secret.json").exists());
}

#[test]
fn an_order_is_forgotten_unless_the_key_holds_a_part_of_it() {
    let (_folder, journal) = journal();
    let mut open = journal.create(entry()).unwrap();
    let id = open.entry().id.clone();
    open.update(|entry| (entry.order, entry.download) = (Some(order(OrderState::Issued)), Some(download()))).unwrap();
    let refused = open.forget().unwrap_err();
    assert_eq!(refused.code, FaultCode::OrderOnKey);
    assert!(!refused.sentences(true).what.contains('{'));
    let mut open = journal.open(&id).unwrap();
    open.update(|entry| entry.finish(20)).unwrap();
    drop(open);
    journal.forget(&id).unwrap();
    assert_eq!(files(&journal), [""; 0]);
    let waiting = journal.create(entry()).unwrap();
    waiting.forget().unwrap();
    assert_eq!(files(&journal), [""; 0]);
}

#[test]
fn a_finished_entry_keeps_nothing_that_opens_or_names_more_than_it_must() {
    let (_folder, journal) = journal();
    let mut open = journal.create(entry()).unwrap();
    open.update(|entry| {
        (entry.order, entry.download) = (Some(order(OrderState::Installed)), Some(download()));
        entry.finish(20);
    })
    .unwrap();
    let text = std::fs::read_to_string(file(&journal, &open.entry().id)).unwrap();
    assert!(!text.contains("secret") && !text.contains("csr\": \""), "{text}");
    assert_eq!(open.entry().step(), Step::Done);
    assert_eq!(open.entry().download.as_ref().unwrap().container, "new");
}

#[test]
fn the_step_follows_order_and_download() {
    let step = |state: Option<OrderState>, on_key: bool, finished: bool| {
        let download = on_key.then(download);
        Entry { order: state.map(order), download, finished: finished.then_some(1), ..entry() }.step()
    };
    assert_eq!(step(None, false, false), Step::Submit);
    assert_eq!(step(None, false, true), Step::Failed(OrderState::Cancelled), "refused when it was sent again");
    for state in OrderState::ALL {
        let expected = match state {
            OrderState::Submitted | OrderState::Reviewing | OrderState::Payment => Step::Waiting(state),
            OrderState::Rejected | OrderState::Expired | OrderState::Cancelled => Step::Failed(state),
            _ => Step::Download(DownloadStep::Prepare),
        };
        assert_eq!(step(Some(state), false, false), expected);
    }
    assert_eq!(step(Some(OrderState::Issued), true, false), Step::Download(DownloadStep::GenerateKey));
    assert_eq!(step(Some(OrderState::Installed), true, false), Step::Download(DownloadStep::GenerateKey));
    assert_eq!(step(Some(OrderState::Expired), true, false), Step::Failed(OrderState::Expired));
    assert_eq!(step(Some(OrderState::Installed), true, true), Step::Done);
    assert_eq!(step(Some(OrderState::Issued), true, true), Step::Failed(OrderState::Cancelled), "not known any more");
}

#[test]
fn a_key_that_is_no_point_of_the_curve_is_damage() {
    let (_folder, journal) = journal();
    let mut wrong = entry();
    wrong.binding.key = SessionKey(PublicKey([7; 64]));
    let id = journal.create(wrong).unwrap().entry().id.clone();
    assert_eq!(journal.open(&id).err().map(|fault| fault.code), Some(FaultCode::JournalDamaged));
}

/// The Debian packages keep the orders of a person for whom this line stands in a file (installer/linux/debian/postrm).
#[test]
fn a_file_says_in_one_line_whether_the_order_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::at(folder.path().to_owned());
    let mut open = journal.create(entry()).unwrap();
    let file = folder.path().join(format!("{}.json", open.entry().id));
    let ended = |time: &str| {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<_> = text.lines().filter(|line| line.contains("\"finished\"")).map(str::to_owned).collect();
        assert_eq!(lines, [format!("  \"finished\": {time}")], "{text}");
    };
    ended("null");
    open.update(|entry| entry.finished = Some(1_790_000_000)).unwrap();
    ended("1790000000");
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_without_locks_is_worked_in_and_a_broken_one_is_not() {
    use super::is_ours;
    use std::fs::TryLockError;
    use std::io::Error;
    let locked =
        |number| is_ours(Err(TryLockError::Error(Error::from_raw_os_error(number)))).map_err(|fault| fault.code);
    // ENOLCK, ENOSYS; EIO
    assert_eq!([locked(37), locked(38), locked(5)], [Ok(()), Ok(()), Err(FaultCode::JournalNotUsable)]);
    assert_eq!(is_ours(Err(TryLockError::WouldBlock)).unwrap_err().code, FaultCode::OrderInUse);
}
