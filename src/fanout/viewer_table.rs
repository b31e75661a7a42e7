//! `ViewerTable`: the viewers of a lane by their ids, with the topics, timers and queues that refer to them.
//!
//! It adds and removes viewers, and sends to one of them. Whose turn it is, the lane's `LaneViewers` decide.
//!
//! What belongs to a socket is known by [`ConnectionId`]; what belongs to a topic by [`SubscriptionId`].

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll};
use slab::Slab;

use super::backfill::{BackfillQueue, Block, BlockLookup, FinishedRead};
use super::drain::DrainPhase;
use super::ids::{ConnectionId, LaneTopicId, SubscriptionId};
use super::lane_shared::{LaneShared, NewViewer};
use super::lane_topic::{LaneTopic, LaneTopics};
use super::socket_writer::{SentTotals, WriteBudget};
use super::tcp_socket::{self, TcpAckProbe};
use super::timer_wheel::TimerWheel;
use super::viewer::{ServeOutcome, Viewer};
use super::viewer_connection::ViewerConnection;
use super::viewer_join::{Encoding, JoinRequest};
use super::viewer_log;
use super::viewer_session::DrainAction;
use super::viewer_subscription::{LaneContext, SubscriptionStart, ViewerSubscription};
use crate::hub::{PresenceGuard, Topic};
use crate::protocol::Micros;

/// The viewers of one lane.
#[derive(Debug)]
pub(super) struct ViewerTable<'a> {
    shared: &'a Arc<LaneShared>,
    /// Every socket is registered here under its connection's id.
    poll: &'a mut Poll,
    /// The viewers by the ids of their connections.
    viewers: Slab<Viewer>,
    /// The topics that have at least one viewer on this lane.
    pub(super) topics: LaneTopics<mio::Waker>,
    /// One timer per connection. An entry may be out of date; the connection's own timer decides.
    pub(super) timers: TimerWheel<ConnectionId>,
    /// Connections to read from and serve later in this turn or in the next: they have more input, or a sweep may miss
    /// them.
    pub(super) ready: Vec<ConnectionId>,
    /// Subscriptions that wait for a block of the history or to continue a long message.
    pub(super) backfill_queue: BackfillQueue,
    /// Measures the progress of viewers that are pinged or closed.
    ack_probe: TcpAckProbe,
}

