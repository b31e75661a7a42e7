//! What stands in the repository besides code, and is promised to readers.

use std::fs;

use super::support::hub::root;

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_dataset_is_the_shape_and_size_that_is_promised() {
    let text = read("measurements.json");
    assert!(text.len() <= 150_000);
    let records: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert!(records.len() > 8_000);
    for record in records {
        let fields = record.as_object().unwrap();
        assert!(fields.len() == 1 && fields["value"].is_i64(), "{record}");
    }
    assert!(read("measurements.LICENSE.md").contains("10.13026/C2F305"));
}

#[test]
fn the_changelog_has_the_version_of_the_manifest() {
    let changelog = read("CHANGELOG.md");
    assert!(changelog.contains("Keep a Changelog"));
    assert!(
        changelog.contains("## [Unreleased]")
            || changelog.contains(&format!("## [{}]", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let manifest = read("Cargo.toml");
    let section = manifest
        .split("[dependencies]")
        .nth(1)
        .unwrap()
        .split("\n[")
        .next()
        .unwrap();
    let (mut has_reason, mut count) = (false, 0);
    for line in section.lines().filter(|line| !line.is_empty()) {
        // A reason may stand for a group of crates that serve one end, one line after another.
        has_reason |= line.starts_with('#');
        assert!(has_reason, "{line}");
        count += usize::from(!line.starts_with('#'));
    }
    assert!(count > 10);
}
