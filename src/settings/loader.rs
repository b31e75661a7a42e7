//! Loads [`Settings`]: reads all layers, merges them, converts the result to typed values, and checks values that
//! depend on each other.

use std::net::IpAddr;
use std::path::Path;

use super::config_file::ConfigFile;
use super::effective_values;
use super::env_and_flags;
use super::layers::{Assignment, Layers, Section};
use super::next_dataset;
use super::schema::{Key, SECTIONS, TOPIC};
use super::setting_value::SettingValue;
use super::settings_error::{SettingsError, SettingsErrors, ValueOrigin};
use super::state_dir;
use super::toml_value::{self, quoted};
use super::topics;
use super::validate::{TopicTable, ValidatedFile, validate};
use super::value_error::did_you_mean;
use super::{LogSettings, OpsSettings, Overrides, ServerSettings, Settings};
use crate::protocol::TopicName;

/// Loads the file, applies defaults, variables and flags, and validates the result.
pub(super) fn load(
    path: &Path,
    env: &[(String, String)],
    overrides: &Overrides,
) -> Result<Settings, SettingsErrors> {
    load_file(&ConfigFile::read(path)?, path, env, overrides)
}

/// The same for a text that is in no file, without variables.
pub(super) fn load_text(text: &str, overrides: &Overrides) -> Result<Settings, SettingsErrors> {
    let path = Path::new("");
    load_file(
        &ConfigFile::from_text(path, text.to_owned()),
        path,
        &[],
        overrides,
    )
}

fn load_file(
    file: &ConfigFile,
    path: &Path,
    env: &[(String, String)],
    overrides: &Overrides,
) -> Result<Settings, SettingsErrors> {
    let ValidatedFile {
        assignments,
        topics: tables,
        mut errors,
    } = ValidatedFile::new(&file.entries()?, &file.file_origin());
    let given = env_and_flags::assignments_from_environment(env, &tables, &mut errors);
    let flags = env_and_flags::assignments_from_flags(overrides, &tables, &mut errors);
    let layers = Layers::merge([
        defaults(&tables, state_dir::default_dir(env, path), &mut errors),
        assignments,
        given,
        flags,
    ]);
    let section = |name| Section::new(&layers, &[name]);
    check_default_topic(&section("server"), &tables, &mut errors);
    check_ports(&section("server"), &section("ops"), &mut errors);
    let topics = topics::build(&layers, &tables, path, &mut errors);
    // What is wrong with a topic is reported once.
    let next = if topics.is_some() && errors.0.is_empty() {
        next_dataset::build(&layers, &tables, path, &mut errors)
    } else {
        Vec::new()
    };
    let parts = (
        server(&section("server")),
        ops(&section("ops")),
        log(&section("log")),
        topics,
    );
    match parts {
        (Some(server), Some(ops), Some(log), Some(topics)) if errors.0.is_empty() => Ok(Settings {
            server,
            ops,
            log,
            state: state_dir::settings(&section("state"), path),
            topics,
            next,
            origins: effective_values::value_origins(&layers, &tables),
            file: path.to_owned(),
        }),
        _ => Err(errors.sorted()),
    }
}

/// The lowest layer: the defaults of the schema, and those that depend on the file and the environment.
fn defaults(
    tables: &[TopicTable],
    state_dir: Assignment,
    errors: &mut SettingsErrors,
) -> Vec<Assignment> {
    let mut assignments = Vec::new();
    let mut add = |path: &[&str], key: &Key| {
        let typed = key
            .default
            .and_then(|default| toml_value::parse_value(default, &ValueOrigin::Default));
        let path = path
            .iter()
            .chain([&key.name])
            .map(|name| (*name).to_owned())
            .collect();
        assignments.extend(typed.map(|typed| validate(path, key, &typed, errors)));
    };
    for (section, keys) in SECTIONS {
        keys.iter().for_each(|key| add(&[section], key));
    }
    for table in tables {
        TOPIC
            .iter()
            .for_each(|key| add(&["topics", &table.name], key));
    }
    assignments.extend(tables.first().map(default_topic));
    assignments.push(state_dir);
    assignments
}

