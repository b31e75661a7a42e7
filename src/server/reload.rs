//! Another configuration for a hub that runs: what can be changed is, and no viewer is lost by it.
//!
//! First everything is prepared that can fail; only then is anything changed. Rates come last: [what cannot be written
//! down](super::rates) waits for the next reload.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::keeping::Opening;
use super::{Server, begin, tell_ready};
use crate::hub::{Past, Topic};
use crate::journal::{JournalError, Keeper};
use crate::protocol::TopicName;
use crate::settings::{self, Changes, Fault, Faults, Settings, Start};
use crate::source::Dataset;

impl Server {
    /// Applies what of `settings` can be while viewers are there, with the `datasets` of its topics in their order;
    /// returns what that is, what waits for a restart, and what could not be written down. Blocks its thread.
    ///
    /// # Errors
    /// A topic that is new cannot be begun. Nothing has changed.
    pub fn reload(
        &mut self,
        settings: &Settings,
        datasets: Vec<Dataset>,
    ) -> Result<Changes, Faults> {
        let hub = &self.context.hub;
        let loaded: Vec<_> = settings.topics.iter().zip(datasets).collect();
        let has_other_records = |topic: &settings::Topic| {
            let new = loaded.iter().find(|(new, _)| new.name == topic.name);
            let running = hub.topic(Some(&topic.name));
            new.zip(running)
                .is_some_and(|((_, new), running)| new.digest() != running.dataset().digest())
        };
        for topic in hub.topics() {
            // Also of a change that was given up on and has been written down since.
            self.in_force
                .set_rate(topic.name(), topic.timeline().current().rate);
        }
        let mut changes = self.in_force.compare(settings, has_other_records);
        let new = loaded
            .into_iter()
            .filter(|(topic, _)| changes.added.contains(&topic.name))
            .collect();
        let added = self.prepare(settings, new)?;
        self.apply(settings, &changes, &added);
        self.apply_rates(settings, &mut changes);
        self.in_force.adopt(&changes, settings);
        Ok(changes)
    }

    /// Begins the topics that are new; nobody can view them yet.
    fn prepare(
        &mut self,
        settings: &Settings,
        new: Vec<(&settings::Topic, Dataset)>,
    ) -> Result<Vec<Arc<Topic>>, Faults> {
        let unusable = |error: &JournalError| {
            let (key, origins) = ("state.dir", &settings.origins);
            let fault = Fault::new(origins.of(key), key, error.to_string(), error.remedy());
            Faults(vec![fault])
        };
        if new.iter().any(|(topic, _)| topic.start == Start::FirstRun) {
            self.open_journal().map_err(|error| unusable(&error))?;
        }
        let pasts = self.pasts(&new).map_err(|error| unusable(&error))?;
        let now = self.context.hub.clock().now();
        let past = |topic: &TopicName| pasts.get(topic).cloned();
        let added = begin::these(new, past, now, settings.server.recover_max);
        self.keep(&added, &pasts)
            .map_err(|error| unusable(&error))?;
        for topic in &added {
            if let Err(error) = self.producers.add(topic) {
                self.unschedule(&added);
                if let Some(keeping) = &self.keeping {
                    let topics = added.clone();
                    keeping.begin(move |keeper| keeper.remove(&topics, &pasts));
                }
                let key = format!("topics.{}", topic.name());
                let problem = format!("cannot start its thread: {error}");
                let remedy = "raise the limit of threads (`ulimit -u`), or leave the topic out";
                let fault = Fault::new(settings.origins.of(&key), key, problem, remedy);
                return Err(Faults(vec![fault]));
            }
        }
        Ok(added)
    }

    fn unschedule(&mut self, topics: &[Arc<Topic>]) {
        for topic in topics {
            self.producers.remove(topic.name());
        }
    }

    /// A hub whose topics all had a fixed start has none yet.
    fn open_journal(&mut self) -> Result<(), JournalError> {
        let (None, Some(folder)) = (&self.keeping, self.state_dir.clone()) else {
            return Ok(());
        };
        let opening = match self.opening.take() {
            // One that the disk keeps from opening it is enough.
            Some(opening) => opening,
            None => Opening::begin(folder.clone())
                .map_err(|error| JournalError::unusable(&folder, &folder, error))?,
        };
        match opening.finish(&self.hurry)? {
            Ok(keeping) => {
                self.keeping = Some(keeping);
                Ok(())
            }
            Err(opening) => {
                self.opening = Some(opening);
                Err(self.stuck())
            }
        }
    }

