//! Files of the repository other than code: the dataset, the changelog, the manifest, and links in documents.

use std::fs;

use super::support::hub::root;

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_dataset_has_the_documented_shape_and_size() {
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
fn the_changelog_contains_the_version_of_the_manifest() {
    let changelog = read("CHANGELOG.md");
    assert!(changelog.contains("Keep a Changelog"));
    assert!(
        changelog.contains("## [Unreleased]")
            || changelog.contains(&format!("## [{}]", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn every_dependency_states_its_reason() {
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
        // One reason may cover a group of consecutive crates.
        has_reason |= line.starts_with('#');
        assert!(has_reason, "{line}");
        count += usize::from(!line.starts_with('#'));
    }
    assert!(count > 10);
}

/// The Markdown documents.
fn pages() -> Vec<std::path::PathBuf> {
    let folders = ["", "docs", "docs/handbook", "deploy"];
    let files = folders.map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let paths = files.into_iter().flatten().map(|file| file.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect()
}

/// The anchors of a page: its headings, as Git forges transform them.
fn anchors(page: &str) -> Vec<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let text = line.trim_start_matches('#').trim().to_lowercase();
            text.chars()
                .filter(|char| char.is_alphanumeric() || " -_".contains(*char))
                .map(|char| if char == ' ' { '-' } else { char })
                .collect()
        })
        .collect()
}

#[test]
fn every_relative_link_in_the_documents_works() {
    let mut count = 0;
    for path in pages() {
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                path.clone()
            } else {
                path.parent().unwrap().join(file)
            };
            let place = format!("{}: {link}", path.display());
            assert!(target.exists(), "{place}");
            if !anchor.is_empty() {
                let page = fs::read_to_string(&target).unwrap();
                assert!(anchors(&page).contains(&anchor.to_owned()), "{place}");
            }
            count += 1;
        }
    }
    assert!(count > 20);
}