impl<'a> ViewerTable<'a> {
    pub(super) fn new(shared: &'a Arc<LaneShared>, poll: &'a mut Poll) -> Self {
        Self {
            timers: TimerWheel::new(shared.clock.now()),
            shared,
            poll,
            viewers: Slab::new(),
            topics: LaneTopics::default(),
            ready: Vec::new(),
            backfill_queue: BackfillQueue::default(),
            ack_probe: TcpAckProbe::default(),
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

    pub(super) fn ids(&self) -> Vec<ConnectionId> {
        let keys = self.viewers.iter().map(|(key, _)| key);
        keys.map(ConnectionId::from_key).collect()
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

    /// The connection with this id; `None` if it has ended.
    pub(super) fn connection(&mut self, id: ConnectionId) -> Option<&mut ViewerConnection> {
        let viewer = self.viewers.get_mut(id.key())?;
        Some(&mut viewer.connection)
    }

    /// Returns whether the subscription exists, and its turn does not come with the backfill queue.
    pub(super) fn is_served_by_sweeps(&self, id: SubscriptionId) -> bool {
        let viewer = self.viewers.get(id.connection().key());
        viewer.is_some_and(|viewer| !viewer.subscription.is_queued)
    }

    /// Adds a viewer, and queues its first messages. Returns `None` if its socket cannot be registered.
    pub(super) fn insert(
        &mut self,
        new_viewer: NewViewer,
        phase: DrainPhase,
        now: Micros,
    ) -> Option<ConnectionId> {
        let NewViewer {
            socket,
            leftover: _,
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
        let point = subscription.point();
        let topic_id = self.topics.join(subscription, self.shared.inbox.waker());
        let topic = Arc::clone(self.topics[topic_id].topic());
        let socket = TcpStream::from_std(socket);
        tcp_socket::configure(&socket, topic.max_lag());
        let number = self.shared.viewer_numbers.next();
        let mut connection = ViewerConnection::new(socket, encoding, number, permits, load, now);
        let presence = PresenceGuard::new(&topic);
        let viewers = topic.viewers();
        let id = ConnectionId::from_key(self.viewers.vacant_key());
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        if registry
            .register(connection.socket(), id.token(), interest)
            .is_err()
        {
            // The kernel is out of memory. Dropping the connection releases its permits.
            self.topics.remove_if_empty(topic_id);
            return None;
        }
        if !head.is_empty() {
            connection.queue.push(head);
        }
        let [subscription_id] = id.subscriptions();
        let joined = &mut self.topics[topic_id];
        let start = SubscriptionStart {
            topic: &topic,
            topic_id,
            group_index: joined.add(subscription_id, encoding, viewers),
            encoding,
            resume_request: &resume_request,
            presence,
            viewers,
            point,
            now,
        };
        let subscription = ViewerSubscription::new(start, &mut connection.queue);
        if let Some(action) = DrainAction::at_join(phase, &topic) {
            connection.schedule_drain_action(now, action);
        }
        let viewer = Viewer {
            subscription,
            connection,
        };
        viewer_log::log_joined(&topic, &viewer);
        self.viewers.insert(viewer);
        self.arm_timer(id);
        Some(id)
    }

    /// Writes within `budget` what a subscription has not been sent yet. If more is left, it joins the backfill queue.
    pub(super) fn serve(&mut self, id: SubscriptionId, budget: WriteBudget) {
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
            let is_nearly_live = true;
            if outcome == (ServeOutcome::NeedsBackfill { is_nearly_live }) {
                self.backfill_queue.push_first(id);
            } else {
                self.backfill_queue.push(id);
            }
        }
        let is_closing = viewer.connection.is_closing();
        let lane_topic = &mut self.topics[topic_id];
        lane_topic.count(sent);
        if let Some(write) = viewer.completed_write(sent)
            && lane_topic.chooses_write(encoding)
        {
            let joined_at = viewer.connection.record().joined_at;
            lane_topic.measure_delivery(encoding, write, joined_at, self.shared.clock.now());
        }
        if outcome == ServeOutcome::Closed {
            self.remove(id.connection());
        } else if is_closing {
            self.on_closing(id.connection());
            self.arm_timer(id.connection());
        }
    }

    /// Queues the next block for a subscription that was in the backfill queue, unless its connection still has other
    /// frames to write. Returns false if the subscription has to wait until the block has been read.
    pub(super) fn push_backfill_chunk(&mut self, id: SubscriptionId) -> bool {
        let Some(viewer) = self.viewers.get_mut(id.connection().key()) else {
            return false;
        };
        viewer.subscription.is_queued = false;
        let (topic_id, encoding) = (viewer.subscription.topic(), viewer.subscription.encoding());
        let context = lane_context(&self.topics[topic_id], encoding, self.shared);
        let Some(range) = viewer.turn(context).take_backfill_range() else {
            return true;
        };
        match self.topics.backfill_block(topic_id, encoding, range) {
            Ok(BlockLookup::Encoded(chunk)) => viewer
                .subscription
                .cursor
                .push_chunk(&chunk, &mut viewer.connection.queue),
            Ok(BlockLookup::NotInMemory(block)) => {
                self.read_block(id, topic_id, block);
                return false;
            }
            Ok(BlockLookup::Empty) => {}
            Err(_) => {
                let context = lane_context(&self.topics[topic_id], encoding, self.shared);
                viewer.turn(context).skip_unreadable();
            }
        }
        true
    }

    /// Counts the report that a viewer has sent, if any, among those of its topic.
    pub(super) fn take_report(&mut self, id: ConnectionId) {
        if let Some(viewer) = self.viewers.get_mut(id.key())
            && let Some(report) = viewer.connection.take_report()
        {
            let metrics = &self.topics[viewer.subscription.topic()].topic().metrics;
            viewer.connection.set_vote(metrics.audience.accept(&report));
        }
    }

    /// Has the subscription wait until `block` has been read; [`Self::on_read`] queues it again.
    fn read_block(&mut self, id: SubscriptionId, topic_id: LaneTopicId, block: Block) {
        let lane_topic = &mut self.topics[topic_id];
        if lane_topic.block_reads().wait(id, block) {
            let topic = Arc::clone(lane_topic.topic());
            self.shared.read_block(topic, block);
        }
    }

    /// Queues the subscriptions that have waited for a block of `topic`.
    pub(super) fn on_read(&mut self, topic: &Arc<Topic>, read: FinishedRead) {
        let Some(topic_id) = self.topics.id_of(topic) else {
            return;
        };
        let viewers = &self.viewers;
        let is_alive = |id: SubscriptionId| viewers.contains(id.connection().key());
        for id in self.topics[topic_id].block_reads().finish(read, is_alive) {
            // If the subscription has ended and another has taken its id, serving that one does no harm.
            if let Some(viewer) = self.viewers.get_mut(id.connection().key())
                && !std::mem::replace(&mut viewer.subscription.is_queued, true)
            {
                self.backfill_queue.push(id);
            }
        }
    }

    /// Handles the timer of connection `id` that was to expire at `at`. Returns whether the connection may have something
    /// to send.
    pub(super) fn on_timer(&mut self, id: ConnectionId, at: Micros, now: Micros) -> bool {
        let Some(viewer) = self.viewers.get_mut(id.key()) else {
            return false;
        };
        let connection = &mut viewer.connection;
        let timer = connection.timer();
        if *timer.at != at {
            // The entry is out of date: the timer was armed again, or the id belongs to another connection by now.
            return false;
        }
        *timer.at = Micros::new(i64::MAX);
        if timer.deadline <= now {
            let retry_ms = self.shared.drain.retry_ms();
            if !connection.on_timer(retry_ms, &mut self.ack_probe, now) {
                self.remove(id);
                return false;
            }
            // The kernel reports a socket writable only once a third of its buffer is free, which takes long on a slow
            // line.
            connection.mark_writable();
        }
        self.arm_timer(id);
        true
    }

    /// Schedules `action` for `at`, because the hub is draining.
    pub(super) fn schedule_drain_action(
        &mut self,
        id: ConnectionId,
        at: Micros,
        action: DrainAction,
    ) {
        if let Some(connection) = self.connection(id) {
            connection.schedule_drain_action(at, action);
            self.arm_timer(id);
        }
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
    pub(super) fn remove(&mut self, id: ConnectionId) {
        let Some(mut viewer) = self.viewers.try_remove(id.key()) else {
            return;
        };
        // Closing the socket deregisters it as well, so a failure does not matter.
        _ = self.poll.registry().deregister(viewer.connection.socket());
        let topic = self.topics[viewer.subscription.topic()].topic();
        viewer_log::log_left(topic, &viewer, &self.shared.clock);
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
