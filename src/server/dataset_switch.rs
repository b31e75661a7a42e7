//! The switch of a topic to its next dataset, `[topics.NAME.next]`.
//!
//! The topic of the next dataset is created, with its producer, when the configuration is read: its timeline begins at
//! the instant of the switch, so it publishes its first record exactly then, on every hub with the same file. The old
//! topic publishes nothing that is due at that instant or later. What is left to do at the instant is to put the new
//! topic in the place of the old one, and to have the viewers move.
//!
//! ## Restarts
//!
//! Where a timeline begins is in the configuration. So a hub that is killed around the instant, or was down at it,
//! starts in the same epoch as one that has switched, whatever its journal has.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::restore_topics::{self, NewTopic};
use super::{Server, log_topic_ready};
use crate::app::AppState;
use crate::hub::{Topic, TopicClosure, topic_clocks};
use crate::playback::Playback;
use crate::protocol::Micros;
use crate::settings::{NextDataset, Settings, SettingsError, SettingsErrors};
use crate::source::SharedSource;

/// A switch that has been announced.
#[derive(Debug, Clone)]
pub(super) struct ScheduledSwitch {
    next: NextDataset,
    /// The topic with the next dataset.
    topic: Arc<Topic>,
    cancel: CancellationToken,
}

/// What the task of a switch needs.
struct SwitchTask {
    topic: Arc<Topic>,
    at: Micros,
    cancel: CancellationToken,
    state: Arc<AppState>,
    playback: Arc<Playback>,
}

impl Server {
    /// Prepares the switches of `settings`; `sources` are the records of its next datasets. Those that are scheduled
    /// already stay. Changes nothing that a viewer sees.
    pub(super) fn prepare_switches(
        &mut self,
        settings: &Settings,
        sources: Vec<SharedSource>,
    ) -> Result<Vec<ScheduledSwitch>, SettingsErrors> {
        let mut prepared = Vec::new();
        for (next, source) in settings.next.iter().zip(sources) {
            let topic = self.next_topic(settings, next, source)?;
            let is_same = |other: &ScheduledSwitch| {
                other.topic.name() == topic.name() && other.topic.epoch() == topic.epoch()
            };
            let running = self.state.hub.topic(Some(topic.name()));
            // A switch whose instant came while the configuration was read.
            let has_switched = running.is_some_and(|running| running.epoch() == topic.epoch());
            if let Some(known) = self.switches.iter().find(|known| is_same(known)) {
                known
                    .topic
                    .set_policy(&next.topic, settings.server.recover_max);
                prepared.push(ScheduledSwitch {
                    next: next.clone(),
                    ..known.clone()
                });
            } else if !has_switched {
                self.producers.add(&topic).map_err(|error| {
                    let problem = format!("cannot start its thread: {error}");
                    let remedy = "raise the limit on threads (`ulimit -u`), or leave the table out";
                    switch_error(settings, next, "dataset", problem, remedy)
                })?;
                prepared.push(ScheduledSwitch {
                    next: next.clone(),
                    topic,
                    cancel: self.stop.child_token(),
                });
            }
        }
        Ok(prepared)
    }

    /// The topic with the next dataset. It begins at its instant.
    fn next_topic(
        &self,
        settings: &Settings,
        next: &NextDataset,
        source: SharedSource,
    ) -> Result<Arc<Topic>, SettingsErrors> {
        let topics = [(&next.topic, source)];
        let mut clocks = topic_clocks(&settings.origins, &topics)?;
        let [(topic, source)] = topics;
        let clock = clocks.remove(0);
        let new = NewTopic {
            settings: topic,
            source,
            clock,
        };
        let now = self.state.hub.clock().now();
        let mut topics =
            restore_topics::restore(vec![new], |_| None, now, settings.server.recover_max);
        let mut topic = topics.remove(0);
        let before = self.state.hub.topic(Some(topic.name()));
        if let Some((topic, before)) = Arc::get_mut(&mut topic).zip(before) {
            topic.continue_metrics_of(&before);
        }
        Ok(topic)
    }

