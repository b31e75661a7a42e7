//! Reload: applies a new configuration to the running hub without disconnecting a viewer.
//!
//! Everything that can fail is prepared first; only then is anything changed. Rates come last: a rate change that
//! [cannot be written to the journal](crate::playback) is postponed to the next reload.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::runtime::Handle;

use super::restore_topics::{self, NewTopic};
use super::{Server, log_topic_ready, set_journal, with_next};
use crate::hub::{Checkpoint, Topic, TopicClock};
use crate::journal::{JournalError, JournalWriter, PendingJournal};
use crate::playback::{PlaybackCommand, PlaybackRequest, TopicCommand};
use crate::protocol::{Author, TopicName};
use crate::settings::{
    self, ConfigDiff, PACE_KEYS, Settings, SettingsError, SettingsErrors, Start,
};
use crate::source::SharedSource;

impl Server {
    /// Applies the parts of `settings` that can change while the hub runs. `sources` are the records of `settings.topics`,
    /// in the same order, and then those of `settings.next`. Returns what was applied, what needs a restart, and what was postponed because the journal
    /// cannot be written. Blocks the calling thread.
    ///
    /// # Errors
    /// A new topic cannot be started. Nothing has changed.
    pub fn reload(
        &mut self,
        settings: &Settings,
        sources: Vec<SharedSource>,
    ) -> Result<ConfigDiff, SettingsErrors> {
        self.take_switched();
        let (sources, next_sources) = with_next(settings, sources);
        let loaded = restore_topics::new_topics(settings, sources)?;
        let paces: BTreeMap<_, _> = loaded
            .iter()
            .map(|new| (new.settings.name.clone(), pace_command(&new.clock)))
            .collect();
        let state = Arc::clone(&self.state);
        let hub = &state.hub;
        let has_other_records = |topic: &settings::TopicSettings| {
            let new = loaded.iter().find(|new| new.settings.name == topic.name);
            let running = hub.topic(Some(&topic.name));
            new.zip(running)
                .is_some_and(|(new, running)| !running.feed().has_digest(new.source.digest()))
        };
        for topic in hub.topics() {
            // A change that an earlier reload did not wait for may have been applied since.
            let pace = topic.feed().describe().pace;
            self.active_config
                .set_pace(topic.name(), pace.rate, pace.speed);
        }
        let mut changes = self.active_config.diff(settings, has_other_records);
        let new = loaded
            .into_iter()
            .filter(|new| changes.added.contains(&new.settings.name))
            .collect();
        check_players(settings, &changes)?;
        let switches = self.prepare_switches(settings, next_sources)?;
        let added = self.add_topics(settings, new)?;
        self.apply(settings, &changes, &added);
        self.schedule_switches(switches);
        self.apply_paces(settings, &paces, &mut changes);
        self.active_config.apply(&changes, settings);
        self.state
            .config
            .report_success(changes.pending_keys().count());
        Ok(changes)
    }

    /// Records, for monitoring, that a new configuration was refused.
    pub fn report_failed_reload(&self) {
        self.state.config.report_failure();
    }

    /// Starts the new topics. They are not in the hub yet, so no viewer can join them.
    fn add_topics(
        &mut self,
        settings: &Settings,
        new: Vec<NewTopic<'_>>,
    ) -> Result<Vec<Arc<Topic>>, SettingsErrors> {
        let unusable = |error: &JournalError| {
            let (key, origins) = ("state.dir", &settings.origins);
            let (origin, problem) = (origins.origin_of(key), error.to_string());
            SettingsErrors(vec![SettingsError::new(
                origin,
                key,
                problem,
                error.remedy(),
            )])
        };
        if new.iter().any(|new| new.settings.start == Start::FirstRun) {
            self.open_journal().map_err(|error| unusable(&error))?;
        }
        let checkpoints = self.checkpoints(&new).map_err(|error| unusable(&error))?;
        let now = self.state.hub.clock().now();
        let checkpoint = |topic: &TopicName| checkpoints.get(topic).cloned();
        let added = restore_topics::restore(new, checkpoint, now, settings.server.recover_max);
        self.start_journalling(&added, &checkpoints)
            .map_err(|error| unusable(&error))?;
        for topic in &added {
            if let Err(error) = self.producers.add(topic) {
                self.unschedule(&added);
                if let Some(journal) = self.playback.journal() {
                    let topics = added.clone();
                    _ = journal.submit(move |writer| writer.remove(&topics, &checkpoints));
                }
                let key = format!("topics.{}", topic.name());
                let problem = format!("cannot start its thread: {error}");
                let remedy = "raise the limit on threads (`ulimit -u`), or leave the topic out";
                let origin = settings.origins.origin_of(&key);
                let error = SettingsError::new(origin, key, problem, remedy);
                return Err(SettingsErrors(vec![error]));
            }
        }
        Ok(added)
    }

