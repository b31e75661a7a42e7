//! [`PlayedFiles`]: the files that `play` was given, as the settings of a hub.
//!
//! The settings come from the text of a configuration like any others, so that the one which `--save` writes is
//! equivalent.

mod groups;
mod page_access;
mod plans;
mod ports;
mod time_plan;
mod topic_names;

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plans::Plans;
use ports::Ports;
pub(super) use time_plan::TimePlan;

use super::{Failure, check_log_level, shown};
use crate::cli::{HubOptions, PlayArgs};
use crate::protocol::TopicName;
use crate::server::Server;
use crate::settings::{Settings, SettingsError, SettingsErrors, ValueOrigin, quoted};
use crate::source::{self, ChannelDescription, Dataset, ReadOptions};
use crate::telemetry::{Telemetry, TerminalSafe};

/// The files that are played, and how.
#[derive(Debug, Clone)]
pub(super) struct PlayedFiles {
    args: PlayArgs,
    options: HubOptions,
    /// What is played, in the order of the files.
    topics: Vec<PlayedTopic>,
    /// The files that are recordings, with all their channels.
    recordings: Vec<(PathBuf, Vec<ChannelDescription>)>,
    /// How they are played, which is found out once: a reload does not guess again.
    plans: Arc<Plans>,
    /// The ports, which were free at the start; `None` until they are found.
    ports: Option<Ports>,
}

/// A file, or a channel of one.
#[derive(Debug, Clone)]
struct PlayedTopic {
    name: TopicName,
    file: PathBuf,
    /// If the file is a recording of several that can be played.
    channel: Option<String>,
}

/// Whom a configuration is for.
#[derive(Debug, Clone, Copy)]
enum Purpose<'a> {
    /// This hub.
    ThisHub,
    /// A later one with `settings`, which reads it from a file in this folder.
    Saved {
        folder: &'a Path,
        settings: &'a Settings,
    },
}

impl PlayedFiles {
    /// Names a topic for each file, and for each channel of a recording.
    pub(super) fn new(options: &HubOptions, args: &PlayArgs) -> Result<Self, Failure> {
        if args.reading.columns.iter().any(String::is_empty) {
            let text = "a name in `--columns` is empty; separate names by single commas";
            return Err(Failure::Usage(text.to_owned()));
        }
        let mut played = Self {
            args: args.clone(),
            options: options.clone(),
            topics: Vec::new(),
            recordings: Vec::new(),
            plans: Arc::default(),
            ports: None,
        };
        for file in &args.files {
            check_name(file)?;
            played.add(file);
        }
        Ok(played)
    }

    /// Adds the topics of `file`.
    fn add(&mut self, file: &Path) {
        let options = ReadOptions {
            format: self.args.reading.format,
            ..ReadOptions::DEFAULT
        };
        // What is wrong with the file is reported when it is loaded.
        let channels = source::channels(file, &options).ok().flatten();
        let channels = channels.unwrap_or_default();
        let playable: Vec<_> = channels
            .iter()
            .filter(|channel| channel.is_playable())
            .map(|channel| channel.name.clone())
            .collect();
        if !channels.is_empty() {
            self.recordings.push((file.to_owned(), channels));
        }
        if playable.is_empty() {
            self.topics.push(PlayedTopic {
                name: topic_names::name_of(file, &self.names()),
                file: file.to_owned(),
                channel: None,
            });
        }
        for channel in playable {
            self.topics.push(PlayedTopic {
                name: topic_names::name_of_channel(&channel, &self.names()),
                file: file.to_owned(),
                channel: Some(channel),
            });
        }
    }

    /// The names that are taken.
    fn names(&self) -> Vec<TopicName> {
        self.topics.iter().map(|topic| topic.name.clone()).collect()
    }

    /// The channels of `file`, if it is a recording.
    pub(super) fn channels(&self, file: &Path) -> Option<&[ChannelDescription]> {
        let mut recordings = self.recordings.iter();
        let found = recordings.find(|(path, _)| path == file);
        found.map(|(_, channels)| channels.as_slice())
    }

