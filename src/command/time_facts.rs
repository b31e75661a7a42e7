//! [`TimeFacts`]: the time of the records of a dataset, described for people.

use std::time::Duration;

use super::in_words::{counted, duration, interval, stamp};
use crate::settings::{TimeSettings, TimeUnit};
use crate::source::{Dataset, NoteKind, RecordSource as _, StampSummary};

/// Where the time of the records is, how it is written, and how the records lie in it.
#[derive(Debug, Clone)]
pub(super) struct TimeFacts {
    /// The value of `time`.
    pub(super) key: String,
    /// How the stamps are written; guessed, if it is not configured.
    pub(super) unit: TimeUnit,
    pub(super) summary: StampSummary,
}

impl TimeFacts {
    /// The time of `dataset`, which was loaded with `time`; `None` if it has none.
    pub(super) fn new(dataset: &Dataset, time: &TimeSettings) -> Option<Self> {
        let guessed = dataset.notes().iter().find_map(|note| match note.kind {
            NoteKind::GuessedUnit(unit) => Some(unit),
            _ => None,
        });
        Some(Self {
            key: time.key.clone(),
            // Only the time of messages is not guessed, which formats that have it keep in nanoseconds.
            unit: time.unit.or(guessed).unwrap_or(TimeUnit::Nanos),
            summary: StampSummary::new(dataset.stamps()?),
        })
    }

    /// How the stamps are written, in words.
    pub(super) fn written(&self) -> String {
        match self.unit {
            TimeUnit::Rfc3339 => "dates".to_owned(),
            number => format!("in {}", number.plural()),
        }
    }

    /// How long a lap takes, with the pause before the next one.
    pub(super) fn lap(&self) -> Duration {
        let pause = self.summary.typical.unwrap_or_default();
        self.summary.span() + pause.max(Duration::from_millis(1))
    }

    /// All of it, in lines.
    pub(super) fn lines(&self) -> Vec<String> {
        let Self { key, summary, .. } = self;
        let [first, last] = [summary.first, summary.last].map(|end| stamp(end, self.unit));
        let (written, span) = (self.written(), duration(summary.span()));
        let mut lines = vec![format!(
            "`{key}`, {written}, from {first} to {last}: {span}"
        )];
        if let Some(typical) = summary.typical {
            let rate = per_second(typical);
            lines.push(format!("{} apart in the median{rate}", interval(typical)));
        }
        if let Some(longest) = summary.longest.filter(|_| summary.gaps > 0) {
            let gaps = counted(summary.gaps, "gap");
            let (length, from) = (interval(longest.length), stamp(longest.from, self.unit));
            let after = longest.after;
            lines.push(format!(
                "{gaps} of more than ten times that, the longest {length} after record {after} at {from}"
            ));
        }
        if summary.duplicates > 0 {
            let records = counted(summary.duplicates, "record");
            lines.push(format!("{records} with the time of the record before"));
        }
        lines
    }
}

/// The rate that an interval is, if it is one per second or more.
fn per_second(interval: Duration) -> String {
    let hundredths = 100_000_000 / interval.as_micros().max(1);
    if hundredths < 100 {
        return String::new();
    }
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!(", {text} a second")
}
