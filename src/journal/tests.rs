use std::fs;
use std::num::NonZeroU64;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::clock::Clock;
use crate::protocol::{Author, Micros, Speed};
use crate::timeline::{Segment, Timeline};

mod random_runs;

/// 2026-01-01T00:00:00Z.
const T0: Micros = Micros::new(1_767_225_600_000_000);

/// A checkpoint with a change of the rate.
pub(super) fn checkpoint(looping: bool) -> Checkpoint {
    let len = NonZeroU64::new(1_000).unwrap();
    let timeline = Timeline::new(T0, "59.94".parse().unwrap(), len, looping);
    let begun = Checkpoint {
        dataset_sha256: [7; 32],
        epoch: timeline.epoch(&[7; 32]).unwrap(),
        timeline,
        version: 1,
        seq: Seq::saturating(70),
    };
    let mut changed = with_change(&begun, "0.001");
    changed.seq = Seq::saturating(71);
    changed
}

/// Two topics, one of which does not loop.
pub(super) fn checkpoints() -> Checkpoints {
    let names = ["ecg", "a.b-c_d"].map(|name| name.parse().unwrap());
    names
        .into_iter()
        .zip([checkpoint(true), checkpoint(false)])
        .collect()
}

/// The checkpoint after a change to `rate`, one second after the last segment begins.
pub(super) fn with_change(old: &Checkpoint, rate: &str) -> Checkpoint {
    let mut timeline = old.timeline.clone();
    let now = timeline.current().t0.after(Duration::from_secs(1));
    let by = Author::new("a test").unwrap();
    timeline.change_rate(rate.parse().unwrap(), by, old.seq, now);
    let is_changed = timeline.current() != old.timeline.current();
    Checkpoint {
        timeline,
        version: old.version + u64::from(is_changed),
        ..old.clone()
    }
}

/// A checkpoint whose timeline is paused, in a segment that replaces an empty one.
pub(super) fn paused() -> Checkpoint {
    let old = checkpoint(true);
    let mut segments = old.timeline.segments().to_vec();
    let empty = Segment {
        seq0: Seq::saturating(72),
        t0: T0.after(Duration::from_secs(3_000)),
        ..segments[1].clone()
    };
    let pause = Segment {
        playing: false,
        ..empty.clone()
    };
    segments.extend([empty, pause]);
    Checkpoint {
        timeline: Timeline::from_segments(segments, old.timeline.len(), true).unwrap(),
        version: 4,
        ..old
    }
}

/// A state folder with an open journal.
struct Folder {
    folder: TempDir,
    journal: Option<Journal>,
}

impl Folder {
    /// A journal that has written `checkpoints`.
    fn new(checkpoints: &Checkpoints) -> Self {
        let folder = TempDir::new().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.set(checkpoints.clone()).unwrap();
        Self {
            folder,
            journal: Some(journal),
        }
    }

    fn journal(&mut self) -> &mut Journal {
        self.journal.as_mut().unwrap()
    }

    fn entries(&self) -> PathBuf {
        self.folder.path().join(ENTRIES)
    }

    fn len(&self) -> u64 {
        fs::metadata(self.entries()).unwrap().len()
    }

    fn inode(&self) -> u64 {
        fs::metadata(self.entries()).unwrap().ino()
    }

    /// What another process reads, now that this one has died.
    fn reopen(&mut self) -> Checkpoints {
        self.journal = None;
        let journal = Journal::open(self.folder.path()).unwrap();
        let found = journal.checkpoints.clone();
        self.journal = Some(journal);
        found
    }

    fn write_seqs(&mut self, seq: u64) {
        let seqs = self.journal().checkpoints.keys();
        let seqs: Vec<_> = seqs
            .map(|name| (name.clone(), Seq::saturating(seq)))
            .collect();
        self.journal().write_seqs(&seqs, false).unwrap();
    }

    /// Changes the rates of all topics, unless the change is unwanted.
    fn change(&mut self, rate: &str, is_wanted: bool) {
        let old = self.journal().checkpoints.iter();
        let new = old.map(|(name, old)| (name.clone(), with_change(old, rate)));
        let new = new.collect();
        let outcome = self.journal().change(new, || is_wanted);
        assert_eq!(outcome.unwrap(), is_wanted);
    }
}

#[test]
fn an_abandoned_change_leaves_no_trace() {
    let mut folder = Folder::new(&checkpoints());
    let before = fs::read(folder.entries()).unwrap();
    folder.change("17.5", false);
    assert_eq!(fs::read(folder.entries()).unwrap(), before);
    assert_eq!(folder.reopen(), checkpoints());
}

#[test]
fn a_topic_that_publishes_nothing_after_a_change_has_its_last_publication_in_the_journal() {
    let mut folder = Folder::new(&checkpoints());
    let publish = |(name, old): (&TopicName, &Checkpoint)| {
        let seq = old.seq.next();
        (
            name.clone(),
            with_change(&Checkpoint { seq, ..old.clone() }, "17.5"),
        )
    };
    let new: Checkpoints = checkpoints().iter().map(publish).collect();
    assert!(folder.journal().change(new.clone(), || true).unwrap());
    folder.write_seqs(72);
    assert_eq!(folder.reopen(), new);
}