    /// What is remembered of those topics that are `new`.
    fn pasts(
        &self,
        new: &[(&settings::Topic, Dataset)],
    ) -> Result<BTreeMap<TopicName, Past>, JournalError> {
        let Some(keeping) = self.keeping.as_ref().filter(|_| !new.is_empty()) else {
            return Ok(BTreeMap::new());
        };
        let names: Vec<_> = new.iter().map(|(topic, _)| topic.name.clone()).collect();
        let recall = move |keeper: &mut Keeper| {
            let past = |name: TopicName| Some((name.clone(), keeper.past(&name)?.clone()));
            names.into_iter().filter_map(past).collect()
        };
        keeping
            .within(&self.hurry, recall, |_| ())
            .ok_or_else(|| self.stuck())
    }

    /// Has the journal kept for `added` as well, of which it remembers `pasts`.
    fn keep(
        &self,
        added: &[Arc<Topic>],
        pasts: &BTreeMap<TopicName, Past>,
    ) -> Result<(), JournalError> {
        let Some(keeping) = self.keeping.as_ref().filter(|_| !added.is_empty()) else {
            return Ok(());
        };
        let (topics, unwanted, pasts) = (added.to_vec(), added.to_vec(), pasts.clone());
        keeping
            .within(
                &self.hurry,
                move |keeper| keeper.add(&topics),
                move |keeper| keeper.remove(&unwanted, &pasts),
            )
            .unwrap_or_else(|| Err(self.stuck()))
    }

    fn stuck(&self) -> JournalError {
        JournalError::stuck(self.state_dir.as_deref().unwrap_or(Path::new("")))
    }

    fn apply(&self, settings: &Settings, changes: &Changes, added: &[Arc<Topic>]) {
        let (server, context) = (&settings.server, &self.context);
        if changes.applies("server.max_viewers") || changes.applies("server.max_viewers_per_ip") {
            let viewers_max = self.files.cap(server.max_viewers);
            context
                .seats
                .set_max(viewers_max, server.max_viewers_per_ip);
        }
        context.origins.set(server.allowed_origins.clone());
        context.hosts.set(server.hosts.clone());
        context.proxies.set(server.trusted_proxies.clone());
        context
            .history_max
            .store(server.history_max, Ordering::Relaxed);
        context.drain.set_grace(server.drain);
        self.gates.set(server, self.files);
        if changes.applies("log.stats_every") {
            self.stats_every.send_replace(settings.log.stats_every);
        }
        for topic in added {
            tell_added(topic);
            self.producers.notify(topic.name());
        }
        self.arrange(settings, added);
        for topic in &settings.topics {
            if let Some(running) = context.hub.topic(Some(&topic.name)) {
                running.treat(topic, server.recover_max);
            }
        }
    }

    /// Changes the rates that `changes` has; those that cannot be written down are taken out of it, to be tried again.
    fn apply_rates(&mut self, settings: &Settings, changes: &mut Changes) {
        let topics: Vec<_> = settings
            .topics
            .iter()
            .filter(|topic| changes.applies(&topic.key("rate")))
            .filter_map(|topic| Some((self.context.hub.topic(Some(&topic.name))?, topic)))
            .collect();
        if topics.is_empty() {
            return;
        }
        if let Err(error) = self.change_rates(&topics) {
            let error = error.to_string();
            for (_, topic) in &topics {
                changes.postpone(topic, &settings.origins, &error);
            }
        }
    }

    /// The topics in the order of the file; behind them those that it no longer has, which go at a restart only.
    fn arrange(&self, settings: &Settings, added: &[Arc<Topic>]) {
        let hub = &self.context.hub;
        let named = |topic: &settings::Topic| {
            let new = added.iter().find(|new| *new.name() == topic.name).cloned();
            new.or_else(|| hub.topic(Some(&topic.name)))
        };
        let mut topics: Vec<_> = settings.topics.iter().filter_map(named).collect();
        let is_left =
            |topic: &Arc<Topic>| settings.topics.iter().all(|of| of.name != *topic.name());
        topics.extend(hub.topics().into_iter().filter(is_left));
        hub.arrange(topics, settings.server.default_topic.clone());
    }
}

fn tell_added(topic: &Topic) {
    tracing::info!(
        event = "topic.added",
        topic = topic.name().as_str(),
        "a topic is new"
    );
    begin::tell(topic);
    tell_ready(topic);
}
