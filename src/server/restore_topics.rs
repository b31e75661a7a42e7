//! Creates the topics at the start and for a reload: each resumes from its checkpoint in the journal or starts a new
//! epoch, and the choice is logged.
//!
//! How a topic decides is up to `hub::Topic`; this module only brings settings, records and checkpoint together.

use std::sync::Arc;

use super::StateLocation;
use crate::clock::Clock;
use crate::hub::{Checkpoint, NewEpochReason, StartMode, Topic, TopicSpec};
use crate::journal::{Journal, JournalError};
use crate::protocol::{Micros, TopicName};
use crate::settings::{self, Settings};
use crate::source::SharedSource;

/// Opens the journal if the hub has a state folder. Hubs whose topics all have a fixed start have none, so two of them can
/// share a configuration.
pub(super) fn open_journal(state: Option<&StateLocation>) -> Result<Option<Journal>, JournalError> {
    let Some(state) = state else {
        return Ok(None);
    };
    state.log();
    Journal::open(&state.folder).map(Some)
}

/// Creates the topics of `settings`, in order, each where its timeline is now.
pub(super) fn restore_all(
    settings: &Settings,
    sources: Vec<SharedSource>,
    journal: Option<&Journal>,
    clock: &Clock,
) -> Vec<Arc<Topic>> {
    let checkpoint =
        |topic: &TopicName| journal.and_then(|journal| journal.checkpoint(topic).cloned());
    let topics = settings.topics.iter().zip(sources);
    restore(topics, checkpoint, clock.now(), settings.server.recover_max)
}

/// Creates a topic for each of `topics`, settings and records, where its timeline is at `now`. `checkpoint` looks up
/// the topic's last checkpoint.
pub(super) fn restore<'a>(
    topics: impl IntoIterator<Item = (&'a settings::TopicSettings, SharedSource)>,
    checkpoint: impl Fn(&TopicName) -> Option<Checkpoint>,
    now: Micros,
    recover_max: u64,
) -> Vec<Arc<Topic>> {
    let topic = |(settings, source): (&settings::TopicSettings, SharedSource)| {
        Arc::new(Topic::new(TopicSpec {
            checkpoint: checkpoint(&settings.name),
            settings,
            source,
            now,
            recover_max,
        }))
    };
    topics.into_iter().map(topic).collect()
}

/// Logs whether the timeline of `topic` is new or resumed; nothing if its start is configured.
pub(super) fn log_start(topic: &Topic) {
    match topic.feed().start_mode() {
        StartMode::Configured => {}
        StartMode::NewEpoch(reason) => log_new_timeline(topic, reason),
        StartMode::Resumed {
            checkpoint_seq: remembered,
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
            "timeline resumed"
        ),
    }
}

fn log_new_timeline(topic: &Topic, reason: &NewEpochReason) {
    if let NewEpochReason::ClockBack { epoch, seq, behind } = reason {
        tracing::warn!(
            event = "timeline.clock_back",
            topic = topic.name().as_str(),
            epoch = epoch.as_str(),
            seq = seq.get(),
            behind_seconds = behind.as_secs_f64(),
            "the wall clock is too far behind the last publication to wait for it; the epoch ends"
        );
    }
    tracing::info!(
        event = "timeline.begun",
        topic = topic.name().as_str(),
        epoch = topic.epoch().as_str(),
        t0 = topic.feed().describe().newest_state.t.get(),
        reason = reason_name(reason),
        "new timeline"
    );
}

const fn reason_name(reason: &NewEpochReason) -> &'static str {
    match reason {
        NewEpochReason::FirstRun => "first_run",
        NewEpochReason::DatasetChanged => "dataset",
        NewEpochReason::LoopChanged => "loop",
        NewEpochReason::ClockBack { .. } => "clock_back",
    }
}
