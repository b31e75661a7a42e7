//! From layers to `Settings`: the values that hold, and the defaults below them.

use std::path::Path;

use super::checks;
use super::error::Faults;
use super::file::File;
use super::kind::Value;
use super::layers::Layers;
use super::listing;
use super::network;
use super::origin::Origin;
use super::outside;
use super::raw;
use super::schema::{Key, SECTIONS, TOPIC};
use super::strict::{Leaf, Reading, TopicTable, leaf};
use super::table::Table;
use super::topics;
use super::{Log, LogFormat, Ops, Overrides, Server, Settings, State};

/// Reads the file, lays the rest over it, and checks the whole.
pub(super) fn load(
    path: &Path,
    env: &[(String, String)],
    overrides: &Overrides,
) -> Result<Settings, Faults> {
    let file = File::read(path)?;
    let Reading {
        leaves,
        topics: tables,
        mut faults,
    } = Reading::of(&file.entries()?, &file.whole());
    let given = outside::environment(env, &tables, &mut faults);
    let flags = outside::flags(overrides, &tables, &mut faults);
    let layers = Layers::merge([defaults(&tables, env, &mut faults), leaves, given, flags]);
    let section = |name| Table::at(&layers, &[name]);
    checks::default_topic(&section("server"), &tables, &mut faults);
    checks::ports(&section("server"), &section("ops"), &mut faults);
    let topics = topics::build(&layers, &tables, path, &mut faults);
    let parts = (
        server(&section("server")),
        ops(&section("ops")),
        log(&section("log")),
        topics,
    );
    let state = Table::at(&layers, &["state"]);
    match parts {
        (Some(server), Some(ops), Some(log), Some(topics)) if faults.0.is_empty() => Ok(Settings {
            server,
            ops,
            log,
            state: State {
                dir: state
                    .path("dir", path)
                    .filter(|_| state.text("dir").is_some_and(|dir| !dir.is_empty())),
            },
            topics,
            origins: listing::origins(&layers, &tables),
            file: path.to_owned(),
        }),
        _ => Err(faults.sorted()),
    }
}

/// The lowest layer: the schema's defaults, and those that follow from the file and the service manager.
fn defaults(tables: &[TopicTable], env: &[(String, String)], faults: &mut Faults) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    let mut add = |path: &[&str], key: &Key| {
        let typed = key
            .default
            .and_then(|default| raw::value(default, &Origin::Default));
        let path = path
            .iter()
            .chain([&key.name])
            .map(|name| (*name).to_owned())
            .collect();
        leaves.extend(typed.map(|typed| leaf(path, key, &typed, faults)));
    };
    for (section, keys) in SECTIONS {
        keys.iter().for_each(|key| add(&[section], key));
    }
    for table in tables {
        TOPIC
            .iter()
            .for_each(|key| add(&["topics", &table.name], key));
    }
    leaves.extend(
        tables
            .first()
            .map(|first| text(["server", "default_topic"], &first.name, Origin::Default)),
    );
    leaves.push(state_dir(env));
    leaves
}

/// A service manager may name several folders, of which the first is the service's own.
fn state_dir(env: &[(String, String)]) -> Leaf {
    const VARIABLE: &str = "STATE_DIRECTORY";
    let given = env
        .iter()
        .find(|(name, _)| name == VARIABLE)
        .and_then(|(_, value)| value.split(':').next());
    match given.filter(|dir| !dir.is_empty()) {
        Some(dir) => text(
            ["state", "dir"],
            dir,
            Origin::Environment {
                variable: VARIABLE.to_owned(),
            },
        ),
        None => text(["state", "dir"], "../state", Origin::Default),
    }
}

fn text(path: [&str; 2], value: &str, origin: Origin) -> Leaf {
    Leaf {
        path: path.map(str::to_owned).to_vec(),
        value: Value::Text(value.to_owned()),
        origin,
    }
}

fn server(table: &Table<'_>) -> Option<Server> {
    let hosts = table.list("hosts")?;
    let proxies = table.list("trusted_proxies")?;
    Some(Server {
        host: table.parsed("host")?,
        port: table.number("port")?,
        default_topic: table.parsed("default_topic")?,
        max_viewers: table.number("max_viewers")?,
        max_viewers_per_ip: table.number("max_viewers_per_ip")?,
        max_connections_per_ip: table.number("max_connections_per_ip")?,
        allowed_origins: table.list("allowed_origins")?,
        hosts: hosts.iter().filter_map(|host| host.parse().ok()).collect(),
        trusted_proxies: proxies
            .iter()
            .filter_map(|range| network::parse(range).ok())
            .collect(),
        header_timeout: table.span("header_timeout")?,
        history_max: table.number("history_max")?,
        recover_max: table.number("recover_max")?,
        drain: table.span("drain")?,
    })
}

fn ops(table: &Table<'_>) -> Option<Ops> {
    Some(Ops {
        enabled: table.switch("enabled")?,
        host: table.parsed("host")?,
        port: table.number("port")?,
    })
}

fn log(table: &Table<'_>) -> Option<Log> {
    let format = match table.text("format")?.as_str() {
        "text" => LogFormat::Text,
        _ => LogFormat::Json,
    };
    Some(Log {
        format,
        level: table.text("level")?,
        stats_every: table.span("stats_every")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::schema::{FIELD, Key};

    #[test]
    fn every_default_and_every_example_is_a_good_value() {
        let sections = SECTIONS.iter().flat_map(|(_, keys)| keys.iter());
        let keys: Vec<&Key> = sections.chain(TOPIC).chain(FIELD).collect();
        for key in keys {
            for text in key.default.into_iter().chain([key.example]) {
                let mut faults = Faults::default();
                leaf(
                    vec![key.name.to_owned()],
                    key,
                    &raw::value(text, &Origin::Default).unwrap(),
                    &mut faults,
                );
                assert_eq!(faults, Faults::default(), "{}", key.name);
            }
        }
    }
}
