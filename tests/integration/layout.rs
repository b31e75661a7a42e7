//! The direction of imports, and where each outside crate may appear.

use std::fs;
use std::path::{Path, PathBuf};

use super::support::hub::root;

/// Each module with the modules of this crate it may import.
const MODULES: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("clock", &["protocol"]),
    ("metrics", &[]),
    ("settings", &["protocol"]),
    ("telemetry", &["settings", "metrics", "clock"]),
    ("source", &["protocol", "settings", "clock"]),
    (
        "hub",
        &["protocol", "settings", "clock", "metrics", "source"],
    ),
    (
        "producer",
        &["hub", "protocol", "settings", "clock", "metrics", "source"],
    ),
    (
        "fanout",
        &["hub", "protocol", "settings", "clock", "metrics", "source"],
    ),
    ("journal", &["hub", "protocol"]),
    ("supervisor", &[]),
    (
        "routes",
        &[
            "fanout",
            "hub",
            "protocol",
            "settings",
            "clock",
            "metrics",
            "source",
            "telemetry",
        ],
    ),
    (
        "server",
        &[
            "routes",
            "journal",
            "producer",
            "fanout",
            "hub",
            "protocol",
            "settings",
            "clock",
            "metrics",
            "source",
            "supervisor",
            "telemetry",
        ],
    ),
    ("bench", &["protocol", "clock", "source"]),
    ("cli", &["settings", "protocol"]),
    (
        "command",
        &[
            "bench",
            "cli",
            "server",
            "settings",
            "source",
            "supervisor",
            "telemetry",
            "protocol",
        ],
    ),
];

/// Outside crates with the modules that may use them; the others may appear wherever they help.
const CRATES: &[(&str, &[&str])] = &[
    ("warp::", &["routes", "server"]),
    ("hyper::", &["routes/ws.rs", "server", "command/health.rs"]),
    (
        "hyper_util::",
        &["routes/ws.rs", "server", "command/health.rs"],
    ),
    ("config::", &["settings"]),
    ("toml::", &["settings"]),
    ("tracing_subscriber::", &["telemetry"]),
    ("prometheus_client::", &["routes/metrics"]),
    ("miniz_oxide::", &["protocol/frame"]),
    ("broadcast::", &["hub"]),
    ("dashmap::", &["hub"]),
    ("sd_notify::", &["supervisor"]),
    ("listenfd::", &["server/sockets.rs"]),
    ("form_urlencoded::", &["routes"]),
    ("clap::", &["cli", "command", "main.rs"]),
    ("rust_embed::", &["routes"]),
    ("mio::", &["fanout", "bench"]),
    (
        "serde_json::",
        &[
            "protocol",
            "source",
            "journal",
            "routes",
            "telemetry",
            "bench",
        ],
    ),
    ("SystemTime::", &["clock.rs"]),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Path under `src`, and the code without comments and without its inline tests.
pub(crate) fn code() -> Vec<(String, String)> {
    let src = root().join("src");
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&src).unwrap().display().to_string();
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        (name, lines.collect::<Vec<_>>().join("\n"))
    };
    sources(&src)
        .into_iter()
        .map(read)
        .filter(|(name, _)| !name.ends_with("tests.rs") && !name.contains("/tests/"))
        .collect()
}

fn module(name: &str) -> &str {
    name.split('/').next().unwrap().trim_end_matches(".rs")
}

#[test]
fn imports_run_one_way() {
    for (name, text) in code() {
        let Some((own, allowed)) = MODULES.iter().find(|(own, _)| *own == module(&name)) else {
            assert!(
                ["lib.rs", "main.rs"].contains(&name.as_str()),
                "{name} is in no row of this test"
            );
            continue;
        };
        for import in text.split("crate::").skip(1) {
            let import: String = import
                .chars()
                .take_while(|char| char.is_alphanumeric() || *char == '_')
                .collect();
            assert!(
                import == *own || allowed.contains(&import.as_str()),
                "{name} may not import {import}"
            );
        }
        assert!(
            !text.contains("crate::{"),
            "{name}: one `use` a module, so that this test can read it"
        );
    }
}

#[test]
fn each_outside_crate_stays_in_its_place() {
    for (name, text) in code() {
        for (marker, allowed) in CRATES {
            let is_used = text.match_indices(marker).any(|(at, _)| {
                !text[..at]
                    .ends_with(|char: char| char.is_alphanumeric() || char == '_' || char == ':')
            });
            let may_use = allowed.iter().any(|place| name.starts_with(place));
            assert!(!is_used || may_use, "{name} may not use {marker}");
        }
    }
}

#[test]
fn the_marked_crates_are_used_where_they_may_be() {
    for (marker, _) in CRATES {
        assert!(
            code().iter().any(|(_, text)| text.contains(marker)),
            "{marker} is used nowhere"
        );
    }
}

#[test]
fn files_are_of_a_readable_length_and_say_what_they_are() {
    for (name, text) in code() {
        let whole = fs::read_to_string(root().join("src").join(&name)).unwrap();
        assert!(whole.starts_with("//!"), "{name} has no head comment");
        assert!(
            text.lines().count() <= 400,
            "{name} is longer than 400 lines"
        );
        assert!(!name.ends_with("mod.rs"), "{name}");
    }
}
