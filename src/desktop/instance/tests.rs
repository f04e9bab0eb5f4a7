use super::{Call, Instance, Place, QUIT, Start, Target, line};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Longer than any of these takes; a test that fails waits so long.
const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_line_is_short_and_ends() {
    assert_eq!(line(&b"check\nmore"[..]).as_deref(), Some("check"));
    assert_eq!(line(&b"check"[..]), None);
    assert_eq!(line(&[b'a'; 500][..]), None);
    assert_eq!(line(&b"\xFF\n"[..]), None);
}

fn first(place: &Place) -> (Instance, Receiver<Call>) {
    let Start::First(first) = place.start(&Target::Window, LONG) else { panic!("must be the first") };
    let (tell, heard) = channel();
    first.listen(move |call| tell.send(call).is_ok());
    (first, heard)
}

#[test]
fn a_second_start_hands_its_wish_over_and_after_the_first_another_is_first() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::at(folder.path(), "desk");
    let (instance, heard) = first(&place);
    let wish = Target::Renew(Some("12".to_owned()));
    assert!(matches!(place.start(&wish, LONG), Start::Second));
    assert_eq!(heard.recv().unwrap(), Call::Show(wish.clone()));
    assert!(matches!(Place::at(folder.path(), "practice").start(&wish, LONG), Start::First(_)), "practice is its own");
    drop(instance);
    assert!(matches!(place.start(&wish, LONG), Start::First(_)));
}

#[cfg(unix)]
#[test]
fn a_socket_left_by_a_crash_is_taken_over_by_one_of_many() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::at(folder.path(), "desk");
    drop(std::os::unix::net::UnixListener::bind(place.file("socket")).unwrap());
    assert!(place.file("socket").exists());
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let place = place.clone();
            std::thread::spawn(move || {
                let start = place.start(&Target::Check, LONG);
                if let Start::First(instance) = &start {
                    instance.listen(|call| call == Call::Show(Target::Check));
                }
                start
            })
        })
        .collect();
    let starts: Vec<_> = starts.into_iter().map(|start| start.join().unwrap()).collect();
    assert_eq!(starts.iter().filter(|start| matches!(start, Start::First(_))).count(), 1);
    assert_eq!(starts.iter().filter(|start| matches!(start, Start::Second)).count(), 7);
}

#[test]
fn a_first_that_does_not_answer_is_told_and_is_not_joined_by_a_second_window() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::at(folder.path(), "desk");
    let Start::First(_silent) = place.start(&Target::Window, LONG) else { panic!("must be the first") };
    assert!(matches!(place.start(&Target::Window, Duration::from_millis(50)), Start::Hung));
}

#[cfg(unix)]
#[test]
fn nonsense_is_not_heard_and_the_door_stays_open() {
    use std::io::{Read, Write};
    let folder = tempfile::tempdir().unwrap();
    let place = Place::at(folder.path(), "desk");
    let (_instance, heard) = first(&place);
    for nonsense in ["rm -rf /\n", "\n", "cert-assistant:renew?serial=../..\n", "cert-assistant:quit\n", "quit?\n"] {
        let mut stream = std::os::unix::net::UnixStream::connect(place.file("socket")).unwrap();
        stream.write_all(nonsense.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, b"");
    }
    assert!(matches!(place.start(&Target::Orders, LONG), Start::Second));
    assert_eq!(heard.recv().unwrap(), Call::Show(Target::Orders));
}

#[cfg(unix)]
#[test]
fn only_a_folder_of_this_person_alone_will_do() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().metadata().unwrap().uid();
    let mode = |mode| std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o700);
    assert!(super::system::is_private(folder.path(), own));
    assert!(!super::system::is_private(folder.path(), own + 1));
    let link = folder.path().join("link");
    symlink(folder.path(), &link).unwrap();
    assert!(!super::system::is_private(&link, own));
    mode(0o755);
    assert!(!super::system::is_private(folder.path(), own));
    let nowhere = Place::at(&folder.path().join("none"), "desk");
    assert!(matches!(nowhere.start(&Target::Window, LONG), Start::Alone(_)));
}

#[test]
fn only_the_argument_can_ask_the_first_to_end_and_no_link() {
    assert_eq!(Call::parse(QUIT), Some(Call::Quit));
    for link in
        ["cert-assistant:quit", "cert-assistant://quit/", "cert-assistant:quit?serial=1", "Quit", "quit ", " quit"]
    {
        assert_eq!(Call::parse(link), None, "{link}");
    }
    assert_eq!(Target::parse(QUIT), None, "as an argument of --open it is refused too");
}

#[test]
fn quitting_waits_for_the_first_to_be_gone_and_says_when_it_stays() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::at(folder.path(), "desk");
    assert!(place.quit(LONG).unwrap(), "none ever ran");
    let (instance, heard) = first(&place);
    assert!(!place.quit(Duration::from_millis(200)).unwrap(), "it was asked and stays");
    assert_eq!(heard.recv().unwrap(), Call::Quit);
    let leaves = std::thread::spawn(move || {
        assert_eq!(heard.recv().unwrap(), Call::Quit);
        drop(instance);
        heard.try_iter().count()
    });
    assert!(place.quit(LONG).unwrap());
    assert_eq!(leaves.join().unwrap(), 0, "asked once");
    assert!(place.quit(LONG).unwrap(), "none runs any more");
    assert!(matches!(place.start(&Target::Window, LONG), Start::First(_)), "asking keeps nobody out");
}
