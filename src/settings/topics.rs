//! Builds the topics of [`Settings`](super::Settings), in file order.
//!
//! Resolves `auto` to a duration, and reports a missing key at the location of its table.

use std::path::Path;
use std::time::Duration;

use super::auto;
use super::duration;
use super::layers::Layers;
use super::schema::TOPIC;
use super::section::Section;
use super::settings_error::{SettingsError, SettingsErrors};
use super::start;
use super::validate::TopicTable;
use super::value_origin::quoted;
use super::{Backfill, FieldSettings, SlowPolicy, TopicSettings};

/// Returns all topics, or `None` if one of them is invalid.
pub(super) fn build(
    layers: &Layers,
    tables: &[TopicTable],
    file: &Path,
    errors: &mut SettingsErrors,
) -> Option<Vec<TopicSettings>> {
    let mut topics = Vec::new();
    for table in tables {
        let values = Section::new(layers, &["topics", &table.name]);
        check_required(&values, table, errors);
        check_coalesce(&values, errors);
        topics.push(topic(&values, layers, table, file));
    }
    topics.into_iter().collect()
}

fn topic(
    values: &Section<'_>,
    layers: &Layers,
    table: &TopicTable,
    file: &Path,
) -> Option<TopicSettings> {
    Some(TopicSettings {
        name: table.name.parse().ok()?,
        dataset: values.path("dataset", file)?,
        rate: values.parsed("rate")?,
        looping: values.boolean("loop")?,
        start: start::parse(&values.text("start")?).ok()?,
        backfill: backfill(values)?,
        delay: delay(values)?,
        coalesce: coalesce(values)?,
        slow: match values.text("slow")?.as_str() {
            "disconnect" => SlowPolicy::Disconnect,
            _ => SlowPolicy::Skip,
        },
        max_lag: values.duration("max_lag")?,
        record_max: values.size("record_max")?,
        fields: table
            .fields
            .iter()
            .map(|(name, _)| field(layers, &table.name, name))
            .collect(),
    })
}

fn field(layers: &Layers, topic: &str, name: &str) -> FieldSettings {
    let values = Section::new(layers, &["topics", topic, "fields", name]);
    FieldSettings {
        name: name.to_owned(),
        label: values.text("label"),
        unit: values.text("unit"),
    }
}

fn backfill(values: &Section<'_>) -> Option<Backfill> {
    let span = || values.duration("backfill").map(Backfill::Duration);
    values
        .number("backfill")
        .map(Backfill::Records)
        .or_else(span)
}

/// Returns a duration, computed by `auto` if the value is `"auto"`.
fn duration_or_auto(
    values: &Section<'_>,
    name: &str,
    auto: impl FnOnce() -> Option<Duration>,
) -> Option<Duration> {
    if values.text(name)? == "auto" {
        auto()
    } else {
        values.duration(name)
    }
}

fn delay(values: &Section<'_>) -> Option<Duration> {
    duration_or_auto(values, "delay", || values.parsed("rate").map(auto::delay))
}

fn coalesce(values: &Section<'_>) -> Option<Duration> {
    duration_or_auto(values, "coalesce", || {
        Some(auto::coalesce(values.parsed("rate")?, delay(values)?))
    })
}

fn check_required(values: &Section<'_>, table: &TopicTable, errors: &mut SettingsErrors) {
    for key in TOPIC
        .iter()
        .filter(|key| ["dataset", "rate"].contains(&key.name))
    {
        if values.get(key.name).is_none() {
            let remedy = format!("add for example `{} = {}`", key.name, key.example);
            errors.push(SettingsError::new(
                &table.origin,
                values.key(key.name),
                "missing",
                remedy,
            ));
        }
    }
}

/// Limits the coalescing window to half the delay: a record held back longer may arrive too late to be drawn on time.
fn check_coalesce(values: &Section<'_>, errors: &mut SettingsErrors) {
    let (Some(window), Some(delay)) = (values.duration("coalesce"), delay(values)) else {
        return;
    };
    if window <= delay / 2 {
        return;
    }
    let most = duration::format(delay / 2);
    let problem = format!(
        "`{}` is more than half the delay of {}",
        duration::format(window),
        duration::format(delay)
    );
    let remedy = format!("use at most {}, or \"auto\"", quoted(&most));
    errors.push(SettingsError::new(
        values.origin("coalesce"),
        values.key("coalesce"),
        problem,
        remedy,
    ));
}
