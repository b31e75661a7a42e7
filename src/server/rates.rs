//! Changes of rates while the hub runs: written to the journal first, and in force only if that succeeds.
//!
//! # The record comes before the effect
//!
//! All topics of a reload change at one instant `t`, some time ahead, with one write. From before the write begins
//! until its outcome is known nothing is published that is due at `t` or later. The write has two steps. The slow one
//! writes the new journal to the disk beside the old one. It is given up if it takes more than half of the time to `t`:
//! then nothing of the change is in the journal, the old segment goes on without a pause, and the change is tried again
//! with a later `t`. The other step replaces the old journal by the new one and cannot be undone; if the disk hangs
//! there, the topics wait for it at `t`.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use super::Server;
use super::keeping::{PATIENCE, wait};
use crate::clock::Clock;
use crate::hub::{Course, Pace, Topic};
use crate::journal::{Change, Keeper, Outcome};
use crate::producer::Notifier;
use crate::protocol::Micros;
use crate::settings;

/// How far ahead topics change; the next one is tried if the disk is too slow for the one before. Half of it is for
/// writing the journal, so a reload waits 5.6 s at most.
const LEADS: [Duration; 3] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(10),
];

/// Why rates have not changed.
#[derive(Debug)]
pub(super) enum NotChanged {
    /// The journal cannot be written.
    Failed(io::Error),
    /// The disk takes too long, or the hub is to end. The journal is as it was.
    Late,
    /// The disk takes too long to say whether it has the change, and the topics wait for it.
    Unsettled,
}

/// What is being changed, on its way to the journal's thread and back.
#[derive(Debug)]
struct Attempt {
    changes: Vec<(Change, Option<Notifier>)>,
    clock: Clock,
    /// When it is given up, unless all is on the disk by then.
    deadline: Micros,
    /// Set once the outcome is decided: by the journal's thread before it replaces the journal, or by the reload when
    /// it gives up.
    is_decided: AtomicBool,
}

impl Server {
    /// Has each of `topics` go on at its configured rate in a new segment of its timeline. Blocks its thread.
    pub(super) fn change_rates(
        &mut self,
        topics: &[(Arc<Topic>, &settings::Topic)],
    ) -> Result<(), NotChanged> {
        if let Some(before) = &mut self.unsettled {
            // The topics wait for the disk as it is.
            _ = wait(before, PATIENCE, &self.hurry).ok_or(NotChanged::Unsettled)?;
            self.unsettled = None;
        }
        for lead in LEADS {
            let Some(attempt) = self.hold(topics, lead) else {
                return Ok(());
            };
            match self.try_change(&Arc::new(attempt), lead) {
                Err(NotChanged::Late) if !self.hurry.is_cancelled() => {}
                result => return result,
            }
        }
        if let Some(keeping) = &self.keeping {
            keeping.tell_stuck();
        }
        Err(NotChanged::Late)
    }

    /// Holds the topics at the instant `lead` from now; `None` where nothing is to change: a topic that is over stays
    /// so.
    fn hold(&self, topics: &[(Arc<Topic>, &settings::Topic)], lead: Duration) -> Option<Attempt> {
        let clock = *self.context.hub.clock();
        let now = clock.now();
        let hold = |(topic, settings): &(Arc<Topic>, &settings::Topic)| {
            let course = topic.hold(settings.rate, Pace::of(settings), now.after(lead))?;
            let notifier = self.producers.notifier(topic.name());
            Some(((Arc::clone(topic), course), notifier))
        };
        let changes: Vec<_> = topics.iter().filter_map(hold).collect();
        (!changes.is_empty()).then(|| Attempt {
            changes,
            clock,
            deadline: now.after(lead / 2),
            is_decided: AtomicBool::new(false),
        })
    }

    fn try_change(&mut self, attempt: &Arc<Attempt>, lead: Duration) -> Result<(), NotChanged> {
        let Some(keeping) = &self.keeping else {
            // Nothing is kept, so a restart cannot contradict the change.
            attempt.adopt();
            return Ok(());
        };
        let (done, mut outcome) = oneshot::channel();
        let writing = Arc::clone(attempt);
        let is_begun = keeping.begin(move |keeper| {
            if let Some(result) = writing.write(keeper) {
                // A reload that has given up asks for it the next time.
                _ = done.send(result);
            }
        });
        let in_time = is_begun
            .then(|| wait(&mut outcome, lead / 2, &self.hurry))
            .flatten();
        if let Some(result) = in_time {
            return result;
        }
        if attempt.decide() {
            attempt.give_up();
            return Err(NotChanged::Late);
        }
        // It cannot be given up any more.
        wait(&mut outcome, PATIENCE, &self.hurry).unwrap_or_else(|| {
            self.unsettled = Some(outcome);
            keeping.tell_stuck();
            Err(NotChanged::Unsettled)
        })
    }
}

impl Attempt {
    /// Claims the decision about the outcome; true for the first caller only.
    fn decide(&self) -> bool {
        !self.is_decided.swap(true, Ordering::AcqRel)
    }

    /// Writes the change down, and has the topics go on with it, or as before; `None` if it was given up by then.
    fn write(&self, keeper: &mut Keeper) -> Option<Result<(), NotChanged>> {
        if self.is_decided.load(Ordering::Acquire) {
            return None;
        }
        let changes: Vec<_> = self
            .changes
            .iter()
            .map(|(change, _)| change.clone())
            .collect();
        let mut is_ours = false;
        let outcome = keeper.change(&changes, || {
            is_ours = self.clock.now() < self.deadline && self.decide();
            is_ours
        });
        if !is_ours && !self.decide() {
            return None;
        }
        let result = match outcome {
            Outcome::Written => {
                self.adopt();
                return Some(Ok(()));
            }
            Outcome::Unwanted => NotChanged::Late,
            Outcome::Failed(error) => NotChanged::Failed(error),
        };
        self.give_up();
        Some(Err(result))
    }

    fn adopt(&self) {
        for ((topic, course), producer) in &self.changes {
            topic.adopt(course.clone());
            notify(producer.as_ref());
            tell(topic, course);
        }
    }

    fn give_up(&self) {
        for ((topic, _), producer) in &self.changes {
            topic.give_up();
            notify(producer.as_ref());
        }
    }
}

/// Has the topic's producer look again at what is due.
fn notify(producer: Option<&Notifier>) {
    if let Some(producer) = producer {
        producer.notify();
    }
}

fn tell(topic: &Topic, course: &Course) {
    let segment = *course.timeline().current();
    tracing::info!(
        event = "timeline.segment",
        topic = topic.name().as_str(),
        seq0 = segment.seq0.get(),
        t0 = segment.t0.get(),
        rate = segment.rate.per_second(),
        "the timeline goes on at another rate"
    );
}

impl fmt::Display for NotChanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Late | Self::Unsettled => io::Error::from(io::ErrorKind::TimedOut).fmt(f),
        }
    }
}
