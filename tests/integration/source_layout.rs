//! Architecture rules: the direction of imports, where each external crate may be used, and head comments.

use std::fs;
use std::path::{Path, PathBuf};

use super::support::hub::root;

/// Each module, with the modules of this crate that it may import.
const MODULES: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("clock", &["protocol"]),
    ("metrics", &[]),
    ("settings", &["protocol"]),
    ("telemetry", &["settings", "metrics", "clock"]),
    ("source", &["protocol", "settings", "clock"]),
    ("timeline", &["protocol", "source"]),
    (
        "hub",
        &[
            "timeline",
            "protocol",
            "settings",
            "clock",
            "metrics",
            "source",
            "telemetry",
        ],
    ),
    (
        "journal",
        &[
            "hub",
            "timeline",
            "protocol",
            "clock",
            "metrics",
            "telemetry",
        ],
    ),
    (
        "playback",
        &["journal", "hub", "timeline", "protocol", "clock"],
    ),
    (
        "producer",
        &["hub", "timeline", "protocol", "clock", "source"],
    ),
    (
        "fanout",
        &["hub", "protocol", "settings", "clock", "metrics", "source"],
    ),
    ("systemd", &[]),
    (
        "app",
        &[
            "journal",
            "fanout",
            "hub",
            "protocol",
            "metrics",
            "telemetry",
        ],
    ),
    (
        "routes",
        &[
            "app", "journal", "fanout", "hub", "timeline", "protocol", "settings", "clock",
            "metrics", "source",
        ],
    ),
    (
        "server",
        &[
            "app",
            "routes",
            "playback",
            "journal",
            "producer",
            "fanout",
            "hub",
            "timeline",
            "protocol",
            "settings",
            "clock",
            "metrics",
            "source",
            "systemd",
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
            "clock",
            "server",
            "settings",
            "source",
            "systemd",
            "telemetry",
            "protocol",
        ],
    ),
];

/// External crates with the modules that may use them; crates not listed may be used anywhere.
const CRATES: &[(&str, &[&str])] = &[
    ("warp::", &["routes", "server"]),
    (
        "hyper::",
        &[
            "routes/api_request.rs",
            "routes/viewer_endpoint.rs",
            "server",
            "command/health",
        ],
    ),
    (
        "hyper_util::",
        &["routes/viewer_endpoint.rs", "server", "command/health"],
    ),
    ("config::", &["settings"]),
    ("toml::", &["settings"]),
    ("tracing_subscriber::", &["telemetry"]),
    ("prometheus_client::", &["routes/metrics_endpoint"]),
    ("miniz_oxide::", &["protocol/websocket"]),
    ("broadcast::", &["hub"]),
    ("dashmap::", &["hub"]),
    ("sd_notify::", &["systemd"]),
    ("listenfd::", &["server/socket_activation.rs"]),
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
            "command/health/compare.rs",
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

/// Each source file's path below `src`, and its code without comments and inline tests.
pub(crate) fn code() -> Vec<(String, String)> {
    let src = root().join("src");
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&src).unwrap().display().to_string();
        let text = fs::read_to_string(&path).unwrap();
        let lines = without_tests(&text)
            .into_iter()
            .filter(|line| !line.trim_start().starts_with("//"));
        (name, lines.collect::<Vec<_>>().join("\n"))
    };
    sources(&src)
        .into_iter()
        .map(read)
        .filter(|(name, _)| !name.ends_with("tests.rs") && !name.contains("/tests/"))
        .collect()
}

/// The lines of `text` without items marked `#[cfg(test)]`. The sources are formatted, so an item ends on its first
/// line or with a closing brace at the indentation of its attribute.
fn without_tests(text: &str) -> Vec<&str> {
    let mut kept = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_start() != "#[cfg(test)]" {
            kept.push(line);
            continue;
        }
        let indentation = &line[..line.len() - line.trim_start().len()];
        let is_attribute = |line: &&str| line.trim_start().starts_with(['#', '/']);
        let first = lines.by_ref().find(|line| !is_attribute(line));
        if first.is_some_and(|line| !line.ends_with([';', ',', '}'])) {
            let is_end = |line: &&str| {
                line.strip_prefix(indentation)
                    .is_some_and(|rest| rest.starts_with('}'))
            };
            lines.by_ref().find(is_end);
        }
    }
    kept
}

#[test]
fn code_after_a_test_item_is_checked() {
    let text = "a\n#[cfg(test)]\nmod tests;\nb\n    #[cfg(test)]\n    fn c(\n        d: E,\n    ) {\n        f\n    }\ng";
    assert_eq!(without_tests(text), ["a", "b", "g"]);
}

fn module(name: &str) -> &str {
    name.split('/').next().unwrap().trim_end_matches(".rs")
}

#[test]
fn imports_follow_the_direction_of_the_modules() {
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
fn each_external_crate_is_only_used_in_its_modules() {
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
fn each_listed_crate_is_used_in_the_modules_listed_for_it() {
    for (marker, _) in CRATES {
        assert!(
            code().iter().any(|(_, text)| text.contains(marker)),
            "{marker} is used nowhere"
        );
    }
}

#[test]
fn every_file_has_a_head_comment() {
    for (name, _) in code() {
        let whole = fs::read_to_string(root().join("src").join(&name)).unwrap();
        assert!(whole.starts_with("//!"), "{name} has no head comment");
        assert!(!name.ends_with("mod.rs"), "{name}");
    }
}
