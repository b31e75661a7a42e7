//! [`PlayedGroup`]: files, or channels of a recording, that are played by one clock, so that they stay aligned.

use super::time_plan::TimePlan;
use crate::protocol::Micros;
use crate::settings::TimeUnit;
use crate::source::is_absolute;

/// Files that are played together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PlayedGroup {
    /// The first of them, after whose topic the player is named.
    pub(super) leader: usize,
    /// The earliest time of all.
    pub(super) origin: Micros,
    /// The latest time of all.
    pub(super) end: Micros,
}

/// The group of each of `files`: all of them, if their instants overlap; otherwise the channels of one recording. Times
/// of different files that are no instants cannot be aligned: they do not say since when they count.
pub(super) fn groups(files: &[TimePlan]) -> Vec<Option<PlayedGroup>> {
    let all: Vec<usize> = (0..files.len()).collect();
    if overlap(files) {
        return vec![group(files, &all); files.len()];
    }
    let of_file = |file: &TimePlan| {
        let is_member =
            |&&index: &&usize| files[index].path == file.path && span(&files[index]).is_some();
        let members: Vec<usize> = all.iter().filter(is_member).copied().collect();
        span(file).and_then(|_| group(files, &members))
    };
    files.iter().map(of_file).collect()
}

/// The group of several `members`.
fn group(files: &[TimePlan], members: &[usize]) -> Option<PlayedGroup> {
    let spans = || members.iter().filter_map(|&index| span(&files[index]));
    let origin = spans().map(|(first, _)| first).min()?;
    let end = spans().map(|(_, last)| last).max()?;
    (members.len() > 1).then(|| PlayedGroup {
        leader: members[0],
        origin,
        end,
    })
}

/// Whether all of the files have instants, at some of which all of them have records.
fn overlap(files: &[TimePlan]) -> bool {
    let has_instants = |file: &&TimePlan| {
        let facts = file.column.as_ref().map(|column| &column.facts);
        facts.is_some_and(|facts| {
            facts.unit == TimeUnit::Rfc3339 || is_absolute(facts.summary.first)
        })
    };
    let spans: Vec<_> = files.iter().filter(has_instants).filter_map(span).collect();
    let latest_first = spans.iter().map(|(first, _)| first).max();
    let earliest_last = spans.iter().map(|(_, last)| last).min();
    spans.len() == files.len() && latest_first < earliest_last
}

/// The first and the last time of a file; `None` if it is not played by its time.
fn span(file: &TimePlan) -> Option<(Micros, Micros)> {
    let summary = &file.column.as_ref()?.facts.summary;
    Some((summary.first, summary.last))
}
