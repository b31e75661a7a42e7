use std::os::unix::fs::symlink;

use super::*;

fn replace(folder: &StateFolder, bytes: &[u8]) {
    folder.replace_format(bytes).unwrap();
}

#[test]
fn a_folder_is_created_with_its_parents_and_locked_once() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("a/b/c");
    let folder = StateFolder::lock(&path).unwrap();
    let is_locked = || matches!(StateFolder::lock(&path), Err(JournalError::Locked { .. }));
    assert!(is_locked());
    fs::remove_file(path.join(LOCK)).unwrap();
    assert!(
        is_locked(),
        "deleting the lock file must not release the folder"
    );
    drop(folder);
    assert!(StateFolder::lock(&path).is_ok());
}

#[test]
fn earlier_damaged_journals_are_not_overwritten() {
    let parent = tempfile::tempdir().unwrap();
    let folder = StateFolder::lock(parent.path()).unwrap();
    assert_eq!(folder.read(FORMAT).unwrap(), None);
    for text in ["one", "two", "three"] {
        replace(&folder, text.as_bytes());
        let aside = folder.set_aside(&[FORMAT]).unwrap();
        assert_eq!(fs::read_to_string(aside).unwrap(), text);
    }
    let text = |name: &str| fs::read_to_string(parent.path().join(name)).unwrap();
    assert_eq!(text("journal.damaged-1"), "one");
    assert_eq!(folder.read(FORMAT).unwrap(), None);
    // Files that belong together get the same number.
    fs::write(folder.path(ENTRIES), "of four").unwrap();
    folder.set_aside(&[ENTRIES]).unwrap();
    assert_eq!(text("journal.damaged-4.entries"), "of four");
    replace(&folder, b"five");
    fs::write(folder.path(ENTRIES), "of five").unwrap();
    let aside = folder.set_aside(&[FORMAT, ENTRIES]).unwrap();
    assert_eq!(fs::read_to_string(aside).unwrap(), "five");
    assert_eq!(text("journal.damaged-5.entries"), "of five");
}

#[test]
fn a_torn_write_does_not_prevent_the_next_one() {
    let parent = tempfile::tempdir().unwrap();
    let folder = StateFolder::lock(parent.path()).unwrap();
    replace(&folder, b"whole");
    fs::write(parent.path().join(NEXT), "a longer text, torn").unwrap();
    assert_eq!(folder.read(FORMAT).unwrap(), Some(Ok(b"whole".to_vec())));
    replace(&folder, b"next");
    assert_eq!(folder.read(FORMAT).unwrap(), Some(Ok(b"next".to_vec())));
}

#[test]
fn a_link_named_like_the_next_journal_is_replaced_and_not_followed() {
    let parent = tempfile::tempdir().unwrap();
    let folder = StateFolder::lock(parent.path()).unwrap();
    let other = parent.path().join("other");
    fs::write(&other, "another program's").unwrap();
    symlink(&other, parent.path().join(NEXT)).unwrap();
    replace(&folder, b"ours");
    assert_eq!(fs::read_to_string(other).unwrap(), "another program's");
    assert_eq!(folder.read(FORMAT).unwrap(), Some(Ok(b"ours".to_vec())));
}

#[test]
fn a_replaced_folder_is_detected_and_not_written_to() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("state");
    let first = StateFolder::lock(&path).unwrap();
    first.check_not_replaced().unwrap();
    fs::rename(&path, parent.path().join("moved")).unwrap();
    assert!(first.check_not_replaced().is_err());
    let second = StateFolder::lock(&path).unwrap();
    replace(&second, b"second");
    let problem = first.check_not_replaced().unwrap_err().to_string();
    assert!(problem.contains("was deleted or replaced"), "{problem}");
    replace(&first, b"first");
    assert_eq!(second.read(FORMAT).unwrap(), Some(Ok(b"second".to_vec())));
}

#[test]
fn a_replaced_lock_file_is_detected() {
    let parent = tempfile::tempdir().unwrap();
    let folder = StateFolder::lock(parent.path()).unwrap();
    let lock = parent.path().join(LOCK);
    fs::rename(&lock, parent.path().join("other")).unwrap();
    assert!(folder.check_not_replaced().is_err());
    fs::write(&lock, "").unwrap();
    assert!(folder.check_not_replaced().is_err());
}
