//! `check`, `config`, `completions` and `man`: print something and exit.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::time_facts::TimeFacts;
use super::{Failure, ignore_broken_pipe, load, printable, shown};
use crate::cli::{Cli, HubOptions};
use crate::protocol::Micros;
use crate::server::{StateLocation, check_topics};
use crate::settings::Settings;
use crate::source::{self, Dataset, RecordSource as _};
use crate::telemetry::TerminalSafe;

/// Checks the configuration and its datasets.
pub(super) fn check(args: &HubOptions) -> Result<(), Failure> {
    let settings = load(args)?;
    let datasets = source::load(&settings)?;
    let mut out = io::stdout().lock();
    for (topic, dataset) in settings.topics.iter().zip(&datasets) {
        let (name, records, pace) = (&topic.name, dataset.count(), topic.describe_pace());
        let joint = if topic.pace.rate().is_some() {
            " at"
        } else {
            ","
        };
        ignore_broken_pipe(writeln!(
            out,
            "topic {name}: {records} records{joint} {pace}, from {}",
            shown(&topic.dataset)
        ))?;
        let time = topic.pace.time();
        let facts = time.and_then(|time| TimeFacts::new(dataset, time));
        for line in facts.iter().flat_map(TimeFacts::lines) {
            ignore_broken_pipe(writeln!(out, "  time: {}", TerminalSafe(&line)))?;
        }
        for note in dataset.notes() {
            let note = note.to_string();
            ignore_broken_pipe(writeln!(out, "  {}", TerminalSafe(&note)))?;
        }
    }
    let next = settings.next.iter();
    for (next, dataset) in next.zip(&datasets[settings.topics.len()..]) {
        let (name, records, at) = (&next.topic.name, dataset.count(), next.at);
        ignore_broken_pipe(writeln!(
            out,
            "topic {name}, from {}: {records} records, {}, from {}",
            rfc3339(at),
            next.topic.describe_pace(),
            shown(&next.topic.dataset)
        ))?;
    }
    for unknown in source::unknown_fields(&settings, &datasets) {
        ignore_broken_pipe(writeln!(out, "warning: {}", printable(&unknown.error)))?;
    }
    if let Some(state) = usable_state(&settings, datasets)? {
        ignore_broken_pipe(writeln!(out, "{}", describe_state(&state)))?;
    }
    ignore_broken_pipe(writeln!(out, "{} is valid", shown(&settings.file)))
}

/// The instant as in the configuration.
fn rfc3339(at: Micros) -> String {
    let instant = jiff::Timestamp::from_microsecond(at.get());
    instant.map_or_else(|_| at.get().to_string(), |instant| instant.to_string())
}

/// Checks that the topics can be played, and returns the state folder of the hub, which it could use; `None` if it keeps
/// no state.
fn usable_state(
    settings: &Settings,
    datasets: Vec<Dataset>,
) -> Result<Option<StateLocation>, Failure> {
    let sources = source::shared(datasets);
    check_topics(settings, &sources)?;
    let found = StateLocation::find(settings, &sources);
    let usable = found.and_then(|state| {
        state.as_ref().map_or(Ok(()), StateLocation::check)?;
        Ok(state)
    });
    usable.map_err(|error| Failure::environment(settings, "state.dir", &error, error.remedy()))
}

fn describe_state(state: &StateLocation) -> String {
    let folder = shown(&state.folder);
    match &state.instead_of {
        None => format!("state in {folder}"),
        Some(default) => format!(
            "state in {folder}, the default of earlier versions; to move it, stop the hub and move the folder to {}",
            shown(default)
        ),
    }
}

/// Prints the effective configuration as TOML, each value with its origin.
pub(super) fn config(args: &HubOptions) -> Result<(), Failure> {
    let entries = load(args)?.effective();
    let width = entries
        .iter()
        .map(|(key, value, _)| key.chars().count() + value.chars().count())
        .max()
        .unwrap_or(0);
    let mut out = io::stdout().lock();
    for (key, value, origin) in entries {
        let origin = origin.to_string();
        let origin = TerminalSafe(&origin);
        let padding = width - key.chars().count() - value.chars().count();
        ignore_broken_pipe(writeln!(out, "{key} = {value}{:padding$}  # {origin}", ""))?;
    }
    Ok(())
}

/// Prints the completions for `shell`.
pub(super) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tickcast", &mut script);
    ignore_broken_pipe(io::stdout().write_all(&script))
}

/// Prints the manual page.
pub(super) fn man() -> Result<(), Failure> {
    let mut page = Vec::new();
    ignore_broken_pipe(clap_mangen::Man::new(Cli::command()).render(&mut page))?;
    ignore_broken_pipe(io::stdout().write_all(&page))
}
