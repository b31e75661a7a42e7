//! A journal that is written, killed, cut and damaged at random is read as what was committed.

use proptest::prelude::*;

use super::*;

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
        // What leaves no trace is no entry.
        if self
            .history
            .last()
            .is_none_or(|(end, _)| *end != self.folder.len())
        {
            self.history.push((self.folder.len(), state));
        }
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
