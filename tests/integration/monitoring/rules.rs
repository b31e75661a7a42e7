//! The Prometheus rules: they are valid, and each one is covered by a rule test.

use std::io::Write;
use std::process::Stdio;

use super::super::support::hub::root;
use super::super::support::{Hub, RawClient, lacks, tool};
use super::sample;

/// A recording rule or an alert.
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) expression: String,
    pub(super) is_alert: bool,
}

/// The rules of `deploy/monitoring`. Each item of the list starts with its kind and has its expression on the line of
/// `expr:` or indented below it.
pub(super) fn rules() -> Vec<Rule> {
    let mut rules = Vec::new();
    for file in [
        "prometheus/tickcast.rules.yml",
        "prometheus/tickcast.alerts.yml",
    ] {
        let text = std::fs::read_to_string(sample(file)).unwrap();
        for item in text.split("      - ").skip(1) {
            let (head, body) = item.split_once('\n').unwrap();
            let Some((kind @ ("record" | "alert"), name)) = head.split_once(": ") else {
                panic!("neither a recording rule nor an alert: {head}")
            };
            let (_, expression) = body.split_once("expr: ").unwrap();
            let mut lines = expression.lines();
            let first = lines.next().unwrap().trim_start_matches(">-");
            let below = lines.take_while(|line| line.starts_with("          "));
            let expression: Vec<_> = [first].into_iter().chain(below).collect();
            rules.push(Rule {
                name: name.to_owned(),
                expression: expression.join(" "),
                is_alert: kind == "alert",
            });
        }
    }
    rules
}

fn promtool(arguments: &[&str]) -> String {
    let mut command = tool("promtool");
    command.args(arguments).current_dir(sample("prometheus"));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    said.into_owned()
}

#[test]
fn the_prometheus_configuration_and_rules_are_valid() {
    if lacks(&["promtool"]) {
        return;
    }
    let said = promtool(&["check", "config", "prometheus.yml"]);
    for count in [true, false].map(|is_alert| {
        let rules = rules();
        rules
            .iter()
            .filter(|rule| rule.is_alert == is_alert)
            .count()
    }) {
        assert!(
            count > 0 && said.contains(&format!("{count} rules found")),
            "{said}"
        );
    }
}

#[test]
fn promtool_accepts_the_metrics_of_a_hub() {
    if lacks(&["promtool"]) {
        return;
    }
    let hub = Hub::start("rate = 100.0", "[1,2]");
    let served = RawClient::get(hub.ops(), "/metrics");
    let mut promtool = tool("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = promtool.stdin.take().unwrap();
    stdin.write_all(&served.body).unwrap();
    drop(stdin);
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    hub.stop_without_warnings();
}

#[test]
fn every_alert_fires_and_clears_and_every_recording_rule_is_tested() {
    if lacks(&["promtool"]) {
        return;
    }
    // The second one covers hours and days, at a longer interval.
    const FILES: [&str; 2] = ["rules_test.yml", "service_level_test.yml"];
    let tests = FILES.map(|file| {
        promtool(&["test", "rules", file]);
        std::fs::read_to_string(sample("prometheus").join(file)).unwrap()
    });
    let tests = tests.concat();
    for rule in rules() {
        let tried = if rule.is_alert {
            let firing = format!(
                "ALERTS{{alertname=\"{}\", alertstate=\"firing\"}}",
                rule.name
            );
            let question = format!("expr: '{firing}'");
            let mut asked = tests.split(&question).skip(1);
            let is_firing = |asked: Option<&str>| {
                let answer = asked.unwrap_or_else(|| panic!("{} is not tried", rule.name));
                let answer = answer.lines().nth(2).unwrap().trim();
                match answer {
                    "exp_samples:" => true,
                    "exp_samples: []" => false,
                    other => panic!("{other}"),
                }
            };
            [(); 3].map(|()| is_firing(asked.next())) == [false, true, false]
        } else {
            tests.contains(&format!("expr: {}\n", rule.name))
        };
        assert!(tried, "{} is not tried", rule.name);
    }
}

#[test]
fn every_alert_has_a_severity_a_remedy_and_a_link() {
    let text = std::fs::read_to_string(sample("prometheus/tickcast.alerts.yml")).unwrap();
    let page = "docs/handbook/monitoring.md";
    let handbook = std::fs::read_to_string(root().join(page)).unwrap();
    for item in text.split("      - alert: ").skip(1) {
        let name = item.lines().next().unwrap();
        for needed in [
            "severity: ".to_owned(),
            "summary: ".to_owned(),
            "description: ".to_owned(),
            format!("runbook: {page}#{}\n", name.to_lowercase()),
        ] {
            assert!(item.contains(&needed), "{name} has no {needed}");
        }
        assert!(
            handbook.contains(&format!("### {name}\n")),
            "{name} is not in {page}"
        );
    }
    let alerts = rules().into_iter().filter(|rule| rule.is_alert).count();
    assert_eq!(handbook.matches("\n### Tickcast").count(), alerts);
}
