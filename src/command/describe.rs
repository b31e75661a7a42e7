//! `check`, `config`, `completions` and `man`: what the program says about itself.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Failure, load, load_all, written};
use crate::cli::{Cli, Options};
use crate::source;

/// Checks the configuration and its datasets.
pub(super) fn check(options: &Options) -> Result<(), Failure> {
    let (settings, datasets) = load_all(options)?;
    let mut out = io::stdout().lock();
    for (topic, dataset) in settings.topics.iter().zip(&datasets) {
        let (name, records, rate) = (&topic.name, dataset.len(), topic.rate);
        written(writeln!(
            out,
            "topic {name}: {records} records at {rate} a second, from {}",
            topic.dataset.display()
        ))?;
    }
    for unknown in source::unknown_fields(&settings, &datasets) {
        written(writeln!(out, "warning: {}", unknown.fault))?;
    }
    written(writeln!(out, "{} is right", settings.file.display()))
}

/// Prints the effective configuration as TOML, each value with its origin.
pub(super) fn config(options: &Options) -> Result<(), Failure> {
    let entries = load(options)?.effective();
    let width = entries
        .iter()
        .map(|(key, value, _)| key.chars().count() + value.chars().count())
        .max()
        .unwrap_or(0);
    let mut out = io::stdout().lock();
    for (key, value, origin) in entries {
        let padding = width - key.chars().count() - value.chars().count();
        written(writeln!(out, "{key} = {value}{:padding$}  # {origin}", ""))?;
    }
    Ok(())
}

/// Prints the completions for `shell`.
pub(super) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tickcast", &mut script);
    written(io::stdout().write_all(&script))
}

/// Prints the manual page.
pub(super) fn man() -> Result<(), Failure> {
    let mut page = Vec::new();
    written(clap_mangen::Man::new(Cli::command()).render(&mut page))?;
    written(io::stdout().write_all(&page))
}
