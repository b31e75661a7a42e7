//! The metrics by which monitoring notices what goes wrong: the configuration, the journal, the log, connections, HTTP
//! responses, and which timeline a topic is on.

use std::fmt;
use std::sync::Arc;

use prometheus_client::registry::Unit;

use super::exposition_formats::MetricsWriter;
use crate::app::{AppState, HistoryLimit};
use crate::hub::Topic;
use crate::journal::JournalHealth;

/// Writes these metrics.
pub(super) fn write_faults(
    state: &AppState,
    topics: &[Arc<Topic>],
    writer: &mut MetricsWriter<'_>,
) -> fmt::Result {
    write_config(state, writer)?;
    write_log_events(state, writer)?;
    write_connections(state, writer)?;
    write_history(state, writer)?;
    write_timelines(state, topics, writer)
}

fn write_config(state: &AppState, writer: &mut MetricsWriter<'_>) -> fmt::Result {
    writer.gauge(
        "tickcast_config_last_reload_successful",
        "1 if the configuration that was read last is in force, otherwise 0",
        None,
        &u64::from(state.config.is_last_reload_successful()),
    )?;
    writer.gauge(
        "tickcast_config_pending_keys",
        "Changed keys that are not in force yet",
        None,
        &(state.config.pending_keys() as u64),
    )?;
    let is_failing = state.journal.get().is_some_and(JournalHealth::is_failing);
    writer.gauge(
        "tickcast_journal_failed",
        "1 if the last write of the journal failed, otherwise 0",
        None,
        &u64::from(is_failing),
    )
}

fn write_log_events(state: &AppState, writer: &mut MetricsWriter<'_>) -> fmt::Result {
    let totals = state.log_drops.events().totals();
    let samples = totals.iter().map(|(key, total)| {
        let labels = [("level", key.level), ("event", key.event.as_str())];
        (labels, *total)
    });
    writer.counters(
        "tickcast_log_events",
        "Log lines by level and event",
        None,
        samples,
    )
}

fn write_connections(state: &AppState, writer: &mut MetricsWriter<'_>) -> fmt::Result {
    let listeners = || state.listeners.iter();
    writer.gauges(
        "tickcast_connections",
        "Open connections, viewers included",
        None,
        listeners().map(|listener| {
            let open = listener.connections.open_count() as u64;
            ([("listener", listener.name)], open)
        }),
    )?;
    writer.gauges(
        "tickcast_connections_max",
        "Maximum number of open connections",
        None,
        listeners().map(|listener| {
            let max = listener.connections.limits().open as u64;
            ([("listener", listener.name)], max)
        }),
    )?;
    let responses = listeners().flat_map(|listener| {
        let list = listener.responses.list().into_iter();
        list.map(|(code, total)| {
            let labels = [
                ("listener", listener.name.to_owned()),
                ("code", code.to_string()),
            ];
            (labels, total.total())
        })
    });
    writer.counters(
        "tickcast_http_requests",
        "HTTP requests by the status code of the response",
        None,
        responses,
    )
}

fn write_history(state: &AppState, writer: &mut MetricsWriter<'_>) -> fmt::Result {
    writer.gauge(
        "tickcast_history_in_flight",
        "History responses in progress",
        None,
        &(state.history_limit.in_flight() as u64),
    )?;
    writer.gauge(
        "tickcast_history_in_flight_max",
        "Maximum number of history responses in progress",
        None,
        &(HistoryLimit::IN_FLIGHT_MAX as u64),
    )
}

/// Writes what two hubs are compared by: their clocks and the timelines of their topics.
fn write_timelines(
    state: &AppState,
    topics: &[Arc<Topic>],
    writer: &mut MetricsWriter<'_>,
) -> fmt::Result {
    let now = jiff::SignedDuration::from_micros(state.hub.clock().now().get());
    writer.gauge(
        "tickcast_hub_time",
        "The hub's clock since the Unix epoch, by which records are due",
        Some(&Unit::Seconds),
        &now.as_secs_f64(),
    )?;
    let descriptions: Vec<_> = topics.iter().map(|topic| topic.feed().describe()).collect();
    let labels = topics
        .iter()
        .zip(&descriptions)
        .map(|(topic, description)| {
            [
                ("topic", topic.name().as_str()),
                ("epoch", topic.epoch().as_str()),
                ("sha256", description.dataset.sha256),
                ("kind", topic.feed().kind().label()),
            ]
        });
    writer.infos(
        "tickcast_topic",
        "The timeline, the dataset and the kind of each topic",
        labels,
    )
}
