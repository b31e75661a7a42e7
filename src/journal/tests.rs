use std::fs;
use std::num::NonZeroU64;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::clock::Clock;
use crate::protocol::{Author, Micros};
use crate::timeline::{Segment, Timeline};

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
        rate: if number.is_multiple_of(2) { "50" } else { "49.999" }
            .parse()
            .unwrap(),
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

/// A step of a random run.
#[derive(Debug, Clone, Copy)]
enum Step {
    Seqs(u64),
    Change {
        rate: u64,
        is_wanted: bool,
    },
    Set {
        looping: bool,
    },
    Rewrite,
    /// The process dies.
    Kill,
    /// A power failure: this part of what follows the first entry is lost.
    Cut(f64),
    /// The disk changes a bit in this place of the file.
    Flip {
        place: f64,
        bit: u32,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (72..900_u64).prop_map(Step::Seqs),
        6 => (1..100_u64, any::<bool>())
            .prop_map(|(rate, is_wanted)| Step::Change { rate, is_wanted }),
        1 => any::<bool>().prop_map(|looping| Step::Set { looping }),
        1 => Just(Step::Rewrite),
        1 => Just(Step::Kill),
        3 => (0.0..1.0).prop_map(Step::Cut),
        1 => (0.0..1.0, 0..8_u32).prop_map(|(place, bit)| Step::Flip { place, bit }),
    ]
}

/// A journal, and what it has to contain at each length of its file.
struct Run {
    folder: Folder,
    inode: u64,
    /// The length of the file after each write, and what had been committed by then. Grows until the file is replaced.
    history: Vec<(u64, Checkpoints)>,
}

impl Run {
    fn new() -> Self {
        let mut folder = Folder::new(&checkpoints());
        folder.journal().rewrite().unwrap();
        let history = vec![(folder.len(), checkpoints())];
        Self {
            inode: folder.inode(),
            folder,
            history,
        }
    }

    fn state(&self) -> &Checkpoints {
        &self.history.last().unwrap().1
    }

    /// Records what was committed last.
    fn record(&mut self, state: Checkpoints) {
        assert_eq!(self.folder.journal().checkpoints, state);
        if self.folder.inode() != self.inode {
            self.history.clear();
            self.inode = self.folder.inode();
        }
        self.history.push((self.folder.len(), state));
    }

    /// Starts another process, which has to find `expected`.
    fn reopen(&mut self, expected: &Checkpoints) {
        assert_eq!(self.folder.reopen(), *expected);
        self.folder.journal().rewrite().unwrap();
        self.record(expected.clone());
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Seqs(seq) => {
                let mut state = self.state().clone();
                state
                    .values_mut()
                    .for_each(|topic| topic.seq = Seq::saturating(seq));
                self.folder.write_seqs(seq);
                self.record(state);
            }
            Step::Change { rate, is_wanted } => {
                let rate = rate.to_string();
                let change = |(name, old): (&TopicName, &Checkpoint)| {
                    let new = if is_wanted {
                        with_change(old, &rate)
                    } else {
                        old.clone()
                    };
                    (name.clone(), new)
                };
                let state = self.state().iter().map(change).collect();
                self.folder.change(&rate, is_wanted);
                self.record(state);
            }
            Step::Set { looping } => {
                let set = Checkpoints::from([("set".parse().unwrap(), checkpoint(looping))]);
                let mut state = self.state().clone();
                state.extend(set.clone());
                self.folder.journal().set(set).unwrap();
                self.record(state);
            }
            Step::Rewrite => {
                self.folder.journal().rewrite().unwrap();
                self.record(self.state().clone());
            }
            Step::Kill => self.reopen(&self.state().clone()),
            Step::Cut(part) => self.cut(part),
            Step::Flip { place, bit } => self.flip(place, bit),
        }
    }

    fn cut(&mut self, part: f64) {
        let (first, len) = (self.history[0].0, self.folder.len());
        let len = place(part, len - first) + first;
        let file = fs::File::options().write(true).open(self.folder.entries());
        file.unwrap().set_len(len).unwrap();
        let is_whole = |(end, _): &&(u64, Checkpoints)| *end <= len;
        let (_, expected) = self.history.iter().rfind(is_whole).unwrap().clone();
        self.reopen(&expected);
    }

    fn flip(&mut self, part: f64, bit: u32) {
        let mut bytes = fs::read(self.folder.entries()).unwrap();
        let place = usize::try_from(place(part, bytes.len() as u64)).unwrap();
        bytes[place] ^= 1 << bit;
        fs::write(self.folder.entries(), &bytes).unwrap();
        self.folder.journal = None;
        let found = Journal::open(self.folder.folder.path())
            .unwrap()
            .checkpoints;
        // Either all is set aside, or at most the last two entries, which a flipped line feed merges, are missing.
        let mut last = self.history.iter().rev().map(|(_, state)| state).take(3);
        assert!(found.is_empty() || last.any(|state| *state == found));
        if found.is_empty() {
            // Begins again: a run without topics proves little.
            *self = Self::new();
        } else {
            self.reopen(&found);
        }
    }
}

/// This part of `len`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a small file"
)]
fn place(part: f64, len: u64) -> u64 {
    (part * len as f64) as u64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_was_committed_is_read_back_after_any_crash(steps in proptest::collection::vec(step(), 1..40)) {
        let mut run = Run::new();
        for step in steps {
            run.take(step);
        }
        run.take(Step::Kill);
    }
}