#[test]
fn a_change_that_is_only_proposed_is_not_read() {
    let mut folder = Folder::new(&checkpoints());
    let path = folder.entries();
    let mut proposed = Vec::new();
    let new = checkpoints().into_iter();
    let new = new.map(|(name, old)| (name, with_change(&old, "17.5")));
    let new: Checkpoints = new.collect();
    let is_wanted = || {
        proposed = fs::read(&path).unwrap();
        true
    };
    assert!(folder.journal().change(new.clone(), is_wanted).unwrap());
    assert_eq!(folder.reopen(), new);
    // The process dies between the two steps.
    assert!(String::from_utf8_lossy(&proposed).contains("17.5"));
    fs::write(&path, proposed).unwrap();
    assert_eq!(folder.reopen(), checkpoints());
}

#[test]
fn the_file_never_exceeds_twice_its_compact_length_plus_4_kib_and_an_entry() {
    let mut folder = Folder::new(&checkpoints());
    let (mut compact_len, mut inode, mut compactions) = (folder.len(), folder.inode(), 0);
    for seq in 72..1_000 {
        folder.write_seqs(seq);
        if seq % 100 == 0 {
            folder.change(&format!("{seq}"), true);
        }
        if folder.inode() != inode {
            (compact_len, inode) = (folder.len(), folder.inode());
            compactions += 1;
        }
        assert!(folder.len() <= 2 * compact_len + 4 * 1024 + 1_000);
    }
    // Not at each write, and not once in a long while.
    assert!((5..30).contains(&compactions), "{compactions}");
    assert_eq!(folder.reopen()[&"ecg".parse().unwrap()].seq.get(), 999);
}

/// A checkpoint with as many segments as a timeline may have.
fn longest() -> Checkpoint {
    let begun = checkpoint(true);
    let segment = |number: u64| Segment {
        seq0: Seq::saturating(number * 50),
        t0: T0.after(Duration::from_secs(number)),
        index0: number % 1_000,
        position0: None,
        rate: Some(
            if number.is_multiple_of(2) {
                "50"
            } else {
                "49.999"
            }
            .parse()
            .unwrap(),
        ),
        speed: Speed::NORMAL,
        playing: true,
        by: Author::configuration(),
    };
    let count = Timeline::SEGMENTS_MAX as u64;
    let segments: Vec<_> = (1..=count).map(segment).collect();
    Checkpoint {
        timeline: Timeline::from_segments(segments, begun.timeline.len(), true).unwrap(),
        version: count + 17,
        seq: Seq::saturating(count * 50 + 3),
        ..begun
    }
}

#[test]
fn a_write_costs_what_has_changed_however_many_segments_there_are() {
    let name = "ecg".parse::<TopicName>().unwrap();
    let mut folder = Folder::new(&Checkpoints::from([(name.clone(), longest())]));
    // Opening it once makes the file compact.
    assert_eq!(folder.reopen()[&name], longest());
    folder.write_seqs(5_000_004);
    let (len, inode) = (folder.len(), folder.inode());
    for more in 1..=20 {
        folder.write_seqs(5_000_004 + more);
        assert!(folder.len() - len <= more * 100);
    }
    let len = folder.len();
    folder.change("7", true);
    assert!(folder.len() - len < 1_000);
    assert_eq!(folder.inode(), inode);
    // The oldest segment was dropped, and the epoch does not depend on it.
    let clock = Clock::start();
    let found = folder.reopen();
    assert!(
        clock.uptime() < Duration::from_secs(5),
        "{:?}",
        clock.uptime()
    );
    let found = &found[&name];
    assert_eq!(found.timeline.segments().len(), Timeline::SEGMENTS_MAX);
    assert_eq!(
        found.timeline.segments()[0],
        longest().timeline.segments()[1]
    );
    assert_eq!(found.epoch, longest().epoch);
    assert_eq!(found.version, longest().version + 1);
}

#[test]
fn a_file_that_another_program_changes_or_deletes_is_written_again() {
    let mut folder = Folder::new(&checkpoints());
    let (entries, format) = (folder.entries(), folder.folder.path().join(FORMAT));
    let interfere: [&dyn Fn(); 5] = [
        &|| fs::remove_file(&entries).unwrap(),
        &|| fs::remove_file(&format).unwrap(),
        &|| fs::rename(&entries, entries.with_extension("moved")).unwrap(),
        &|| fs::write(&entries, "short").unwrap(),
        &|| {
            let more = [fs::read(&entries).unwrap(), b"more".to_vec()].concat();
            fs::write(&entries, more).unwrap();
        },
    ];
    for (seq, interfere) in (80..).zip(interfere) {
        interfere();
        folder.write_seqs(seq);
        let found = folder.reopen();
        assert_eq!(found[&"ecg".parse().unwrap()].seq.get(), seq);
        folder.write_seqs(seq);
    }
}