    fn unschedule(&mut self, topics: &[Arc<Topic>]) {
        for topic in topics {
            self.producers.remove(topic);
        }
    }

    /// Opens the journal if it is not open yet, because no topic has needed it so far.
    fn open_journal(&mut self) -> Result<(), JournalError> {
        let (None, Some(folder)) = (self.playback.journal(), self.state_dir.clone()) else {
            return Ok(());
        };
        let pending = match self.pending_journal.take() {
            // An earlier reload has started to open it, and the disk has not responded yet.
            Some(pending) => pending,
            None => PendingJournal::start(folder.clone())
                .map_err(|error| JournalError::unusable(&folder, &folder, error))?,
        };
        match Handle::current().block_on(pending.finish(&self.cancel_reload))? {
            Ok(journal) => {
                set_journal(&self.state, &self.playback, journal);
                Ok(())
            }
            Err(pending) => {
                self.pending_journal = Some(pending);
                Err(self.timed_out())
            }
        }
    }

    /// Reads the checkpoints of the `new` topics from the journal.
    fn checkpoints(
        &self,
        new: &[NewTopic<'_>],
    ) -> Result<BTreeMap<TopicName, Checkpoint>, JournalError> {
        let Some(journal) = self.playback.journal().filter(|_| !new.is_empty()) else {
            return Ok(BTreeMap::new());
        };
        let names: Vec<_> = new.iter().map(|new| new.settings.name.clone()).collect();
        let read = move |writer: &mut JournalWriter| {
            let checkpoint =
                |name: TopicName| Some((name.clone(), writer.checkpoint(&name)?.clone()));
            names.into_iter().filter_map(checkpoint).collect()
        };
        let read = journal.call(&self.cancel_reload, read, |_| ());
        Handle::current()
            .block_on(read)
            .ok_or_else(|| self.timed_out())
    }

    /// Adds the topics of `added` to the journal; `checkpoints` are those that it has of them.
    fn start_journalling(
        &self,
        added: &[Arc<Topic>],
        checkpoints: &BTreeMap<TopicName, Checkpoint>,
    ) -> Result<(), JournalError> {
        let Some(journal) = self.playback.journal().filter(|_| !added.is_empty()) else {
            return Ok(());
        };
        let (topics, unwanted, checkpoints) = (added.to_vec(), added.to_vec(), checkpoints.clone());
        let add = journal.call(
            &self.cancel_reload,
            move |writer| writer.add(&topics),
            move |writer| writer.remove(&unwanted, &checkpoints),
        );
        let added = Handle::current().block_on(add);
        added.unwrap_or_else(|| Err(self.timed_out()))
    }

    fn timed_out(&self) -> JournalError {
        JournalError::timed_out(self.state_dir.as_deref().unwrap_or(Path::new("")))
    }

    fn apply(&self, settings: &Settings, changes: &ConfigDiff, added: &[Arc<Topic>]) {
        let (server, state) = (&settings.server, &self.state);
        if changes.applies("server.max_viewers") || changes.applies("server.max_viewers_per_ip") {
            let viewers_max = self.fd_limit.cap_viewers(server.max_viewers);
            state
                .viewer_limits
                .set_max(viewers_max, server.max_viewers_per_ip);
        }
        state.origins.set(server.allowed_origins.clone());
        state.hosts.set(server.hosts.clone());
        state.proxies.set(server.trusted_proxies.clone());
        state
            .history_max
            .store(server.history_max, Ordering::Relaxed);
        state.drain.set_grace(server.drain);
        self.limits.set(server, self.fd_limit);
        if changes.applies("log.stats_every") {
            self.stats_every.send_replace(settings.log.stats_every);
        }
        for topic in added {
            log_added(topic);
            self.producers.start(topic);
        }
        self.set_topics(settings, added);
        for topic in &settings.topics {
            if let Some(running) = state.hub.topic(Some(&topic.name)) {
                running.set_policy(topic, server.recover_max);
            }
        }
    }

    /// Applies the changes of rates and speeds to those of `paces`. If they cannot be written to the journal, it moves
    /// them to `changes.postponed`.
    fn apply_paces(
        &self,
        settings: &Settings,
        paces: &BTreeMap<TopicName, PlaybackCommand>,
        changes: &mut ConfigDiff,
    ) {
        let is_changed = |topic: &&settings::TopicSettings| {
            PACE_KEYS
                .iter()
                .any(|name| changes.applies(&topic.key(name)))
        };
        let topics: Vec<_> = settings.topics.iter().filter(is_changed).collect();
        let command = |topic: &&settings::TopicSettings| {
            Some(TopicCommand {
                topic: self.state.hub.topic(Some(&topic.name))?,
                command: *paces.get(&topic.name)?,
            })
        };
        let request = PlaybackRequest {
            commands: topics.iter().filter_map(command).collect(),
            by: Author::configuration(),
        };
        if request.commands.is_empty() {
            return;
        }
        if let Err(error) = Handle::current().block_on(self.playback.execute(&request)) {
            let error = error.to_string();
            for topic in topics {
                changes.postpone(topic, &settings.origins, &error);
            }
        }
    }

    /// Puts the topics into the order of the file. Topics that it no longer contains come last, because only a restart
    /// removes them.
    fn set_topics(&self, settings: &Settings, added: &[Arc<Topic>]) {
        let hub = &self.state.hub;
        let named = |topic: &settings::TopicSettings| {
            let new = added.iter().find(|new| *new.name() == topic.name).cloned();
            new.or_else(|| hub.topic(Some(&topic.name)))
        };
        let topics = || {
            let mut topics: Vec<_> = settings.topics.iter().filter_map(named).collect();
            let is_removed = |topic: &Arc<Topic>| {
                let mut configured = settings.topics.iter();
                configured.all(|other| other.name != *topic.name())
            };
            topics.extend(hub.topics().into_iter().filter(is_removed));
            topics
        };
        hub.set_topics(topics, settings.server.default_topic.clone());
    }
}

/// The command that changes to the pace of `clock`.
const fn pace_command(clock: &TopicClock) -> PlaybackCommand {
    PlaybackCommand::Pace {
        pace: clock.pace,
        playout: clock.playout,
    }
}

/// Reports new topics whose player runs already: they cannot be aligned with the others.
fn check_players(settings: &Settings, changes: &ConfigDiff) -> Result<(), SettingsErrors> {
    let is_new = |topic: &settings::TopicSettings| changes.added.contains(&topic.name);
    let runs = |player: &TopicName| {
        let mut topics = settings.topics.iter();
        topics.any(|topic| topic.player == *player && !is_new(topic))
    };
    let late = settings
        .topics
        .iter()
        .filter(|topic| is_new(topic) && runs(&topic.player));
    let errors: Vec<_> = late
        .map(|topic| {
            let key = topic.key("player");
            let problem = format!("the player `{}` is running already", topic.player);
            let remedy = "restart the hub to add a topic to it, or choose another player";
            SettingsError::new(settings.origins.origin_of(&key), key, problem, remedy)
        })
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(SettingsErrors(errors))
    }
}

fn log_added(topic: &Topic) {
    tracing::info!(
        event = "topic.added",
        topic = topic.name().as_str(),
        "topic added"
    );
    restore_topics::log_start(topic);
    log_topic_ready(topic);
}