/// The default of `server.default_topic`: the first topic in the file.
fn default_topic(first: &TopicTable) -> Assignment {
    Assignment {
        path: vec!["server".to_owned(), "default_topic".to_owned()],
        value: first.topic.clone().map(SettingValue::TopicName),
        toml: quoted(&first.name),
        origin: ValueOrigin::Default,
    }
}

fn server(table: &Section<'_>) -> Option<ServerSettings> {
    Some(ServerSettings {
        host: table.get("host")?,
        port: table.get("port")?,
        default_topic: table.get("default_topic")?,
        max_viewers: table.get("max_viewers")?,
        max_viewers_per_ip: table.get("max_viewers_per_ip")?,
        max_connections_per_ip: table.get("max_connections_per_ip")?,
        allowed_origins: table.get("allowed_origins")?,
        hosts: table.get("hosts")?,
        trusted_proxies: table.get("trusted_proxies")?,
        header_timeout: table.get("header_timeout")?,
        history_max: table.get("history_max")?,
        recover_max: table.get("recover_max")?,
        drain: table.get("drain")?,
    })
}

fn ops(table: &Section<'_>) -> Option<OpsSettings> {
    Some(OpsSettings {
        enabled: table.get("enabled")?,
        host: table.get("host")?,
        port: table.get("port")?,
    })
}

fn log(table: &Section<'_>) -> Option<LogSettings> {
    Some(LogSettings {
        format: table.get("format")?,
        level: table.get("level")?,
        stats_every: table.get("stats_every")?,
    })
}

/// Checks that the default topic is one of the file's topics.
fn check_default_topic(server: &Section<'_>, tables: &[TopicTable], errors: &mut SettingsErrors) {
    let Some(wanted) = server.get::<TopicName>("default_topic") else {
        return;
    };
    let wanted = wanted.as_str();
    let names = tables.iter().map(|table| table.name.as_str());
    if tables.is_empty() || names.clone().any(|name| name == wanted) {
        return;
    }
    let problem = format!("no topic `{wanted}` in the file");
    let remedy = did_you_mean(wanted, names);
    errors.push(SettingsError::new(
        server.origin("default_topic"),
        server.key("default_topic"),
        problem,
        remedy,
    ));
}

/// Checks that the two listeners do not share an address and port; port 0 never collides.
fn check_ports(server: &Section<'_>, ops: &Section<'_>, errors: &mut SettingsErrors) {
    let listener =
        |table: &Section<'_>| Some((table.get::<IpAddr>("host")?, table.get::<u16>("port")?));
    let (Some((host, port)), Some((ops_host, ops_port))) = (listener(server), listener(ops)) else {
        return;
    };
    let is_wanted = ops.get("enabled").unwrap_or(false);
    if !is_wanted
        || port == 0
        || port != ops_port
        || !(covers(host, ops_host) || covers(ops_host, host))
    {
        return;
    }
    // Report the port that was set explicitly.
    let (table, name, other) = match ops.origin("port") {
        ValueOrigin::Default => (server, "server.port", "ops.port"),
        _ => (ops, "ops.port", "server.port"),
    };
    let problem = format!("`{port}` is also `{other}`, on the same host");
    errors.push(SettingsError::new(
        table.origin("port"),
        name,
        problem,
        "choose another port for one of them",
    ));
}

/// Whether a listener on `host` also accepts connections to `other`. The unspecified IPv6 address covers both families.
fn covers(host: IpAddr, other: IpAddr) -> bool {
    host == other || (host.is_unspecified() && (host.is_ipv6() || other.is_ipv4()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::schema::{ABOUT, FIELD, Key, NEXT};

    #[test]
    fn every_default_and_every_example_is_valid() {
        let sections = SECTIONS.iter().flat_map(|(_, keys)| keys.iter());
        let keys: Vec<&Key> = sections
            .chain(TOPIC)
            .chain(ABOUT)
            .chain(NEXT)
            .chain(FIELD)
            .collect();
        for key in keys {
            for text in key.default.into_iter().chain([key.example]) {
                let mut errors = SettingsErrors::default();
                validate(
                    vec![key.name.to_owned()],
                    key,
                    &toml_value::parse_value(text, &ValueOrigin::Default).unwrap(),
                    &mut errors,
                );
                assert_eq!(errors, SettingsErrors::default(), "{}", key.name);
            }
        }
    }
}
