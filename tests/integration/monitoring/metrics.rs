//! Metric series and their values, parsed from the Prometheus text format and computed from log lines.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Values by series: a metric name with its labels, sorted by name.
pub(super) type Metrics = BTreeMap<String, f64>;

/// The fields of `hub.process` and the corresponding metrics.
const PROCESS: [(&str, &str); 9] = [
    ("uptime_seconds", "tickcast_uptime_seconds"),
    ("viewers_max", "tickcast_viewers_max"),
    ("open_files", "process_open_fds"),
    ("open_files_max", "process_max_fds"),
    ("memory_bytes", "process_resident_memory_bytes"),
    ("cpu_seconds_total", "process_cpu_seconds_total"),
    ("log_dropped_total", "tickcast_log_dropped_total"),
    ("log_suppressed_total", "tickcast_log_suppressed_total"),
    (
        "timeline_minus_wall_seconds",
        "tickcast_timeline_minus_wall_seconds",
    ),
];

/// The series of metric `name` with `labels`.
pub(super) fn series(name: &str, labels: &[(&str, &str)]) -> String {
    let labels: BTreeMap<_, _> = labels.iter().copied().collect();
    let labels: Vec<_> = labels
        .iter()
        .map(|(label, value)| format!("{label}=\"{value}\""))
        .collect();
    format!("{name}{{{}}}", labels.join(","))
}

/// The metric name of a series.
pub(super) fn name(series: &str) -> &str {
    series.split('{').next().unwrap()
}

/// The metric names in `metrics`.
pub(super) fn names(metrics: &Metrics) -> BTreeSet<String> {
    metrics
        .keys()
        .map(|series| name(series).to_owned())
        .collect()
}

/// Parses the Prometheus text format. Label values must not contain commas.
pub(super) fn parse(text: &str) -> Metrics {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (left, value) = line.rsplit_once(' ').unwrap();
            let (name, rest) = left.split_once('{').unwrap_or((left, "}"));
            let labels: Vec<_> = rest
                .trim_end_matches('}')
                .split(',')
                .filter_map(|label| label.split_once('='))
                .map(|(label, value)| (label, value.trim_matches('"')))
                .collect();
            (series(name, &labels), value.parse().unwrap())
        })
        .collect()
}

/// Parses what mtail serves about the hub, with the names that the scrape configuration assigns.
pub(super) fn of_mtail(text: &str) -> Metrics {
    let all = parse(text).into_iter();
    all.filter(|(series, _)| series.starts_with("tickcast_"))
        .map(
            |(series, value)| match series.strip_prefix("tickcast_process_") {
                Some(rest) => (format!("process_{rest}"), value),
                None => (series, value),
            },
        )
        .collect()
}

/// The metrics that correspond to the last statistics of each topic and of the process in `events`.
pub(super) fn of_log(events: &[Value]) -> Metrics {
    let mut metrics = Metrics::new();
    for event in events {
        match event["event"].as_str() {
            Some("hub.stats") => metrics.extend(of_stats(event)),
            Some("hub.process") => metrics.extend(
                PROCESS
                    .iter()
                    .map(|(field, name)| (series(name, &[]), event[field].as_f64().unwrap())),
            ),
            _ => {}
        }
    }
    metrics
}

/// The metrics of a `hub.stats` event: every field is a metric of its topic, with the reason, if any, as a label.
fn of_stats(line: &Value) -> Metrics {
    let topic = ("topic", line["topic"].as_str().unwrap());
    let numbers = line.as_object().unwrap().iter();
    numbers
        .filter_map(|(field, value)| {
            let of_reason = |of: &str| {
                let reason = field.strip_prefix(of)?.strip_suffix("_total")?;
                Some(series(
                    &format!("tickcast_{of}total"),
                    &[topic, ("reason", reason)],
                ))
            };
            let value = value.as_f64()?;
            let series = match field.as_str() {
                // Sums over the reasons.
                "left_total" | "refused_total" => return None,
                _ => of_reason("left_")
                    .or_else(|| of_reason("refused_"))
                    .unwrap_or_else(|| series(&format!("tickcast_{field}"), &[topic])),
            };
            Some((series, value))
        })
        .collect()
}

/// The number of log events by name and level, as mtail counts them.
pub(super) fn of_events(events: &[Value]) -> Metrics {
    let mut counts = Metrics::new();
    for event in events {
        let labels = [("level", &event["level"]), ("event", &event["event"])];
        let labels = labels.map(|(label, value)| (label, value.as_str().unwrap()));
        *counts
            .entry(series("tickcast_log_events_total", &labels))
            .or_default() += 1.0;
    }
    counts
}

/// Compares the series in `expected` with `found`; the error lists the differences.
pub(super) fn compare(expected: &Metrics, found: &Metrics) -> Result<(), String> {
    let differing: Vec<_> = expected
        .iter()
        .filter(|(series, value)| {
            !found
                .get(*series)
                .is_some_and(|found| is_same(**value, *found))
        })
        .map(|(series, value)| format!("{series}: {value} expected, {:?} found", found.get(series)))
        .collect();
    if expected.is_empty() {
        return Err("nothing is expected".to_owned());
    }
    differing
        .is_empty()
        .then_some(())
        .ok_or(differing.join("\n"))
}

/// Whether two values are equal; mtail may lose the last bit of decimals.
fn is_same(expected: f64, found: f64) -> bool {
    let is_close = (expected - found).abs() <= 2.0 * f64::EPSILON * expected.abs();
    expected == found || (expected.fract() != 0.0 && is_close)
}
