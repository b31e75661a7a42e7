//! `check FILE`: describes datasets: what their records are, and what `play` would do with them.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use super::in_words::{counted, duration};
use super::played_files::{PlayedFiles, TimePlan};
use super::time_facts::TimeFacts;
use super::{Failure, ignore_broken_pipe, shown};
use crate::cli::{HubOptions, PlayArgs};
use crate::settings::TopicSettings;
use crate::source::{ChannelDescription, Dataset, DatasetDescription, FieldDescription};
use crate::telemetry::TerminalSafe;

/// Fields that are listed; the others are counted.
const FIELDS_MAX: usize = 200;
/// In characters, of a field's name.
const NAME_LEN_MAX: usize = 40;

/// One line of the table of fields.
type Row = [String; 6];

/// Describes the files that `play` would play.
pub(super) fn run(options: &HubOptions, play: &PlayArgs) -> Result<(), Failure> {
    let files = PlayedFiles::new(options, play)?;
    let settings = files.settings()?;
    let datasets = files.load_datasets(&settings)?;
    let mut out = io::stdout().lock();
    let mut previous = None;
    let topics = settings.topics.iter().zip(&datasets);
    for ((topic, dataset), plan) in topics.zip(files.plans()) {
        // The topics of a recording follow each other.
        let is_first = previous.replace(&topic.dataset) != Some(&topic.dataset);
        if let Some(channels) = files.channels(&topic.dataset).filter(|_| is_first) {
            let text = list(&topic.dataset, channels);
            ignore_broken_pipe(out.write_all(text.as_bytes()))?;
        }
        let description = DatasetDescription::new(dataset)
            .map_err(|error| Failure::Running(error.to_string()))?;
        let text = describe(topic, dataset, &description, plan);
        ignore_broken_pipe(out.write_all(text.as_bytes()))?;
    }
    Ok(())
}

/// The lines about the channels of a recording.
fn list(file: &Path, channels: &[ChannelDescription]) -> String {
    let count = counted(channels.len() as u64, "channel");
    let mut text = format!("{}: {count}\n", shown(file));
    for channel in channels {
        let is_left_out = if channel.is_json() {
            ""
        } else {
            ", which cannot be played"
        };
        let channel = channel.to_string();
        writeln!(text, "  {}{is_left_out}", TerminalSafe(&channel))
            .expect("a string takes everything");
    }
    text
}

/// The lines about one file, or about one channel of it.
fn describe(
    topic: &TopicSettings,
    dataset: &Dataset,
    description: &DatasetDescription,
    plan: &TimePlan,
) -> String {
    let mut text = String::new();
    let mut add = |line: String| writeln!(text, "{line}").expect("a string takes everything");
    let format = dataset.format().name();
    let (file, records) = (
        shown(&topic.dataset),
        counted(description.records, "record"),
    );
    let of_channel = topic.channel.as_ref().map_or_else(String::new, |channel| {
        format!(" of the channel `{}`", TerminalSafe(channel))
    });
    add(format!("{file}: {records}{of_channel}, read as {format}"));
    for line in table(&description.fields) {
        add(line);
    }
    for note in dataset.notes() {
        let note = note.to_string();
        add(format!("  note: {}", TerminalSafe(&note)));
    }
    for line in plan.facts().map_or_else(Vec::new, TimeFacts::lines) {
        add(format!("  time: {}", TerminalSafe(&line)));
    }
    if plan.is_remarkable() && plan.column.is_none() {
        add(format!("  time: {}", TerminalSafe(&plan.to_string())));
    }
    let name = topic.name.as_str();
    let (pace, once) = match (&plan.column, topic.pace.rate()) {
        (Some(column), _) => (
            format!("by the time in `{}`", column.facts.key),
            column.facts.lap(),
        ),
        (None, Some(rate)) => (
            format!("{rate} records per second"),
            at_rate(description.records, rate.millionths()),
        ),
        (None, None) => (String::new(), Duration::ZERO),
    };
    let (pace, once) = (TerminalSafe(&pace), duration(once));
    add(format!(
        "  `tickcast play` would play it as the topic `{name}`, {pace}, {once} once through"
    ));
    text
}

/// The fields as the lines of a table.
fn table(fields: &[FieldDescription]) -> Vec<String> {
    let header = ["field", "type", "range", "null", "missing", "example"].map(str::to_owned);
    let rows: Vec<Row> = std::iter::once(header)
        .chain(fields.iter().take(FIELDS_MAX).map(row))
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: [usize; 6] = std::array::from_fn(width);
    let line = |row: &Row| {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        format!("  {}", line.trim_end())
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    let others = fields.len().saturating_sub(FIELDS_MAX);
    if others > 0 {
        lines.push(format!("  and {}", counted(others as u64, "more field")));
    }
    lines
}

fn row(field: &FieldDescription) -> Row {
    let types = field.types();
    let range = field.range.as_ref();
    [
        shortened(&field.name),
        if types.is_empty() {
            "null only".to_owned()
        } else {
            types.join(", ")
        },
        range.map_or_else(String::new, |[least, greatest]| {
            format!("{} to {}", shortened(least), shortened(greatest))
        }),
        field.nulls.to_string(),
        field.missing.to_string(),
        TerminalSafe(field.example.as_deref().unwrap_or_default()).to_string(),
    ]
}

fn shortened(text: &str) -> String {
    let text = TerminalSafe(text).to_string();
    match text.char_indices().nth(NAME_LEN_MAX) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// How long `records` last at a rate in millionths of a record per second.
fn at_rate(records: u64, millionths: u64) -> Duration {
    let micros = u128::from(records) * 1_000_000_000_000 / u128::from(millionths);
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}
