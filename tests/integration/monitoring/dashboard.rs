//! The Grafana dashboard: its structure, and that each panel shows data of a running hub.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::support::{RawClient, lacks};
use super::hub::{LoggedHub, project};
use super::metrics::{names, of_mtail, parse};
use super::programs::{Mtail, Prometheus};
use super::{eventually, promql, rules, sample};

fn dashboard() -> Value {
    serde_json::from_str(&std::fs::read_to_string(sample("grafana/tickcast.json")).unwrap())
        .unwrap()
}

/// The title and query of each panel.
fn queries(dashboard: &Value) -> Vec<(String, String)> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    panels
        .filter_map(|panel| Some((panel["title"].to_string(), panel["targets"].as_array()?)))
        .flat_map(|(title, targets)| {
            let expressions = targets
                .iter()
                .map(|target| target["expr"].as_str().unwrap());
            expressions
                .map(|expression| (title.clone(), expression.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn the_dashboard_has_its_variables_and_every_panel_an_id_a_position_and_a_description() {
    let dashboard = dashboard();
    let variables: Vec<_> = dashboard["templating"]["list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variable| variable["name"].as_str().unwrap())
        .collect();
    assert_eq!(variables, ["datasource", "instance", "topic"]);
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels
        .iter()
        .map(|panel| panel["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids.len(), panels.len());
    let mut taken = BTreeSet::new();
    for panel in panels {
        let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(x < 24 && taken.insert((x, y)), "{}", panel["title"]);
            }
        }
        let is_row = panel["type"] == "row";
        assert!(is_row || panel["description"].as_str().unwrap().len() > 10);
        assert!(is_row || !panel["targets"].as_array().unwrap().is_empty());
    }
}

#[test]
fn every_metric_used_by_panels_and_rules_exists_and_every_panel_shows_data() {
    if lacks(&["mtail", "prometheus"]) {
        return;
    }
    let project = project();
    let log = project.path("hub.log");
    let mtail = Mtail::read(&log);
    let mut hub = LoggedHub::append(&project, &log, None);
    hub.admit("demo", 1);
    let prometheus = Prometheus::scrape(&hub.ops, &mtail.address, &project.path(""));
    let served = parse(RawClient::get(&hub.ops, "/metrics").text());
    hub.rounds(1);
    let logged = eventually(|| {
        let logged = names(&of_mtail(&mtail.text()));
        let is_whole = logged.contains("tickcast_viewers_max");
        is_whole
            .then_some(logged)
            .ok_or("mtail has nothing".to_owned())
    });
    let rules = rules::rules();
    let recorded: BTreeSet<_> = rules.iter().map(|rule| rule.name.clone()).collect();
    assert!(logged.contains("tickcast_log_events_total"));
    // Prometheus itself generates it.
    let others = ["up"].map(str::to_owned);
    let known: BTreeSet<_> = names(&served)
        .into_iter()
        .chain(recorded)
        .chain(others)
        .collect();
    let questions = queries(&dashboard());
    let ruled = rules
        .iter()
        .map(|rule| (rule.name.clone(), rule.expression.clone()));
    for (whose, expression) in ruled.chain(questions.clone()) {
        let unknown: Vec<_> = promql::metrics(&expression)
            .difference(&known)
            .cloned()
            .collect();
        assert!(unknown.is_empty(), "{whose}: {unknown:?}");
    }
    for (title, expression) in questions {
        let query = expression
            .replace("$instance", ".*")
            .replace("$topic", ".*");
        eventually(|| match prometheus.query(&query)? {
            samples if samples.is_empty() => Err(format!("{title} is empty: {query}")),
            _ => Ok(()),
        });
    }
}
