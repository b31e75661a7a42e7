//! Topics at their places: what the journal remembers and the configuration says of each, and which way it went.

use std::sync::Arc;

use crate::clock::Clock;
use crate::hub::{How, Reason, Topic, TopicSpec};
use crate::journal::{Journal, JournalError};
use crate::settings::{Settings, Start};
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
    let (now, recover_max) = (clock.now(), settings.server.recover_max);
    let topic = |(settings, dataset): (&crate::settings::Topic, Dataset)| {
        Arc::new(Topic::new(TopicSpec {
            settings,
            dataset,
            past: journal.and_then(|journal| journal.past(&settings.name).cloned()),
            now,
            recover_max,
        }))
    };
    settings.topics.iter().zip(datasets).map(topic).collect()
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
