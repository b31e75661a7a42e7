//! The handbook's table of metrics, compared with what a hub serves.

use std::collections::{BTreeMap, BTreeSet};

use super::super::support::hub::root;
use super::super::support::{Hub, RawClient};
use super::metrics::parse;
use super::{eventually, rules, sample};

/// A metric's type and labels.
type Shape = (String, BTreeSet<String>);

fn page() -> String {
    std::fs::read_to_string(root().join("docs/handbook/monitoring.md")).unwrap()
}

/// The cells of each row of the table of metrics: name, type, unit, labels, meaning, log.
fn rows(page: &str) -> Vec<[&str; 6]> {
    let (_, table) = page
        .split_once("| name | type | unit | labels | meaning | log |\n")
        .unwrap();
    let rows = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [_, name, kind, unit, labels, meaning, log, _] = cells[..] else {
            panic!("not six cells: {row}")
        };
        assert!(!meaning.is_empty() && !log.is_empty(), "{row}");
        [name.trim_matches('`'), kind, unit, labels, meaning, log]
    })
    .collect()
}

/// The metrics in the table of the handbook.
fn listed(page: &str) -> BTreeMap<String, Shape> {
    rows(page)
        .into_iter()
        .map(|[name, kind, _, labels, ..]| {
            let labels = labels.split('`').skip(1).step_by(2).map(str::to_owned);
            (name.to_owned(), (kind.to_owned(), labels.collect()))
        })
        .collect()
}

/// The metrics that the log does not have, according to the table.
pub(super) fn missing_in_the_log() -> BTreeSet<String> {
    rows(&page())
        .into_iter()
        .filter(|[.., log]| *log == "–")
        .map(|[name, ..]| name.to_owned())
        .collect()
}

/// The metrics in the text that a hub serves.
fn served(text: &str) -> BTreeMap<String, Shape> {
    let kinds: BTreeMap<_, _> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .collect();
    let mut served = BTreeMap::new();
    for series in parse(text).into_keys() {
        let (name, labels) = series.trim_end_matches('}').split_once('{').unwrap();
        let parts = ["_bucket", "_sum", "_count"].iter();
        let mut families = parts.filter_map(|part| name.strip_suffix(part));
        let family = families.find(|family| kinds.get(family) == Some(&"histogram"));
        let name = family.unwrap_or(name);
        let labels: BTreeSet<_> = labels
            .split(',')
            .filter_map(|label| Some(label.split_once('=')?.0.to_owned()))
            .filter(|label| family.is_none() || label != "le")
            .collect();
        let shape = (kinds[name].to_owned(), labels);
        let before = served.insert(name.to_owned(), shape.clone());
        assert!(before.is_none_or(|before| before == shape), "{name}");
    }
    served
}

#[test]
fn the_table_of_metrics_matches_what_a_hub_serves() {
    let hub = Hub::start("rate = 100.0", "[1,2]");
    // Metrics of an encoding are there once it has had a viewer.
    let (_viewer, _) = RawClient::upgrade(hub.public(), "");
    let served = eventually(|| {
        let served = served(RawClient::get(hub.ops(), "/metrics").text());
        let is_joined = served.contains_key("tickcast_delivery_seconds");
        is_joined
            .then_some(served)
            .ok_or("no viewer has joined".to_owned())
    });
    assert_eq!(listed(&page()), served);
    hub.stop_without_warnings();
}

#[test]
fn the_page_mentions_every_recording_rule_and_every_file() {
    let page = page();
    for rule in rules::rules().iter().filter(|rule| !rule.is_alert) {
        assert!(page.contains(&format!("`{}`", rule.name)), "{}", rule.name);
    }
    let mut folders = vec![sample("")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(name.ends_with("_test.yml") || page.contains(name), "{name}");
        }
    }
}
