//! `LaneViewers`: decides which viewers of a lane are served when: after an event, in a sweep, from the backfill queue,
//! or when a timer expires.
//!
//! Each function does a bounded amount of work, so that joins, reads, sweeps and backfill do not wait for each other.

use std::time::Duration;

use mio::event::Event;

use super::drain::{Drain, DrainPhase};
use super::ids::{ConnectionId, LaneTopicId, SubscriptionId};
use super::lane_shared::{LaneShared, NewViewer};
use super::lane_topic::GroupVisit;
use super::socket_writer::WriteBudget;
use super::viewer_connection::{ReadOutcome, ViewerConnection};
use super::viewer_session::DrainAction;
use super::viewer_table::ViewerTable;
use crate::protocol::Micros;

/// The viewers of one lane, and whose turn it is.
#[derive(Debug)]
pub(super) struct LaneViewers<'a> {
    shared: &'a LaneShared,
    pub(super) table: ViewerTable<'a>,
    /// Scratch space for a sweep; empty between turns.
    visits: Vec<GroupVisit>,
    /// Scratch space for reading from any socket.
    read_buffer: [u8; ViewerConnection::READ_LEN],
}

impl<'a> LaneViewers<'a> {
    // These bounds keep a turn at some milliseconds, so that a rush of joins, which fills every turn with events, joins
    // and backfill, does not delay sweeps.
    /// The approximate number of viewers of all topics served by sweeps in one turn.
    const SWEEP_VISITS_MAX: usize = 1_024;
    /// Viewers of one group served before it is the turn of the other groups.
    const SWEEP_VISITS_PER_GROUP: usize = 256;
    /// How long a turn spends on backfill before it ends. One block takes microseconds or, if long and compressed,
    /// milliseconds.
    const BACKFILL_TIME_MAX: Duration = Duration::from_millis(1);

    pub(super) const fn new(shared: &'a LaneShared, table: ViewerTable<'a>) -> Self {
        Self {
            shared,
            table,
            visits: Vec::new(),
            read_buffer: [0; ViewerConnection::READ_LEN],
        }
    }

    /// Returns whether there is work left that no event announces.
    pub(super) fn is_busy(&self) -> bool {
        !self.table.ready.is_empty()
            || !self.table.backfill_queue.is_empty()
            || self.table.topics.is_sweeping()
    }

    /// Admits a new viewer, sends its first messages, and handles the input that came with the handshake.
    pub(super) fn admit(&mut self, new_viewer: NewViewer, phase: DrainPhase) {
        let leftover = new_viewer.leftover.clone();
        let now = self.shared.clock.now();
        let Some(id) = self.table.insert(new_viewer, phase, now) else {
            return;
        };
        // `hello` goes out before the responses to input that came with the handshake.
        self.serve_all(id);
        let retry_ms = self.shared.drain.retry_ms();
        if let Some(connection) = self.table.connection(id) {
            connection.on_bytes(&leftover, retry_ms, now);
            self.serve_all(id);
        }
    }

    /// Handles an event of a connection.
    pub(super) fn on_event(&mut self, event: &Event) {
        let Some(id) = ConnectionId::from_token(event.token()) else {
            return;
        };
        let Some(connection) = self.table.connection(id) else {
            return;
        };
        if event.is_writable() {
            connection.mark_writable();
        }
        let is_gone = event.is_read_closed() || event.is_error();
        if is_gone && connection.is_reading_disabled() {
            // The lane no longer reads from this socket, so no read would notice.
            self.table.remove(id);
        } else if event.is_readable() || is_gone {
            self.read_and_serve(id);
        } else {
            self.serve_all(id);
        }
    }

    /// Serves the next viewers of all sweeps, up to the limit of a turn.
    pub(super) fn sweep(&mut self) {
        let mut visits = std::mem::take(&mut self.visits);
        let mut served = 0;
        while served < Self::SWEEP_VISITS_MAX {
            self.table
                .topics
                .advance_sweeps(Self::SWEEP_VISITS_PER_GROUP, &mut visits);
            if visits.is_empty() {
                break;
            }
            // A viewer may leave during the sweep. If another takes its id, serving that one does no harm.
            for group_visit in visits.drain(..) {
                let id = group_visit.visit.id;
                // Viewers that wait for backfill must not delay live viewers.
                if self.table.is_served_by_sweeps(id) {
                    self.serve(id);
                    served += 1;
                }
                if let Some(edge) = group_visit.visit.edge {
                    let now = self.shared.clock.now();
                    self.table.topics.on_lap_edge(group_visit, edge, now);
                }
            }
        }
        self.visits = visits;
    }

