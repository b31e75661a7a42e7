//! The topics of `Settings`, in the order of the file.
//!
//! Here `auto` becomes a duration, and a missing key is told with the place of its table.

use std::path::Path;
use std::time::Duration;

use super::duration;
use super::error::{Fault, Faults};
use super::layers::Layers;
use super::origin::quoted;
use super::pace;
use super::schema::TOPIC;
use super::start;
use super::strict::TopicTable;
use super::table::Table;
use super::{Backfill, Field, SlowPolicy, Topic};

/// All topics, unless one of them is not good.
pub(super) fn build(
    layers: &Layers,
    tables: &[TopicTable],
    file: &Path,
    faults: &mut Faults,
) -> Option<Vec<Topic>> {
    let mut topics = Vec::new();
    for table in tables {
        let values = Table::at(layers, &["topics", &table.name]);
        check_required(&values, table, faults);
        check_coalesce(&values, faults);
        topics.push(topic(&values, layers, table, file));
    }
    topics.into_iter().collect()
}

fn topic(values: &Table<'_>, layers: &Layers, table: &TopicTable, file: &Path) -> Option<Topic> {
    Some(Topic {
        name: table.name.parse().ok()?,
        dataset: values.path("dataset", file)?,
        rate: values.parsed("rate")?,
        looping: values.switch("loop")?,
        start: start::parse(&values.text("start")?).ok()?,
        backfill: backfill(values)?,
        delay: delay(values)?,
        coalesce: coalesce(values)?,
        slow: match values.text("slow")?.as_str() {
            "disconnect" => SlowPolicy::Disconnect,
            _ => SlowPolicy::Skip,
        },
        max_lag: values.span("max_lag")?,
        record_max: values.size("record_max")?,
        fields: table
            .fields
            .iter()
            .map(|(name, _)| field(layers, &table.name, name))
            .collect(),
    })
}

fn field(layers: &Layers, topic: &str, name: &str) -> Field {
    let values = Table::at(layers, &["topics", topic, "fields", name]);
    Field {
        name: name.to_owned(),
        label: values.text("label"),
        unit: values.text("unit"),
    }
}

fn backfill(values: &Table<'_>) -> Option<Backfill> {
    let span = || values.span("backfill").map(Backfill::Span);
    values
        .number("backfill")
        .map(Backfill::Records)
        .or_else(span)
}

/// The value of a duration that may be `auto`.
fn span_or(
    values: &Table<'_>,
    name: &str,
    auto: impl FnOnce() -> Option<Duration>,
) -> Option<Duration> {
    if values.text(name)? == "auto" {
        auto()
    } else {
        values.span(name)
    }
}

fn delay(values: &Table<'_>) -> Option<Duration> {
    span_or(values, "delay", || values.parsed("rate").map(pace::delay))
}

fn coalesce(values: &Table<'_>) -> Option<Duration> {
    span_or(values, "coalesce", || {
        Some(pace::coalesce(values.parsed("rate")?, delay(values)?))
    })
}

fn check_required(values: &Table<'_>, table: &TopicTable, faults: &mut Faults) {
    for key in TOPIC
        .iter()
        .filter(|key| ["dataset", "rate"].contains(&key.name))
    {
        if values.get(key.name).is_none() {
            let remedy = format!("add for example `{} = {}`", key.name, key.example);
            faults.push(Fault::new(
                &table.origin,
                values.key(key.name),
                "missing",
                remedy,
            ));
        }
    }
}

/// A record that waits longer than half the delay may come too late to be drawn on time.
fn check_coalesce(values: &Table<'_>, faults: &mut Faults) {
    let (Some(window), Some(delay)) = (values.span("coalesce"), delay(values)) else {
        return;
    };
    if window <= delay / 2 {
        return;
    }
    let most = duration::spell(delay / 2);
    let problem = format!(
        "`{}` is more than half the delay of {}",
        duration::spell(window),
        duration::spell(delay)
    );
    let remedy = format!("use at most {}, or \"auto\"", quoted(&most));
    faults.push(Fault::new(
        values.origin("coalesce"),
        values.key("coalesce"),
        problem,
        remedy,
    ));
}
