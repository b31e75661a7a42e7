//! [`ViewerPool`]: all viewers of a run, and the counts of how their connections ended.

use std::collections::BTreeMap;
use std::io;

use mio::event::Event as Readiness;
use mio::{Registry, Token};

use super::bench_target::BenchTarget;
use super::client_connection::{ClientConnection, ConnectionEnd, ReadContext};
use super::delivery_stats::DeliveryStats;
use super::record_reader::RecordReader;
use super::sequence_tracker::SequenceTracker;
use super::wire_protocol;

/// All viewers of a run, with the reader and the statistics that they share.
#[derive(Debug)]
pub(super) struct ViewerPool {
    target: BenchTarget,
    viewers: Vec<Option<BenchViewer>>,
    /// Viewers that have joined, including those that have disconnected since.
    pub(super) joined: usize,
    /// Viewers that are connected or connecting.
    pub(super) connected: usize,
    /// Connections that ended after joining, counted by reason.
    pub(super) lost: BTreeMap<String, usize>,
    /// Why the first viewer that failed to join did so.
    pub(super) join_error: Option<ConnectionEnd>,
    pub(super) reader: RecordReader,
    pub(super) stats: DeliveryStats,
}

#[derive(Debug)]
struct BenchViewer {
    connection: ClientConnection,
    sequence: SequenceTracker,
}

/// How far behind viewers are at the end of the measurement.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct HeldBack {
    /// Records that are due and have not arrived, over all viewers.
    pub(super) records: u64,
    /// Viewers that are behind.
    pub(super) viewers: usize,
    /// Records missing at the viewer that is furthest behind.
    pub(super) worst: u64,
}

impl ViewerPool {
    /// Creates a pool without viewers.
    pub(super) fn new(target: BenchTarget, reader: RecordReader) -> Self {
        Self {
            target,
            viewers: Vec::new(),
            joined: 0,
            connected: 0,
            lost: BTreeMap::new(),
            join_error: None,
            reader,
            stats: DeliveryStats::new(),
        }
    }

    /// Number of connections opened so far, including those that have ended.
    pub(super) const fn opened_count(&self) -> usize {
        self.viewers.len()
    }

    /// Opens one more viewer.
    pub(super) fn open(&mut self, registry: &Registry) -> io::Result<()> {
        let connection = ClientConnection::open(&self.target, registry, Token(self.viewers.len()))?;
        self.viewers.push(Some(BenchViewer {
            connection,
            sequence: SequenceTracker::default(),
        }));
        self.connected += 1;
        Ok(())
    }

    /// Handles readiness of a viewer's socket.
    pub(super) fn on_ready(
        &mut self,
        readiness: &Readiness,
        registry: &Registry,
        context: &mut ReadContext,
    ) {
        let number = readiness.token().0;
        let Self {
            target,
            viewers,
            connected,
            reader,
            stats,
            ..
        } = self;
        let Some(Some(BenchViewer {
            connection,
            sequence,
        })) = viewers.get_mut(number)
        else {
            // An event of a connection that ended earlier in the same poll.
            return;
        };
        let (had_joined, viewer_count) = (connection.has_joined, *connected);
        let advanced = connection.on_ready(readiness, target, registry, context, |content, now| {
            reader.on_message(content, now, viewer_count, sequence, stats);
        });
        let has_joined = connection.has_joined;
        self.joined += usize::from(has_joined && !had_joined);
        match advanced {
            Ok(len) if had_joined => stats.add_bytes(len as u64),
            Ok(_) => {}
            Err(end) => self.on_end(number, has_joined, end),
        }
    }

    fn on_end(&mut self, number: usize, has_joined: bool, end: ConnectionEnd) {
        self.viewers[number] = None;
        self.connected -= 1;
        if has_joined {
            *self.lost.entry(end.label()).or_default() += 1;
        } else {
            self.join_error.get_or_insert(end);
        }
    }

    /// How far behind `seq` the connected viewers are. A viewer without any record counts as being at `from`.
    pub(super) fn held_back(&self, from: u64, seq: u64) -> HeldBack {
        let mut held = HeldBack::default();
        for viewer in self.viewers.iter().flatten() {
            let missing = seq.saturating_sub(viewer.sequence.last().unwrap_or(from));
            held.records += missing;
            held.viewers += usize::from(missing > 0);
            held.worst = held.worst.max(missing);
        }
        held
    }

    /// Sends each viewer's closing message; the server then closes the connection.
    pub(super) fn disconnect(&mut self) {
        let closing = wire_protocol::goodbye(self.target.protocol);
        for viewer in &mut self.viewers {
            // Without a closing message, or if it cannot be sent, the connection is dropped instead.
            let sent = viewer
                .as_mut()
                .map(|viewer| viewer.connection.send(&closing));
            if closing.is_empty() || matches!(sent, Some(Err(_))) {
                self.connected -= usize::from(viewer.take().is_some());
            }
        }
    }
}