    /// Finds free ports: those that were asked for, or the next ones.
    pub(super) fn find_ports(&mut self) -> Result<(), Failure> {
        self.ports = Some(Ports::find(&self.configured()?));
        Ok(())
    }

    /// The settings of the hub. Reads the files, when it is called for the first time.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        self.plans.make(&self.args, || self.configured())?;
        let mut settings = self.configured()?;
        if let Some(ports) = self.ports {
            settings.server.port = ports.public;
            settings.ops.port = ports.ops;
        }
        Ok(settings)
    }

    /// The settings as they were asked for, with ports that may be taken.
    fn configured(&self) -> Result<Settings, Failure> {
        let text = self.configuration(Purpose::ThisHub);
        let settings = Settings::parse(&text, &self.options.overrides())?;
        check_log_level(&settings)?;
        Ok(settings)
    }

    /// How each of the files is played, once the settings are known.
    pub(super) fn plans(&self) -> &[TimePlan] {
        self.plans.files()
    }

    /// Loads the datasets of `settings`, and keeps the indexes of large files. The errors name the files, and no configuration.
    pub(super) fn load_datasets(&self, settings: &Settings) -> Result<Vec<Dataset>, Failure> {
        if let Some(datasets) = self.plans.take_datasets() {
            return Ok(datasets);
        }
        let index_folder = plans::index_folder();
        let mut errors = SettingsErrors::default();
        let mut datasets = Vec::new();
        for topic in &settings.topics {
            let options = ReadOptions::from(topic).with_index_folder(index_folder.as_deref());
            match Dataset::load(&topic.dataset, &options) {
                Ok(dataset) => datasets.push(dataset),
                Err(error) => errors.0.push(SettingsError::new(
                    &ValueOrigin::Default,
                    "",
                    error.to_string(),
                    error.remedy(),
                )),
            }
        }
        if errors.0.is_empty() {
            Ok(datasets)
        } else {
            Err(errors.into())
        }
    }

    /// Writes the configuration that `--save` asks for. An existing file is not replaced.
    pub(super) fn save(&self) -> Result<(), Failure> {
        let Some(path) = &self.args.save else {
            return Ok(());
        };
        let failed = |error: io::Error| {
            let remedy = match error.kind() {
                io::ErrorKind::AlreadyExists => "choose another name, or remove it",
                _ => "choose another place",
            };
            let path = path.display();
            Failure::Usage(format!(
                "cannot write the configuration `{path}`: {error}; {remedy}"
            ))
        };
        let full = std::path::absolute(path).map_err(failed)?;
        let text = self.configuration(Purpose::Saved {
            folder: full.parent().unwrap_or(Path::new("/")),
            settings: &self.configured()?,
        });
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(failed)
    }

    /// The text of a configuration that plays the files.
    fn configuration(&self, purpose: Purpose<'_>) -> String {
        let mut text = String::new();
        let args = &self.args;
        let mut add = |line: &str| writeln!(text, "{line}").expect("a string takes everything");
        if let Purpose::Saved { settings, .. } = purpose {
            add(
                "# Written by `tickcast play`. Run it with `tickcast --config` and the name of this file.",
            );
            add("[server]");
            add(&format!(
                "host = {}",
                quoted(&settings.server.host.to_string())
            ));
            add(&format!("port = {}\n", settings.server.port));
        }
        add("[ops]");
        let has_ops = self.options.ops.ops_port.is_some();
        add(&format!("enabled = {has_ops}"));
        if let Purpose::Saved { settings, .. } = purpose {
            if has_ops {
                add(&format!("port = {}", settings.ops.port));
            }
            add(
                "\n# No state: each start plays from the first record. Without these lines a restart continues.",
            );
        }
        add("[state]\ndir = \"\"");
        for (index, topic) in self.topics.iter().enumerate() {
            add(&format!("\n[topics.{}]", quoted(topic.name.as_str())));
            let dataset = match purpose {
                Purpose::ThisHub => topic.file.clone(),
                Purpose::Saved { folder, .. } => relative_to(folder, &topic.file),
            };
            add(&format!("dataset = {}", quoted(&dataset.to_string_lossy())));
            if let Some(channel) = &topic.channel {
                add(&format!("channel = {}", quoted(channel)));
            }
            if let Some(format) = args.reading.format {
                add(&format!("format = {}", quoted(format.name())));
            }
            if !args.reading.columns.is_empty() {
                let columns: Vec<_> = args
                    .reading
                    .columns
                    .iter()
                    .map(|column| quoted(column))
                    .collect();
                add(&format!("columns = [{}]", columns.join(", ")));
            }
            for line in self.plans.lines(index, args) {
                add(&line);
            }
        }
        text
    }

    /// Logs what was found out about the time of each file.
    pub(super) fn log_plans(&self) {
        for (topic, plan) in self.topics.iter().zip(self.plans()) {
            if !plan.is_remarkable() {
                continue;
            }
            let column = plan.column.as_ref();
            let time = column.map_or("", |column| column.facts.key.as_str());
            let unit = column.map_or("", |column| column.facts.unit.name());
            tracing::info!(
                event = "dataset.time",
                topic = topic.name.as_str(),
                time,
                time_unit = unit,
                "{plan}"
            );
        }
    }

    /// Says at a terminal what only `play` does, and opens the page if that was asked for.
    pub(super) fn announce(&self, server: &Server, page: &str, telemetry: &Telemetry) {
        let address = server.public_address();
        let mut text = String::new();
        let plans = self.plans().iter().filter(|plan| plan.is_remarkable());
        for plan in plans {
            let line = format!("{}: {plan}", plan.path.display());
            writeln!(text, "  {}", TerminalSafe(&line)).expect("a string takes everything");
        }
        if self.plans.are_together() {
            text.push_str("  topics whose times overlap are played together, by one clock\n");
        }
        if let Ok(wanted) = self.configured()
            && wanted.server.port != 0
            && wanted.server.port != address.port()
        {
            let (taken, used) = (wanted.server.port, address.port());
            writeln!(text, "  port {taken} is taken, so it is {used}")
                .expect("a string takes everything");
        }
        if let Some(path) = &self.args.save {
            let path = shown(path);
            writeln!(text, "  the same again: tickcast --config {path}")
                .expect("a string takes everything");
        }
        if !address.ip().is_loopback() {
            // One code: a phone that scans several cannot tell which of them it has seen.
            let urls = server.public_urls();
            text.push_str(
                &urls
                    .first()
                    .map_or_else(String::new, |url| page_access::qr_code(url)),
            );
        }
        telemetry.print_at_terminal(&text);
        if self.args.open
            && let Err(error) = page_access::open_browser(page)
        {
            let error = error.to_string();
            tracing::warn!(
                event = "browser.failed",
                url = page,
                error,
                "no browser can be opened; open {page} yourself"
            );
        }
    }
}

/// Checks that the name of a file can be that of a dataset.
fn check_name(file: &Path) -> Result<(), Failure> {
    if file.extension().is_some_and(|end| end == "toml") {
        let file = file.display();
        return Err(Failure::Usage(format!(
            "`{file}` is a configuration, not a dataset; run it with `tickcast --config {file}`"
        )));
    }
    if file.to_str().is_none() {
        let file = file.display();
        return Err(Failure::Usage(format!(
            "the name of `{file}` is not Unicode; rename the file"
        )));
    }
    Ok(())
}

/// The path of `file` from `folder`, if it is in it; otherwise that from the root.
fn relative_to(folder: &Path, file: &Path) -> PathBuf {
    let full = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    full.strip_prefix(folder)
        .map(Path::to_owned)
        .unwrap_or(full)
}