    /// Replaces the scheduled switches by `prepared`, and announces them.
    pub(super) fn schedule_switches(&mut self, prepared: Vec<ScheduledSwitch>) {
        let is_kept = |known: &ScheduledSwitch| {
            let mut kept = prepared.iter();
            kept.any(|kept| Arc::ptr_eq(&kept.topic, &known.topic))
        };
        for dropped in self.switches.iter().filter(|known| !is_kept(known)) {
            self.drop_switch(dropped);
        }
        for switch in &prepared {
            let old = self.state.hub.topic(Some(switch.topic.name()));
            let is_new = old
                .as_ref()
                .is_some_and(|old| old.set_successor(Some((&switch.topic, switch.next.at))));
            if is_new {
                self.start_switch(switch);
            }
        }
        // What has taken place is for `take_switched`.
        let hub = &self.state.hub;
        self.switches.retain(|switch| hub.serves(&switch.topic));
        self.switches.extend(prepared);
    }

    fn start_switch(&self, switch: &ScheduledSwitch) {
        let description = switch.topic.feed().describe();
        tracing::info!(
            event = "topic.next",
            topic = switch.topic.name().as_str(),
            epoch = switch.topic.epoch().as_str(),
            at = switch.next.at.get(),
            records = description.dataset.len,
            sha256 = description.dataset.sha256,
            "the next dataset of this topic has been read, and the switch to it is scheduled"
        );
        self.producers.start(&switch.topic);
        let task = SwitchTask {
            topic: Arc::clone(&switch.topic),
            at: switch.next.at,
            cancel: switch.cancel.clone(),
            state: Arc::clone(&self.state),
            playback: Arc::clone(&self.playback),
        };
        self.tasks.spawn(task.run());
    }

    /// Drops a switch that is no longer in the configuration.
    fn drop_switch(&self, switch: &ScheduledSwitch) {
        switch.cancel.cancel();
        if self.state.hub.serves(&switch.topic) {
            return;
        }
        let name = switch.topic.name();
        if let Some(old) = self.state.hub.topic(Some(name)) {
            old.set_successor(None);
        }
        switch.topic.close(TopicClosure::Switched);
        tracing::info!(
            event = "topic.next_dropped",
            topic = name.as_str(),
            epoch = switch.topic.epoch().as_str(),
            "the switch of this topic is no longer in the configuration, and does not take place"
        );
    }

    /// Takes the switches that have taken place into the configuration in effect.
    pub(super) fn take_switched(&mut self) {
        let hub = &self.state.hub;
        let is_done = |switch: &mut ScheduledSwitch| hub.serves(&switch.topic);
        for done in self.switches.extract_if(.., is_done) {
            self.active_config.switch(&done.next);
        }
    }
}

impl SwitchTask {
    /// The longest sleep: the clock of the hub and that of the runtime may drift apart.
    const SLEEP_MAX: Duration = Duration::from_secs(60);

    async fn run(self) {
        loop {
            let left = self.at.since(self.state.hub.clock().now());
            if left.is_zero() {
                break;
            }
            tokio::select! {
                () = self.cancel.cancelled() => return,
                () = tokio::time::sleep(left.min(Self::SLEEP_MAX)) => {}
            }
        }
        self.switch();
    }

    fn switch(&self) {
        let Some(old) = self
            .state
            .hub
            .replace_topic(&self.topic, || !self.cancel.is_cancelled())
        else {
            return;
        };
        let viewers = old.viewers();
        old.close(TopicClosure::Switched);
        if let Some(journal) = self.playback.journal() {
            let (old, new) = (Arc::clone(&old), Arc::clone(&self.topic));
            // If the disk is that slow, a restart finds the same epoch by the configuration.
            _ = journal.submit(move |writer| writer.replace(&old, &new));
        }
        tracing::info!(
            event = "topic.switched",
            topic = self.topic.name().as_str(),
            from_epoch = old.epoch().as_str(),
            seq = old.published().get(),
            epoch = self.topic.epoch().as_str(),
            viewers,
            "the topic has switched to its next dataset, and its viewers are moving"
        );
        log_topic_ready(&self.topic);
    }
}

fn switch_error(
    settings: &Settings,
    next: &NextDataset,
    name: &str,
    problem: String,
    remedy: &str,
) -> SettingsErrors {
    let key = next.key(name);
    let origin = settings.origins.origin_of(&key);
    SettingsErrors(vec![SettingsError::new(origin, key, problem, remedy)])
}