    /// Reads from and serves the connections that are ready.
    pub(super) fn serve_ready(&mut self) {
        for id in std::mem::take(&mut self.table.ready) {
            self.read_and_serve(id);
        }
    }

    /// Handles a connection's input, then serves it.
    fn read_and_serve(&mut self, id: ConnectionId) {
        let Some(connection) = self.table.connection(id) else {
            return;
        };
        let retry_ms = self.shared.drain.retry_ms();
        match connection.read(&mut self.read_buffer, retry_ms, &self.shared.clock) {
            Ok(outcome) => {
                if outcome == ReadOutcome::Yield {
                    self.table.ready.push(id);
                }
                self.table.take_report(id);
                self.serve_all(id);
            }
            Err(_) => self.table.remove(id),
        }
    }

    /// Serves all subscriptions of a connection.
    fn serve_all(&mut self, id: ConnectionId) {
        for id in id.subscriptions() {
            self.serve(id);
        }
    }

    /// Writes what a subscription has not been sent yet, except long messages.
    fn serve(&mut self, id: SubscriptionId) {
        self.table.serve(id, WriteBudget::live());
    }

    /// Serves subscriptions of the backfill queue, one block each, in the time that live viewers leave. During a sweep,
    /// it serves only one of them, so that live viewers and these take turns.
    pub(super) fn serve_backfill(&mut self) {
        let is_sweeping = self.table.topics.is_sweeping();
        let until = self.shared.clock.now().after(Self::BACKFILL_TIME_MAX);
        // Subscriptions that are queued again during this loop have had their block for this turn.
        for _ in 0..self.table.backfill_queue.len() {
            let Some(id) = self.table.backfill_queue.pop() else {
                return;
            };
            if self.table.push_backfill_chunk(id) {
                self.table.serve(id, WriteBudget::long());
            }
            if is_sweeping || self.shared.clock.now() >= until {
                return;
            }
        }
    }

    /// Handles the timers that have expired.
    pub(super) fn expire_timers(&mut self) {
        let now = self.shared.clock.now();
        while let Some(slot) = self.table.timers.expire(now) {
            for id in slot.keys {
                self.on_timer(id, slot.at, now);
            }
        }
    }

    /// Handles the timer of connection `id` that was to expire at `at`.
    fn on_timer(&mut self, id: ConnectionId, at: Micros, now: Micros) {
        // Unread input may extend the deadline: after a stall of the hub, every viewer has some.
        self.read_and_serve(id);
        if self.table.on_timer(id, at, now) {
            self.serve_all(id);
        }
    }

    /// Schedules the `bye` of each viewer, because the hub is draining.
    pub(super) fn schedule_byes(&mut self) {
        let now = self.shared.clock.now();
        let ids = self.table.ids();
        for (n, id) in ids.iter().enumerate() {
            let at = now.after(self.shared.drain.bye_delay(n, ids.len()));
            self.table
                .schedule_drain_action(*id, at, DrainAction::SendBye);
        }
    }

    /// Has the viewers of the topics in `closed` leave, at the pace of a drain. What has been published before is sent.
    pub(super) fn schedule_leaving(&mut self, closed: &[LaneTopicId]) {
        for topic_id in closed {
            let lane_topic = &self.table.topics[*topic_id];
            let Some(closure) = lane_topic.topic().closure() else {
                continue;
            };
            let (viewers, ids) = (lane_topic.topic().viewers(), lane_topic.subscriptions());
            let now = self.shared.clock.now();
            for (n, id) in ids.iter().enumerate() {
                let at = now.after(Drain::leave_delay(viewers, n, ids.len()));
                self.table
                    .schedule_drain_action(id.connection(), at, DrainAction::Leave(closure));
            }
        }
    }

    /// Closes the remaining viewers all at once. The successor can start only once this hub has exited, so viewers
    /// closed earlier would just wait for the others.
    pub(super) fn close_all(&mut self) {
        let now = self.shared.clock.now();
        let retry_ms = self.shared.drain.retry_ms();
        for id in self.table.ids() {
            if let Some(connection) = self.table.connection(id) {
                connection.apply_drain_action(DrainAction::Close, retry_ms, now);
                self.serve_all(id);
            }
        }
    }
}
