//! `Crowd`: all viewers of a run, and what has become of them.

use std::collections::BTreeMap;
use std::io;

use mio::event::Event as Readiness;
use mio::{Registry, Token};

use super::connection::{Connection, End, Inlet};
use super::dialect;
use super::follower::Follower;
use super::reader::Reader;
use super::tally::Tally;
use super::target::Target;

/// The viewers, and how to read what they get.
#[derive(Debug)]
pub(super) struct Crowd {
    target: Target,
    viewers: Vec<Option<Viewer>>,
    /// Those that have joined, whether they are still there or not.
    pub(super) joined: usize,
    /// Those that are connected or are about to be.
    pub(super) present: usize,
    /// Connections that ended after having joined, by how.
    pub(super) lost: BTreeMap<String, usize>,
    /// Why one could not join, if one could not.
    pub(super) refused: Option<End>,
    pub(super) reader: Reader,
    pub(super) tally: Tally,
}

#[derive(Debug)]
struct Viewer {
    connection: Connection,
    follower: Follower,
}

/// How far behind viewers are at the end.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct HeldBack {
    /// Records that were due and are missing, over all viewers.
    pub(super) records: u64,
    /// Viewers that miss any.
    pub(super) viewers: usize,
    /// The most that one of them misses.
    pub(super) worst: u64,
}

impl Crowd {
    /// Nobody yet.
    pub(super) fn new(target: Target, reader: Reader) -> Self {
        Self {
            target,
            viewers: Vec::new(),
            joined: 0,
            present: 0,
            lost: BTreeMap::new(),
            refused: None,
            reader,
            tally: Tally::new(),
        }
    }

    /// How many have been opened, whatever became of them.
    pub(super) const fn opened(&self) -> usize {
        self.viewers.len()
    }

    /// Opens one more.
    pub(super) fn open(&mut self, registry: &Registry) -> io::Result<()> {
        let connection = Connection::open(&self.target, registry, Token(self.viewers.len()))?;
        self.viewers.push(Some(Viewer {
            connection,
            follower: Follower::default(),
        }));
        self.present += 1;
        Ok(())
    }

    /// Lets the viewer that `readiness` is for go on.
    pub(super) fn advance(
        &mut self,
        readiness: &Readiness,
        registry: &Registry,
        inlet: &mut Inlet,
    ) {
        let number = readiness.token().0;
        let Self {
            target,
            viewers,
            present,
            reader,
            tally,
            ..
        } = self;
        let Some(Some(Viewer {
            connection,
            follower,
        })) = viewers.get_mut(number)
        else {
            // News of a connection that has ended in the same round.
            return;
        };
        let (had_joined, everybody) = (connection.has_joined, *present);
        let advanced = connection.advance(readiness, target, registry, inlet, |content, now| {
            reader.read(content, now, everybody, follower, tally);
        });
        let has_joined = connection.has_joined;
        self.joined += usize::from(has_joined && !had_joined);
        match advanced {
            Ok(len) if had_joined => tally.read(len as u64),
            Ok(_) => {}
            Err(end) => self.ended(number, has_joined, end),
        }
    }

    fn ended(&mut self, number: usize, has_joined: bool, end: End) {
        self.viewers[number] = None;
        self.present -= 1;
        if has_joined {
            *self.lost.entry(end.label()).or_default() += 1;
        } else {
            self.refused.get_or_insert(end);
        }
    }

    /// How far behind `seq` those are that are still there. One that has nothing at all misses what came after `from`.
    pub(super) fn held_back(&self, from: u64, seq: u64) -> HeldBack {
        let mut held = HeldBack::default();
        for viewer in self.viewers.iter().flatten() {
            let missing = seq.saturating_sub(viewer.follower.last().unwrap_or(from));
            held.records += missing;
            held.viewers += usize::from(missing > 0);
            held.worst = held.worst.max(missing);
        }
        held
    }

    /// Everybody says good-bye; the servers close.
    pub(super) fn take_leave(&mut self) {
        let farewell = dialect::farewell(self.target.dialect);
        for viewer in &mut self.viewers {
            // Without a farewell the end of the connection is one; and so it is where none can be said.
            let said = viewer
                .as_mut()
                .map(|viewer| viewer.connection.say(&farewell));
            if farewell.is_empty() || matches!(said, Some(Err(_))) {
                self.present -= usize::from(viewer.take().is_some());
            }
        }
    }
}
