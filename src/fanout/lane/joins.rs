//! How viewers join a lane: from the inbox to a slot on the lane, with a [`LaneTopic`] for the topic that they view.

use std::sync::Arc;

use mio::net::TcpStream;
use mio::{Interest, Token};

use super::super::lane_topic::LaneTopic;
use super::super::viewer::Viewer;
use super::super::viewer_join::{JoinRequest, NewViewer};
use super::super::viewer_session::DrainAction;
use super::{Lane, slab_id};
use crate::hub::{PresenceGuard, Subscription};

impl Lane<'_> {
    /// Viewers that join in one turn.
    const JOINS_PER_TURN: usize = 64;

    /// Admits the viewers in the inbox, up to the limit of a turn. Applies the drain first, which wakes the lane in the
    /// same way.
    pub(super) fn accept_joins(&mut self) {
        if !self.is_inbox_pending {
            return;
        }
        self.follow_drain();
        let new_viewers = self.shared.inbox.take(Self::JOINS_PER_TURN);
        self.is_inbox_pending = new_viewers.len() == Self::JOINS_PER_TURN;
        for new_viewer in new_viewers {
            self.admit(new_viewer);
        }
    }

    /// Registers a new viewer, sends its first messages, and handles the input that came with the handshake.
    fn admit(&mut self, new_viewer: NewViewer) {
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
        let lane_topic = self.lane_topic_of(subscription);
        let socket = TcpStream::from_std(socket);
        let topic = Arc::clone(self.topics[lane_topic as usize].topic());
        let request = (encoding, head, &resume_request);
        let presence = PresenceGuard::new(&topic);
        let viewers = presence.viewers();
        let guards = (presence, permits, load);
        let mut viewer = Viewer::new(socket, &topic, request, newest, guards, now);
        let entry = self.viewers.vacant_entry();
        let id = slab_id(entry.key());
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        if registry
            .register(viewer.socket(), Token(entry.key()), interest)
            .is_err()
        {
            // The kernel is out of memory. Dropping the viewer releases its permits.
            drop(viewer);
            self.remove_topic_if_empty(lane_topic);
            return;
        }
        let joined = &mut self.topics[lane_topic as usize];
        (viewer.lane_topic, viewer.group_index) = (lane_topic, joined.add(id, encoding, viewers));
        if let Some(action) = DrainAction::during(self.drain_phase) {
            viewer.schedule_drain_action(now, action);
        }
        let topic = topic.name().as_str();
        tracing::debug!(event = "viewer.joined", topic, remote = %viewer.remote(), "a viewer joined");
        entry.insert(viewer);
        self.arm_timer(id);
        // `hello` goes out before the responses to input that came with the handshake.
        self.serve(id);
        if let Some(viewer) = self.viewers.get_mut(id as usize) {
            viewer.on_bytes(&leftover, self.shared.drain.retry_ms(), now);
            self.serve(id);
        }
    }

    /// Returns the key of the subscription's topic on this lane. If the lane does not have the topic yet, it starts
    /// reading from this subscription.
    fn lane_topic_of(&mut self, subscription: Subscription) -> u32 {
        let topic = subscription.topic();
        let known = self
            .topics
            .iter()
            .find(|(_, lane_topic)| Arc::ptr_eq(lane_topic.topic(), topic));
        if let Some((key, _)) = known {
            return slab_id(key);
        }
        let lane_topic = LaneTopic::new(subscription.into_feed(), self.shared.inbox.waker());
        slab_id(self.topics.insert(lane_topic))
    }

    /// Removes a topic that has no viewers on this lane any more, which unsubscribes from its channel.
    pub(super) fn remove_topic_if_empty(&mut self, lane_topic: u32) {
        if self.topics[lane_topic as usize].is_empty() {
            self.topics[lane_topic as usize].flush_counters();
            self.topics.remove(lane_topic as usize);
        }
    }
}
