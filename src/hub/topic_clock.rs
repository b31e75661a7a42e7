//! [`TopicClock`]: what says when the records of a topic are due, from its settings, its records, and the other topics
//! of its player.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::protocol::Micros;
use crate::settings::{
    Pace, SettingsError, SettingsErrors, TimeSettings, TopicSettings, ValueOrigins,
};
use crate::source::SharedSource;
use crate::timeline::{
    DatasetClock, DatasetPace, PlayedDataset, PlayerClock, PlayoutSettings, SegmentPace,
};

/// What says when the records of a topic are due.
#[derive(Debug, Clone)]
pub struct TopicClock {
    /// Dataset time.
    pub(super) clock: DatasetClock,
    /// How fast it goes by.
    pub pace: SegmentPace,
    /// How the topic is played out.
    pub playout: PlayoutSettings,
    /// What identifies the records and their dataset time: the digest of the records, if nothing else determines it.
    pub(super) identity: [u8; 32],
}

/// A topic with its dataset.
#[derive(Debug)]
struct Member<'a> {
    settings: &'a TopicSettings,
    digest: [u8; 32],
    dataset: PlayedDataset,
    median_interval: Option<Duration>,
}

/// The clocks of `topics`, in the same order. All topics of a player must be among them.
///
/// # Errors
/// A topic without time stamps is to be played by them, or more records are due in a second than a topic may publish.
pub fn topic_clocks(
    origins: &ValueOrigins,
    topics: &[(&TopicSettings, SharedSource)],
) -> Result<Vec<TopicClock>, SettingsErrors> {
    let mut errors = SettingsErrors::default();
    let mut report = |topic: &TopicSettings, key: &str, problem: String, remedy: &str| {
        let key = topic.key(key);
        let origin = origins.origin_of(&key);
        errors
            .0
            .push(SettingsError::new(origin, key, problem, remedy));
    };
    let mut members = Vec::new();
    for (topic, source) in topics {
        match Member::new(topic, source) {
            Some(member) => members.push(member),
            None => report(
                topic,
                "time",
                "the records have no time stamps".to_owned(),
                "set `rate` in its place",
            ),
        }
    }
    let clocks: Vec<_> = members
        .iter()
        .map(|member| member.clock(&members))
        .collect();
    for (member, clock) in members.iter().zip(&clocks) {
        if let Some(problem) = too_dense(member, clock) {
            report(
                member.settings,
                "time",
                problem,
                "lower `speed`, or set `rate` in its place",
            );
        }
    }
    if errors.0.is_empty() {
        Ok(clocks)
    } else {
        Err(errors)
    }
}

/// What is wrong if more records are due within a second than a topic may publish.
fn too_dense(member: &Member<'_>, clock: &TopicClock) -> Option<String> {
    let densest = clock.clock.densest_second();
    let speed = member.settings.speed;
    let resulting = densest.saturating_mul(u64::from(speed.thousandths()));
    (resulting > Pace::PER_SECOND_MAX * 1_000).then(|| {
        format!(
            "{densest} records fall into one second, which at speed {speed} is more than {} per second",
            Pace::PER_SECOND_MAX
        )
    })
}

impl<'a> Member<'a> {
    /// The topic; `None` if it is to be played by time stamps that its records do not have.
    fn new(settings: &'a TopicSettings, source: &SharedSource) -> Option<Self> {
        let stamps = source.stamps();
        let median_interval = match &settings.pace {
            Pace::Rate(_) => None,
            Pace::Time(_) => stamps?.median_interval(),
        };
        let pace = match &settings.pace {
            Pace::Rate(rate) => DatasetPace::Rate(*rate),
            Pace::Time(time) => {
                DatasetPace::from_stamps(stamps?.clone(), median_interval, time.loop_gap)
            }
        };
        Some(Self {
            settings,
            digest: *source.digest(),
            dataset: PlayedDataset {
                len: source.count(),
                pace,
            },
            median_interval,
        })
    }

    /// The clock of the topic among all `members` of the hub.
    fn clock(&self, members: &[Self]) -> TopicClock {
        let together: Vec<_> = members
            .iter()
            .filter(|member| member.settings.player == self.settings.player)
            .collect();
        let datasets: Vec<_> = together
            .iter()
            .map(|member| member.dataset.clone())
            .collect();
        let player = PlayerClock::new(&datasets);
        let durations = self.settings.playout(self.median_interval);
        TopicClock {
            clock: player.dataset(&self.dataset, self.settings.looping),
            pace: SegmentPace {
                rate: self.settings.pace.rate(),
                speed: self.settings.speed,
            },
            playout: PlayoutSettings {
                delay: durations.delay,
                coalesce: durations.coalesce,
            },
            identity: self.identity(&player, &together),
        }
    }

    /// What identifies the records and their dataset time. That of a topic that is played alone at a rate is its digest.
    ///
    /// The digests of all topics of a player are in it, so that they begin their epochs together.
    fn identity(&self, player: &PlayerClock, together: &[&Self]) -> [u8; 32] {
        let time = self.settings.pace.time();
        if time.is_none() && !player.is_shared() {
            return self.digest;
        }
        let mut hasher = Sha256::new();
        hasher.update(self.digest);
        if let Some(time) = time {
            hash_time(&mut hasher, time);
        }
        let (numerator, denominator) = player.lap().parts();
        hasher.update(numerator.to_be_bytes());
        hasher.update(denominator.to_be_bytes());
        let origin = player.origin().map_or(0, Micros::get);
        hasher.update(origin.to_be_bytes());
        if player.is_shared() {
            let mut digests: Vec<_> = together.iter().map(|member| member.digest).collect();
            digests.sort_unstable();
            digests.iter().for_each(|digest| hasher.update(digest));
        }
        hasher.finalize().into()
    }
}

/// Hashes the settings of time stamps, each so that it cannot be taken for another.
fn hash_time(hasher: &mut Sha256, time: &TimeSettings) {
    let unit = time.unit.map_or("", |unit| unit.name());
    for text in [&time.key, unit] {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
    for gap in [time.max_gap, time.loop_gap] {
        hasher.update(gap.map_or(0, |gap| gap.as_micros()).to_be_bytes());
    }
}

#[cfg(test)]
mod tests;
