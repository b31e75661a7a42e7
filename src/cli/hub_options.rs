//! [`HubOptions`]: the configuration file and the flags that override its keys. Each command has those that it uses; all
//! commands accept theirs before their name, too.

use std::fmt;
use std::path::PathBuf;

use clap::Args;

use crate::settings::Overrides;

/// Where the configuration is, and what overrides it.
#[derive(Debug, Clone, Default, Args)]
pub struct HubOptions {
    /// The configuration file.
    #[command(flatten)]
    pub file: FileOption,
    /// The public listener.
    #[command(flatten)]
    pub address: AddressOptions,
    /// The operations listener.
    #[command(flatten)]
    pub ops: OpsOption,
    /// The log.
    #[command(flatten)]
    pub log: LogOptions,
}

/// The configuration file.
#[derive(Debug, Clone, Default, Args)]
pub struct FileOption {
    /// Configuration file [default: $TICKCAST_CONFIG, else config/tickcast.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The public listener.
#[derive(Debug, Clone, Default, Args)]
pub struct AddressOptions {
    /// Address of the public listener (server.host)
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// Port of the public listener, 0 for any free one (server.port)
    #[arg(long, value_name = "PORT")]
    pub port: Option<String>,
}

/// The operations listener.
#[derive(Debug, Clone, Default, Args)]
pub struct OpsOption {
    /// Port of the operations listener, 0 for any free one (ops.port)
    #[arg(long, value_name = "PORT")]
    pub ops_port: Option<String>,
}

/// The log.
#[derive(Debug, Clone, Default, Args)]
pub struct LogOptions {
    /// Log format: auto, json or text (log.format)
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Log level or filter (log.level)
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
}

/// An option was given to a command that does not use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnusedOption {
    pub(super) flag: &'static str,
    pub(super) command: &'static str,
}

impl HubOptions {
    /// Returns the flags that override configuration keys.
    #[must_use]
    pub fn overrides(&self) -> Overrides {
        let Self {
            address, ops, log, ..
        } = self;
        let flags = [
            ("server.host", &address.host, "--host"),
            ("server.port", &address.port, "--port"),
            ("ops.port", &ops.ops_port, "--ops-port"),
            ("log.format", &log.log_format, "--log-format"),
            ("log.level", &log.log_level, "--log-level"),
        ];
        let given = |(key, text, flag): (&str, &Option<String>, &str)| {
            text.as_ref()
                .map(|text| (key.to_owned(), text.clone(), flag.to_owned()))
        };
        Overrides {
            values: flags.into_iter().filter_map(given).collect(),
        }
    }

    /// The flags of the options that were given.
    pub(super) fn given(&self) -> Vec<&'static str> {
        let Self {
            file,
            address,
            ops,
            log,
        } = self;
        let flags = [
            (file.config.is_some(), "--config"),
            (address.host.is_some(), "--host"),
            (address.port.is_some(), "--port"),
            (ops.ops_port.is_some(), "--ops-port"),
            (log.log_format.is_some(), "--log-format"),
            (log.log_level.is_some(), "--log-level"),
        ];
        let given = |(is_given, flag): (bool, &'static str)| is_given.then_some(flag);
        flags.into_iter().filter_map(given).collect()
    }

    /// Completes these options of a command by those that were given `before` its name.
    pub(super) fn or(self, before: Self) -> Self {
        Self {
            file: FileOption {
                config: self.file.config.or(before.file.config),
            },
            address: AddressOptions {
                host: self.address.host.or(before.address.host),
                port: self.address.port.or(before.address.port),
            },
            ops: OpsOption {
                ops_port: self.ops.ops_port.or(before.ops.ops_port),
            },
            log: LogOptions {
                log_format: self.log.log_format.or(before.log.log_format),
                log_level: self.log.log_level.or(before.log.log_level),
            },
        }
    }
}

impl fmt::Display for UnusedOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { flag, command } = self;
        write!(f, "`{flag}` is not an option of `{command}`; leave it out")
    }
}

impl std::error::Error for UnusedOption {}
