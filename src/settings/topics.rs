//! Builds the topics of [`Settings`](super::Settings), in file order.
//!
//! Resolves `auto` to a duration, and reports a missing key at the location of its table.

use std::path::Path;
use std::time::Duration;

use super::field;
use super::layers::{Layers, Section};
use super::quantity::format_duration;
use super::schema::TOPIC;
use super::setting_value::AutoDuration;
use super::settings_error::{SettingsError, SettingsErrors};
use super::toml_value::quoted;
use super::validate::TopicTable;
use super::{AboutSettings, FieldSettings, TopicSettings};
use crate::protocol::Rate;

const DELAY_MIN: Duration = Duration::from_millis(150);
const DELAY_MAX: Duration = Duration::from_secs(3);
/// Added to two periods to cover the jitter of the network and of browser timers.
const DELAY_MARGIN: Duration = Duration::from_millis(100);
const COALESCE_MAX: Duration = Duration::from_millis(100);
/// The period in microseconds times the rate in millionths of a record per second.
const MICROS_TIMES_MILLIONTHS: u64 = 1_000_000_000_000;

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
        let fields = table
            .fields
            .iter()
            .map(|(name, _)| field::build(layers, &table.name, name, errors))
            .collect();
        topics.push(topic(&values, layers, fields, table, file));
    }
    topics.into_iter().collect()
}

fn topic(
    values: &Section<'_>,
    layers: &Layers,
    fields: Vec<FieldSettings>,
    table: &TopicTable,
    file: &Path,
) -> Option<TopicSettings> {
    Some(TopicSettings {
        name: table.topic.clone()?,
        dataset: values.path("dataset", file)?,
        format: values.get("format"),
        columns: values.get("columns")?,
        rate: values.get("rate")?,
        looping: values.get("loop")?,
        start: values.get("start")?,
        backfill: values.get("backfill")?,
        delay: delay(values)?,
        coalesce: coalesce(values)?,
        slow: values.get("slow")?,
        max_lag: values.get("max_lag")?,
        record_max: values.get("record_max")?,
        about: about(layers, &table.name),
        fields,
    })
}

fn about(layers: &Layers, topic: &str) -> AboutSettings {
    let values = Section::new(layers, &["topics", topic, "about"]);
    AboutSettings {
        title: values.get("title"),
        origin: values.get("origin"),
        licence: values.get("licence"),
    }
}

fn delay(values: &Section<'_>) -> Option<Duration> {
    match values.get("delay")? {
        AutoDuration::Auto => values.get("rate").map(auto_delay),
        AutoDuration::Fixed(delay) => Some(delay),
    }
}

fn coalesce(values: &Section<'_>) -> Option<Duration> {
    match values.get("coalesce")? {
        AutoDuration::Auto => Some(auto_coalesce(values.get("rate")?, delay(values)?)),
        AutoDuration::Fixed(window) => Some(window),
    }
}

fn check_required(values: &Section<'_>, table: &TopicTable, errors: &mut SettingsErrors) {
    for key in TOPIC
        .iter()
        .filter(|key| ["dataset", "rate"].contains(&key.name))
    {
        if values.assignment(key.name).is_none() {
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
    let (Some(AutoDuration::Fixed(window)), Some(delay)) = (values.get("coalesce"), delay(values))
    else {
        return;
    };
    if window <= delay / 2 {
        return;
    }
    let most = format_duration(delay / 2);
    let problem = format!(
        "`{}` is more than half the delay of {}",
        format_duration(window),
        format_duration(delay)
    );
    let remedy = format!("use at most {}, or \"auto\"", quoted(&most));
    errors.push(SettingsError::new(
        values.origin("coalesce"),
        values.key("coalesce"),
        problem,
        remedy,
    ));
}

/// The playout delay for `delay = "auto"`. Computed in integer microseconds, as on the wire.
fn auto_delay(rate: Rate) -> Duration {
    let two_periods = Duration::from_micros(2 * MICROS_TIMES_MILLIONTHS / rate.millionths());
    (two_periods + DELAY_MARGIN).clamp(DELAY_MIN, DELAY_MAX)
}

/// The coalescing window for `coalesce = "auto"`; zero if it would never hold two records.
fn auto_coalesce(rate: Rate, delay: Duration) -> Duration {
    let window = (delay / 3).min(COALESCE_MAX);
    let is_shorter_than_window =
        window.as_micros() * u128::from(rate.millionths()) > u128::from(MICROS_TIMES_MILLIONTHS);
    if is_shorter_than_window {
        window
    } else {
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn auto_delay_is_two_periods_plus_a_margin_within_limits() {
        for (rate, expected) in [
            ("10000", ms(150)),
            ("100", ms(150)),
            ("10", ms(300)),
            ("1", ms(2_100)),
            ("0.5", ms(3_000)),
            ("0.001", ms(3_000)),
        ] {
            assert_eq!(auto_delay(rate.parse().unwrap()), expected, "{rate}");
        }
    }

    #[test]
    fn auto_coalescing_is_off_unless_the_period_is_shorter_than_the_window() {
        for (rate, of, expected) in [
            ("100", ms(150), ms(50)),
            ("1000", ms(3_000), ms(100)),
            ("10", ms(300), ms(0)),
            ("10.000001", ms(300), ms(100)),
            ("20", ms(150), ms(0)),
            ("20.1", ms(150), ms(50)),
            ("10000", ms(0), ms(0)),
        ] {
            assert_eq!(
                auto_coalesce(rate.parse().unwrap(), of),
                expected,
                "{rate} {of:?}"
            );
        }
    }
}
