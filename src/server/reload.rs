//! Another configuration for a hub that runs: what can be changed is, and no viewer is lost by it.
//!
//! First everything is prepared that can fail; only then is anything changed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::keeping::Keeping;
use super::{Server, begin, tell_ready};
use crate::hub::{Course, Pace, Past, Topic};
use crate::journal::{Journal, JournalError, Keeper};
use crate::protocol::TopicName;
use crate::settings::{self, Changes, Fault, Faults, Settings, Start};
use crate::source::Dataset;

/// How far ahead a topic's course is changed, so that it is written down by then. A slow disk gets more time.
const LEADS: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
];

/// How long a disk may take before a topic that is new is given up: nobody is heard meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

impl Server {
    /// Applies what of `settings` can be while viewers are there, with the `datasets` of its topics in their order;
    /// returns what that is, and what waits for a restart. Blocks its thread.
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
        let changes = self.in_force.compare(settings, has_other_records);
        let new = loaded
            .into_iter()
            .filter(|(topic, _)| changes.added.contains(&topic.name))
            .collect();
        let added = self.prepare(settings, new)?;
        self.apply(settings, &changes, &added);
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
        self.keep(&added).map_err(|error| unusable(&error))?;
        for topic in &added {
            if let Err(error) = self.producers.add(topic) {
                self.unschedule(&added);
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
        if let (None, Some(folder)) = (&self.keeping, &self.state_dir) {
            let keeper = Keeper::begin(Journal::open(folder)?, Vec::new())?;
            self.keeping = Some(Keeping::start(keeper));
        }
        Ok(())
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
        keeping.within(PATIENCE, recall).ok_or_else(|| self.stuck())
    }

    /// Has the journal kept for `added` as well.
    fn keep(&self, added: &[Arc<Topic>]) -> Result<(), JournalError> {
        let Some(keeping) = self.keeping.as_ref().filter(|_| !added.is_empty()) else {
            return Ok(());
        };
        let topics = added.to_vec();
        keeping
            .within(PATIENCE, move |keeper| keeper.add(&topics))
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
        let mut leads = &LEADS[..];
        for topic in &settings.topics {
            let Some(running) = context.hub.topic(Some(&topic.name)) else {
                continue;
            };
            running.treat(topic, server.recover_max);
            if changes.applies(&topic.key("rate")) {
                leads = self.change_rate(&running, topic, leads);
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

    /// Goes on at another rate in a new segment of the timeline, which is written down before anything of it is sent.
    /// Of `leads` returns those with which to try the next topic: a disk that is slow for one is slow for all.
    fn change_rate<'a>(
        &self,
        topic: &Arc<Topic>,
        settings: &settings::Topic,
        leads: &'a [Duration],
    ) -> &'a [Duration] {
        let clock = self.context.hub.clock();
        for (n, lead) in leads.iter().enumerate() {
            let t = clock.now().after(*lead);
            let Some(course) = topic.course_at(settings.rate, Pace::of(settings), t) else {
                // It is over, and stays so.
                return leads;
            };
            let is_last = n + 1 == leads.len();
            if self.announce(topic, &course, *lead, is_last) && topic.adopt(course) {
                self.producers.notify(topic.name());
                tell_segment(topic);
                return &leads[n..];
            }
        }
        leads
    }

    /// Whether `course` of `topic` is written down, in less than `lead`. The last time it need not be: the disk stands
    /// still, which is told.
    fn announce(&self, topic: &Arc<Topic>, course: &Course, lead: Duration, is_last: bool) -> bool {
        let Some(keeping) = &self.keeping else {
            return true;
        };
        if is_last {
            keeping.tell_stuck();
            return true;
        }
        let (topic, course) = (Arc::clone(topic), course.clone());
        let work = move |keeper: &mut Keeper| keeper.announce(&topic, &course);
        keeping.within(lead, work).is_some()
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

fn tell_segment(topic: &Topic) {
    let segment = *topic.timeline().current();
    tracing::info!(
        event = "timeline.segment",
        topic = topic.name().as_str(),
        seq0 = segment.seq0.get(),
        t0 = segment.t0.get(),
        rate = segment.rate.per_second(),
        "the timeline goes on at another rate"
    );
}
