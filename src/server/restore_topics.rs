//! Creates the topics at the start and for a reload: each resumes from its checkpoint in the journal or starts a new
//! epoch, and the choice is logged.
//!
//! How a topic decides is up to `hub::Topic`; this module only brings settings, records and checkpoint together.

use std::sync::Arc;

use super::StateLocation;
use crate::hub::{
    Checkpoint, NewEpochReason, StartMode, Topic, TopicClock, TopicSpec, topic_clocks,
};
use crate::journal::{Journal, JournalError};
use crate::protocol::{Micros, TopicName};
use crate::settings::{self, Settings, SettingsErrors};
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

/// A topic that is created.
#[derive(Debug)]
pub(super) struct NewTopic<'a> {
    pub(super) settings: &'a settings::TopicSettings,
    pub(super) source: SharedSource,
    pub(super) clock: TopicClock,
}

/// The topics of `settings` with their records, in order.
///
/// # Errors
/// A topic cannot be played as its settings say.
pub(super) fn new_topics(
    settings: &Settings,
    sources: Vec<SharedSource>,
) -> Result<Vec<NewTopic<'_>>, SettingsErrors> {
    let topics: Vec<_> = settings.topics.iter().zip(sources).collect();
    let clocks = topic_clocks(&settings.origins, &topics)?;
    let topic = |((settings, source), clock)| NewTopic {
        settings,
        source,
        clock,
    };
    Ok(topics.into_iter().zip(clocks).map(topic).collect())
}

/// Checks that the topics of `settings` can be played as it says; `sources` are their records, in the same order.
///
/// # Errors
/// A topic cannot.
pub fn check_topics(settings: &Settings, sources: &[SharedSource]) -> Result<(), SettingsErrors> {
    new_topics(settings, sources.to_vec())?;
    let next = settings.next.iter();
    for (next, source) in next.zip(sources.iter().skip(settings.topics.len())) {
        topic_clocks(&settings.origins, &[(&next.topic, Arc::clone(source))])?;
    }
    Ok(())
}

/// Creates `topics`, each where its timeline is at `now`. `checkpoint` looks up a topic's last checkpoint. If one topic of
/// a player starts with a new epoch, all do, so that they stay aligned.
pub(super) fn restore<'a>(
    topics: Vec<NewTopic<'a>>,
    checkpoint: impl Fn(&TopicName) -> Option<Checkpoint>,
    now: Micros,
    recover_max: u64,
) -> Vec<Arc<Topic>> {
    let spec = |topic: NewTopic<'a>| TopicSpec {
        checkpoint: checkpoint(&topic.settings.name),
        settings: topic.settings,
        source: topic.source,
        clock: topic.clock,
        is_player_restarted: false,
        now,
        recover_max,
    };
    let mut specs: Vec<_> = topics.into_iter().map(spec).collect();
    let begins: Vec<_> = specs.iter().map(TopicSpec::begins_epoch).collect();
    for index in 0..specs.len() {
        let player = &specs[index].settings.player;
        let is_restarted = specs
            .iter()
            .zip(&begins)
            .any(|(other, begins)| *begins && other.settings.player == *player);
        specs[index].is_player_restarted = is_restarted && !begins[index];
    }
    let topic = |spec| Arc::new(Topic::new(spec));
    specs.into_iter().map(topic).collect()
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
        NewEpochReason::PlayerRestarted => "player",
        NewEpochReason::Switched => "next",
        NewEpochReason::LoopChanged => "loop",
        NewEpochReason::ClockBack { .. } => "clock_back",
    }
}
