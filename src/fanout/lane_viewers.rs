//! `LaneViewers`: the viewers of a lane. It registers them, reads from their sockets, decides whom to serve when, and
//! removes those that leave.
//!
//! What belongs to a socket is served by [`ConnectionId`]; what belongs to a topic by [`SubscriptionId`].
//!
//! Each function does a bounded amount of work, so that joins, reads, sweeps and backfill do not wait for each other.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll};
use slab::Slab;

use super::backfill::BackfillQueue;
use super::drain::DrainPhase;
use super::ids::{ConnectionId, SubscriptionId};
use super::lane_shared::{LaneShared, NewViewer};
use super::lane_topic::{LaneTopic, LaneTopics};
use super::socket_writer::{SentTotals, WriteBudget};
use super::tcp_socket::{self, TcpAckProbe};
use super::timer_wheel::TimerWheel;
use super::viewer::{ServeOutcome, Viewer};
use super::viewer_connection::{ReadOutcome, ViewerConnection};
use super::viewer_join::{Encoding, JoinRequest};
use super::viewer_session::DrainAction;
use super::viewer_subscription::{LaneContext, SubscriptionStart, ViewerSubscription};
use crate::hub::PresenceGuard;
use crate::protocol::Micros;

/// The viewers of one lane.
#[derive(Debug)]
pub(super) struct LaneViewers<'a> {
    shared: &'a LaneShared,
    /// Every socket is registered here under its connection's id.
    poll: &'a mut Poll,
    /// The viewers by the ids of their connections.
    viewers: Slab<Viewer>,
    /// The topics that have at least one viewer on this lane.
    topics: LaneTopics<mio::Waker>,
    /// One timer per connection. An entry may be out of date; the connection's own timer decides.
    timers: TimerWheel<ConnectionId>,
    /// Connections to read from and serve later in this turn or in the next: they have more input, or a sweep may miss
    /// them.
    ready: Vec<ConnectionId>,
    /// Subscriptions that wait for a block of the history or to continue a long message.
    backfill_queue: BackfillQueue,
    /// Scratch space for a sweep; empty between turns.
    visits: Vec<SubscriptionId>,
    /// Measures the progress of viewers that are pinged or closed.
    ack_probe: TcpAckProbe,
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

    pub(super) fn new(shared: &'a LaneShared, poll: &'a mut Poll) -> Self {
        Self {
            timers: TimerWheel::new(shared.clock.now()),
            shared,
            poll,
            viewers: Slab::new(),
            topics: LaneTopics::default(),
            ready: Vec::new(),
            backfill_queue: BackfillQueue::default(),
            visits: Vec::new(),
            ack_probe: TcpAckProbe::default(),
            read_buffer: [0; ViewerConnection::READ_LEN],
        }
    }

    /// The number of viewers.
    pub(super) fn len(&self) -> usize {
        self.viewers.len()
    }

    /// All keys of viewers are less than this.
    pub(super) fn keys_end(&self) -> usize {
        self.viewers.capacity()
    }

    /// Returns whether there is work left that no event announces.
    pub(super) fn is_busy(&self) -> bool {
        !self.ready.is_empty() || !self.backfill_queue.is_empty() || self.topics.is_sweeping()
    }

    /// When the next timer expires; `None` if no timer is armed.
    pub(super) fn next_expiry(&self) -> Option<Micros> {
        self.timers.next_expiry()
    }

    /// Waits for events from the kernel.
    ///
    /// # Errors
    /// Those of the system call, also if a signal interrupts it.
    pub(super) fn wait(
        &mut self,
        events: &mut Events,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        self.poll.poll(events, timeout)
    }

    /// Registers a new viewer, sends its first messages, and handles the input that came with the handshake.
    pub(super) fn admit(&mut self, new_viewer: NewViewer, phase: DrainPhase) {
        let NewViewer {
            socket,
            leftover,
            request,
            load,
        } = new_viewer;
        let JoinRequest {
            encoding,
            head,
            subscription,
            resume_request,
            permits,
        } = request;
        let now = self.shared.clock.now();
        let newest = subscription.last();
        let topic_id = self.topics.join(subscription, self.shared.inbox.waker());
        let topic = Arc::clone(self.topics[topic_id].topic());
        let socket = TcpStream::from_std(socket);
        tcp_socket::configure(&socket, topic.max_lag());
        let mut connection = ViewerConnection::new(socket, encoding, permits, load, now);
        let presence = PresenceGuard::new(&topic);
        let id = ConnectionId::from_key(self.viewers.vacant_key());
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        if registry
            .register(connection.socket(), id.token(), interest)
            .is_err()
        {
            // The kernel is out of memory. Dropping the connection releases its permits.
            self.topics.remove_if_empty(topic_id);
            return;
        }
        if !head.is_empty() {
            connection.queue.push(head);
        }
        let [subscription_id] = id.subscriptions();
        let joined = &mut self.topics[topic_id];
        let start = SubscriptionStart {
            topic: &topic,
            topic_id,
            group_index: joined.add(subscription_id, encoding, presence.viewers()),
            encoding,
            resume_request: &resume_request,
            presence,
            newest,
            now,
        };
        let subscription = ViewerSubscription::new(start, &mut connection.queue);
        if let Some(action) = DrainAction::during(phase) {
            connection.schedule_drain_action(now, action);
        }
        let topic = topic.name().as_str();
        tracing::debug!(event = "viewer.joined", topic, remote = %connection.remote(), "a viewer joined");
        self.viewers.insert(Viewer {
            subscription,
            connection,
        });
        self.arm_timer(id);
        // `hello` goes out before the responses to input that came with the handshake.
        self.serve_all(id);
        let retry_ms = self.shared.drain.retry_ms();
        if let Some(connection) = self.connection(id) {
            connection.on_bytes(&leftover, retry_ms, now);
            self.serve_all(id);
        }
    }

    fn connection(&mut self, id: ConnectionId) -> Option<&mut ViewerConnection> {
        let viewer = self.viewers.get_mut(id.key())?;
        Some(&mut viewer.connection)
    }

    /// Handles an event of a connection.
    pub(super) fn on_event(&mut self, event: &Event) {
        let Some(id) = ConnectionId::from_token(event.token()) else {
            return;
        };
        let Some(connection) = self.connection(id) else {
            return;
        };
        if event.is_writable() {
            connection.mark_writable();
        }
        let is_gone = event.is_read_closed() || event.is_error();
        if is_gone && connection.is_reading_disabled() {
            // The lane no longer reads from this socket, so no read would notice.
            self.remove(id);
        } else if event.is_readable() || is_gone {
            self.read_and_serve(id);
        } else {
            self.serve_all(id);
        }
    }

    /// Reads the channels of the topics.
    pub(super) fn poll_feeds(&mut self) {
        self.topics.poll_feeds();
    }

    /// Serves the next viewers of all sweeps, up to the limit of a turn.
    pub(super) fn sweep(&mut self) {
        let mut visits = std::mem::take(&mut self.visits);
        let mut served = 0;
        while served < Self::SWEEP_VISITS_MAX {
            self.topics
                .advance_sweeps(Self::SWEEP_VISITS_PER_GROUP, &mut visits);
            if visits.is_empty() {
                break;
            }
            // A viewer may leave during the sweep. If another takes its id, serving that one does no harm.
            for id in visits.drain(..) {
                let viewer = self.viewers.get(id.connection().key());
                // Viewers that wait for backfill must not delay live viewers.
                if viewer.is_some_and(|viewer| !viewer.subscription.is_queued) {
                    self.serve(id);
                    served += 1;
                }
            }
        }
        self.visits = visits;
    }

    /// Reads from and serves the connections that are ready.
    pub(super) fn serve_ready(&mut self) {
        for id in std::mem::take(&mut self.ready) {
            self.read_and_serve(id);
        }
    }

    /// Handles a connection's input, then serves it.
    fn read_and_serve(&mut self, id: ConnectionId) {
        let Some(viewer) = self.viewers.get_mut(id.key()) else {
            return;
        };
        let retry_ms = self.shared.drain.retry_ms();
        let clock = &self.shared.clock;
        match viewer
            .connection
            .read(&mut self.read_buffer, retry_ms, clock)
        {
            Ok(outcome) => {
                if outcome == ReadOutcome::Yield {
                    self.ready.push(id);
                }
                self.serve_all(id);
            }
            Err(_) => self.remove(id),
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
        self.serve_within(id, WriteBudget::live());
    }

    /// Writes within `budget` what a subscription has not been sent yet. If more is left, or the next publications are
    /// only in the history, it joins the backfill queue.
    fn serve_within(&mut self, id: SubscriptionId, budget: WriteBudget) {
        let Some(viewer) = self.viewers.get_mut(id.connection().key()) else {
            return;
        };
        let (topic_id, encoding) = (viewer.subscription.topic(), viewer.subscription.encoding());
        let context = lane_context(&self.topics[topic_id], encoding, self.shared);
        let mut sent = SentTotals::default();
        let outcome = viewer.turn(context).send(budget, &mut sent);
        let outcome = outcome.unwrap_or(ServeOutcome::Closed);
        if let ServeOutcome::NeedsBackfill { .. } | ServeOutcome::WriteAgain = outcome
            && !std::mem::replace(&mut viewer.subscription.is_queued, true)
        {
            if let ServeOutcome::NeedsBackfill {
                is_nearly_live: true,
            } = outcome
            {
                self.backfill_queue.push_first(id);
            } else {
                self.backfill_queue.push(id);
            }
        }
        let is_closing = viewer.connection.is_closing();
        self.topics[topic_id].count(sent);
        if outcome == ServeOutcome::Closed {
            self.remove(id.connection());
        } else if is_closing {
            self.on_closing(id.connection());
            self.arm_timer(id.connection());
        }
    }

    /// Serves subscriptions of the backfill queue, one block each, in the time that live viewers leave. During a sweep,
    /// it serves only one of them, so that live viewers and these take turns.
    pub(super) fn serve_backfill(&mut self) {
        let is_sweeping = self.topics.is_sweeping();
        let until = self.shared.clock.now().after(Self::BACKFILL_TIME_MAX);
        // Subscriptions that are queued again during this loop have had their block for this turn.
        for _ in 0..self.backfill_queue.len() {
            let Some(id) = self.backfill_queue.pop() else {
                return;
            };
            self.push_backfill_chunk(id);
            self.serve_within(id, WriteBudget::long());
            if is_sweeping || self.shared.clock.now() >= until {
                return;
            }
        }
    }

    /// Queues the next block for a subscription that was in the backfill queue, unless its connection still has other
    /// frames to write.
    fn push_backfill_chunk(&mut self, id: SubscriptionId) {
        let Some(viewer) = self.viewers.get_mut(id.connection().key()) else {
            return;
        };
        viewer.subscription.is_queued = false;
        let (topic_id, encoding) = (viewer.subscription.topic(), viewer.subscription.encoding());
        let context = lane_context(&self.topics[topic_id], encoding, self.shared);
        if let Some(range) = viewer.turn(context).take_backfill_range()
            && let Some(chunk) = self.topics.backfill_chunk(topic_id, encoding, range)
        {
            viewer
                .subscription
                .cursor
                .push_chunk(&chunk, &mut viewer.connection.queue);
        }
    }

    /// Handles the timers that have expired.
    pub(super) fn expire_timers(&mut self) {
        let now = self.shared.clock.now();
        while let Some(slot) = self.timers.expire(now) {
            for id in slot.keys {
                self.on_timer(id, slot.at, now);
            }
        }
    }

    /// Handles the timer of connection `id` that was to expire at `at`.
    fn on_timer(&mut self, id: ConnectionId, at: Micros, now: Micros) {
        // Unread input may extend the deadline: after a stall of the hub, every viewer has some.
        self.read_and_serve(id);
        let Some(viewer) = self.viewers.get_mut(id.key()) else {
            return;
        };
        let connection = &mut viewer.connection;
        let timer = connection.timer();
        if *timer.at != at {
            // The entry is out of date: the timer was armed again, or the id belongs to another connection by now.
            return;
        }
        *timer.at = Micros::new(i64::MAX);
        if timer.deadline <= now {
            let retry_ms = self.shared.drain.retry_ms();
            if !connection.on_timer(retry_ms, &mut self.ack_probe, now) {
                return self.remove(id);
            }
            // The kernel reports a socket writable only once a third of its buffer is free, which takes long on a slow
            // line.
            connection.mark_writable();
        }
        self.arm_timer(id);
        self.serve_all(id);
    }

    /// Arms the connection's timer.
    fn arm_timer(&mut self, id: ConnectionId) {
        if let Some(viewer) = self.viewers.get_mut(id.key()) {
            let timer = viewer.connection.timer();
            self.timers.arm(id, timer.deadline, timer.at);
        }
    }

    /// Observes how far the viewers with these keys are behind.
    pub(super) fn observe_lag(&mut self, keys: Range<usize>) {
        for key in keys {
            if let Some(viewer) = self.viewers.get(key)
                && let Some(last) = viewer.last()
            {
                let subscription = &viewer.subscription;
                self.topics[subscription.topic()].observe(subscription.encoding(), last);
            }
        }
    }

    /// Reports the lags that were observed, and returns whether any viewer is behind.
    pub(super) fn report_lag(&mut self) -> bool {
        self.topics.report_lags()
    }

    /// Adds what was written to sockets to the topics' counters.
    pub(super) fn flush_counters(&mut self) {
        self.topics.flush_counters();
    }

    /// Schedules the `bye` of each viewer, because the hub is draining.
    pub(super) fn schedule_byes(&mut self) {
        let now = self.shared.clock.now();
        let len = self.viewers.len();
        for (n, (_, viewer)) in self.viewers.iter_mut().enumerate() {
            let at = now.after(self.shared.drain.bye_delay(n, len));
            let connection = &mut viewer.connection;
            connection.schedule_drain_action(at, DrainAction::SendBye);
        }
        for id in self.ids() {
            self.arm_timer(id);
        }
    }

    /// Closes the remaining viewers all at once. The successor can start only once this hub has exited, so viewers
    /// closed earlier would just wait for the others.
    pub(super) fn close_all(&mut self) {
        let now = self.shared.clock.now();
        let retry_ms = self.shared.drain.retry_ms();
        for id in self.ids() {
            if let Some(connection) = self.connection(id) {
                connection.apply_drain_action(DrainAction::Close, retry_ms, now);
                self.serve_all(id);
            }
        }
    }

    fn ids(&self) -> Vec<ConnectionId> {
        let keys = self.viewers.iter().map(|(key, _)| key);
        keys.map(ConnectionId::from_key).collect()
    }

    /// Prepares a connection for its close. Once its input is ignored, it must not wake the lane either, however much
    /// the viewer sends: the kernel buffers what fits and then blocks the sender. The end of the connection is still
    /// reported.
    fn on_closing(&mut self, id: ConnectionId) {
        let Some(viewer) = self.viewers.get_mut(id.key()) else {
            return;
        };
        let connection = &mut viewer.connection;
        connection.record_progress_at_close(&mut self.ack_probe);
        if connection.disable_reading_once() {
            let registry = self.poll.registry();
            // This fails only for a dead connection, which the kernel reports as well.
            _ = registry.reregister(connection.socket(), id.token(), Interest::WRITABLE);
        }
    }

    /// Removes a viewer that has left, which closes its socket and releases its permits.
    fn remove(&mut self, id: ConnectionId) {
        let Some(mut viewer) = self.viewers.try_remove(id.key()) else {
            return;
        };
        // Closing the socket deregisters it as well, so a failure does not matter.
        _ = self.poll.registry().deregister(viewer.connection.socket());
        let topic_id = viewer.subscription.topic();
        let topic = self.topics[topic_id].topic().name().as_str();
        let (connection, reason) = (&viewer.connection, viewer.connection.disconnect_reason());
        tracing::debug!(event = "viewer.left", topic, remote = %connection.remote(), reason = reason.label(), "a viewer left");
        for id in id.subscriptions() {
            self.remove_subscription(id, &viewer.subscription);
        }
    }

    /// Removes what the lane knows of the subscription of a viewer that has left.
    fn remove_subscription(&mut self, id: SubscriptionId, subscription: &ViewerSubscription) {
        if subscription.is_queued {
            self.backfill_queue.remove(id);
        }
        let (topic_id, index) = (subscription.topic(), subscription.group_index());
        if let Some(moved) = self.topics[topic_id].remove(subscription.encoding(), index) {
            let connection_id = moved.id.connection();
            self.viewers[connection_id.key()]
                .subscription
                .set_group_index(index);
            if moved.is_sweeping {
                self.ready.push(connection_id);
            }
        }
        self.topics.remove_if_empty(topic_id);
    }
}

fn lane_context<'a>(
    lane_topic: &'a LaneTopic<mio::Waker>,
    encoding: Encoding,
    shared: &'a LaneShared,
) -> LaneContext<'a> {
    LaneContext {
        topic: lane_topic.topic(),
        log: lane_topic.log(encoding),
        clock: &shared.clock,
        drain: &shared.drain,
    }
}
