//! Newcomers: from the mailbox to a place on the lane, with a relay of the topic that they view.

use std::sync::Arc;

use mio::net::TcpStream;
use mio::{Interest, Token};

use super::super::conversation::Parting;
use super::super::joiner::Joiner;
use super::super::relay::Relay;
use super::super::shared::Newcomer;
use super::super::viewer::Viewer;
use super::{Lane, id};
use crate::hub::{Attendance, Subscription};

impl Lane<'_> {
    /// Newcomers taken in one turn.
    const NEWCOMERS_MAX: usize = 64;

    pub(super) fn welcome(&mut self) {
        if !self.has_mail {
            return;
        }
        self.keep_up_with_the_drain();
        let newcomers = self.shared.mailbox.take(Self::NEWCOMERS_MAX);
        self.has_mail = newcomers.len() == Self::NEWCOMERS_MAX;
        for newcomer in newcomers {
            self.admit(newcomer);
        }
    }

    fn admit(&mut self, newcomer: Newcomer) {
        let Newcomer {
            socket,
            leftover,
            joiner,
            load,
        } = newcomer;
        let Joiner {
            form,
            head,
            subscription,
            ask,
            holds,
        } = joiner;
        let now = self.shared.clock.now();
        let newest = subscription.last();
        let relay = self.relay_of(subscription);
        let socket = TcpStream::from_std(socket);
        let topic = Arc::clone(self.relays[relay as usize].topic());
        let who = (form, head, &ask);
        let attendance = Attendance::begin(&topic);
        let viewers = attendance.viewers();
        let given = (attendance, holds, load);
        let mut viewer = Viewer::join(socket, &topic, who, newest, given, now);
        let entry = self.viewers.vacant_entry();
        let id = id(entry.key());
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        if registry
            .register(viewer.socket(), Token(entry.key()), interest)
            .is_err()
        {
            // The kernel has no memory left for it; dropped, the viewer gives back all that it holds.
            drop(viewer);
            self.close_empty(relay);
            return;
        }
        let of = &mut self.relays[relay as usize];
        (viewer.relay, viewer.rank) = (relay, of.add(id, form, viewers));
        if let Some(parting) = Parting::at(self.step) {
            viewer.part_at(now, parting);
        }
        let topic = topic.name().as_str();
        tracing::debug!(event = "viewer.joined", topic, remote = %viewer.remote(), "a viewer joined");
        entry.insert(viewer);
        self.set_alarm(id);
        // The greeting goes before the answer to whatever came with the handshake.
        self.serve(id);
        if let Some(viewer) = self.viewers.get_mut(id as usize) {
            viewer.hear(&leftover, self.shared.drain.retry_ms(), now);
            self.serve(id);
        }
    }

    /// The relay of the topic subscribed to, begun from the subscription if the lane has none.
    fn relay_of(&mut self, subscription: Subscription) -> u32 {
        let topic = subscription.topic();
        let known = self
            .relays
            .iter()
            .find(|(_, relay)| Arc::ptr_eq(relay.topic(), topic));
        if let Some((key, _)) = known {
            return id(key);
        }
        let relay = Relay::begin(subscription.into_feed(), self.shared.mailbox.bell());
        id(self.relays.insert(relay))
    }

    /// A topic that nobody on the lane views any more is not listened to.
    pub(super) fn close_empty(&mut self, relay: u32) {
        if self.relays[relay as usize].is_empty() {
            self.relays[relay as usize].count();
            self.relays.remove(relay as usize);
        }
    }
}
