//! Topics at their places: what the journal remembers and the configuration says of each, and which way it went.

use std::sync::Arc;

use crate::clock::Clock;
use crate::hub::{How, Past, Reason, Topic, TopicSpec};
use crate::journal::{Journal, JournalError};
use crate::protocol::{Micros, TopicName};
use crate::settings::{self, Settings, Start};
use crate::source::Dataset;

/// Opens the journal, if there is to be one. Hubs whose topics all have a fixed start need none, so that two of
/// them may share a file.
pub(super) fn journal(settings: &Settings) -> Result<Option<Journal>, JournalError> {
    let is_needed = settings
        .topics
        .iter()
        .any(|topic| topic.start == Start::FirstRun);
    let folder = settings.state.dir.as_deref().filter(|_| is_needed);
    folder.map(Journal::open).transpose()
}

/// The topics of `settings`, in their order, at their places now.
pub(super) fn topics(
    settings: &Settings,
    datasets: Vec<Dataset>,
    journal: Option<&Journal>,
    clock: &Clock,
) -> Vec<Arc<Topic>> {
    let past = |topic: &TopicName| journal.and_then(|journal| journal.past(topic).cloned());
    let of = settings.topics.iter().zip(datasets);
    these(of, past, clock.now(), settings.server.recover_max)
}

/// A topic for each of these settings with its dataset, at its place `now`; `past` is what is remembered of one.
pub(super) fn these<'a>(
    topics: impl IntoIterator<Item = (&'a settings::Topic, Dataset)>,
    past: impl Fn(&TopicName) -> Option<Past>,
    now: Micros,
    recover_max: u64,
) -> Vec<Arc<Topic>> {
    let topic = |(settings, dataset): (&settings::Topic, Dataset)| {
        Arc::new(Topic::new(TopicSpec {
            past: past(&settings.name),
            settings,
            dataset,
            now,
            recover_max,
        }))
    };
    topics.into_iter().map(topic).collect()
}

/// Tells how the timeline of `topic` began, where that is not what is configured.
pub(super) fn tell(topic: &Topic) {
    match topic.how() {
        How::Configured => {}
        How::Begun(reason) => tell_begun(topic, reason),
        How::Resumed {
            remembered,
            wait,
            is_rate_changed,
        } => tracing::info!(
            event = "timeline.resumed",
            topic = topic.name().as_str(),
            epoch = topic.epoch().as_str(),
            seq = topic.published().get(),
            remembered_seq = remembered.get(),
            wait_seconds = wait.as_secs_f64(),
            rate_changed = is_rate_changed,
            "the timeline goes on"
        ),
    }
}

fn tell_begun(topic: &Topic, reason: &Reason) {
    if let Reason::ClockBack { epoch, seq, behind } = reason {
        tracing::warn!(
            event = "timeline.clock_back",
            topic = topic.name().as_str(),
            epoch = epoch.as_str(),
            seq = seq.get(),
            behind_seconds = behind.as_secs_f64(),
            "the wall clock stands too far behind the last publication to wait for it; this epoch is over"
        );
    }
    tracing::info!(
        event = "timeline.begun",
        topic = topic.name().as_str(),
        epoch = topic.epoch().as_str(),
        t0 = topic.timeline().current().t0.get(),
        reason = word(reason),
        "a new timeline begins"
    );
}

const fn word(reason: &Reason) -> &'static str {
    match reason {
        Reason::FirstRun => "first_run",
        Reason::Dataset => "dataset",
        Reason::Loop => "loop",
        Reason::ClockBack { .. } => "clock_back",
    }
}
