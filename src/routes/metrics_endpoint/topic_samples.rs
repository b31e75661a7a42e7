//! The counters and gauges of `/metrics` that each topic has.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Unit;

use super::exposition_formats::MetricsWriter;
use crate::hub::{RejectReason, Topic, TopicClosure};
use crate::metrics::Quantiles;

/// Returns one sample per topic, labelled with the topic's name.
pub(super) fn per_topic<T>(
    topics: &[Arc<Topic>],
    value: impl Fn(&Topic) -> T,
) -> impl Iterator<Item = ([(&str, &str); 1], T)> {
    topics
        .iter()
        .map(move |topic| ([("topic", topic.name().as_str())], value(topic)))
}

/// Writes the gauges and counters of each topic.
pub(super) fn write_topics(topics: &[Arc<Topic>], writer: &mut MetricsWriter<'_>) -> fmt::Result {
    writer.gauges(
        "tickcast_seq",
        "Sequence number of the last publication",
        None,
        per_topic(topics, |topic| topic.published().get()),
    )?;
    writer.gauges(
        "tickcast_rate",
        "Scheduled publications per second, with time stamps the mean; 0 once the topic has ended or stopped",
        None,
        per_topic(topics, scheduled_rate),
    )?;
    writer.gauges(
        "tickcast_stopped",
        "1 if the topic has stopped, because its dataset was changed",
        None,
        per_topic(topics, |topic| {
            u64::from(topic.closure() == Some(TopicClosure::Stopped))
        }),
    )?;
    writer.gauges(
        "tickcast_viewers",
        "Connected viewers",
        None,
        per_topic(topics, |topic| topic.viewers() as u64),
    )?;
    writer.counters(
        "tickcast_published",
        "Publications",
        None,
        per_topic(topics, |topic| topic.metrics.published.total()),
    )?;
    writer.counters(
        "tickcast_delivered",
        "Publications written to viewers' sockets",
        None,
        per_topic(topics, |topic| topic.metrics.delivered.total()),
    )?;
    writer.counters(
        "tickcast_delivered",
        "Bytes written to viewers' sockets",
        Some(&Unit::Bytes),
        per_topic(topics, |topic| topic.metrics.bytes.total()),
    )?;
    writer.counters(
        "tickcast_joined",
        "Viewers that joined",
        None,
        per_topic(topics, |topic| topic.metrics.joined.total()),
    )?;
    writer.counters(
        "tickcast_recovered",
        "Viewers that resumed from a position and were sent everything after it",
        None,
        per_topic(topics, |topic| topic.metrics.recovered.total()),
    )?;
    writer.counters(
        "tickcast_gaps",
        "Gaps sent to viewers that read too slowly",
        None,
        per_topic(topics, |topic| topic.metrics.gaps.total()),
    )?;
    writer.counters(
        "tickcast_gap_records",
        "Records that viewers did not get because they read too slowly",
        None,
        per_topic(topics, |topic| topic.metrics.gap_records.total()),
    )
}

/// The scheduled rate; 0 for a topic that has ended, is paused or is closed, to distinguish it from one that is stuck.
fn scheduled_rate(topic: &Topic) -> f64 {
    let description = topic.feed().describe();
    if topic.closure().is_some()
        || topic.feed().is_ended()
        || !description.newest_state.timeline.playing
    {
        return 0.0;
    }
    description.per_second
}

/// Writes how many viewers left and how many were rejected, by reason.
pub(super) fn write_by_reason(
    topics: &[Arc<Topic>],
    not_found: u64,
    writer: &mut MetricsWriter<'_>,
) -> fmt::Result {
    let left = topics.iter().flat_map(|topic| {
        let labels = |reason| [("topic", topic.name().as_str()), ("reason", reason)];
        let totals = topic.metrics.left.iter();
        totals.map(move |(reason, total)| (labels(reason.label()), total))
    });
    writer.counters("tickcast_left", "Viewers that left", None, left)?;
    let rejected = topics.iter().flat_map(|topic| {
        let labels = |reason| [("topic", topic.name().as_str()), ("reason", reason)];
        let totals = topic.metrics.rejected.iter();
        totals.map(move |(reason, total)| (labels(reason.label()), total))
    });
    // Without the name of the unknown topic, because clients could create any number of time series with it.
    let unknown_topic = [("topic", ""), ("reason", RejectReason::NotFound.label())];
    writer.counters(
        "tickcast_refused",
        "Rejected requests to become a viewer",
        None,
        rejected.chain([(unknown_topic, not_found)]),
    )
}

/// Writes how far viewers are behind, and the quantiles of lateness.
pub(super) fn write_delays(topics: &[Arc<Topic>], writer: &mut MetricsWriter<'_>) -> fmt::Result {
    writer.gauges(
        "tickcast_lag_max",
        "How far the slowest viewer is behind",
        Some(&Unit::Seconds),
        per_topic(topics, |topic| topic.metrics.lag.max().as_secs_f64()),
    )?;
    let lateness = |quantile: fn(Quantiles) -> Duration| {
        per_topic(topics, move |topic| {
            quantile(topic.metrics.lateness.last_taken()).as_secs_f64()
        })
    };
    writer.gauges(
        "tickcast_lateness_p50",
        "Median delay of the producer's wake-ups, over the interval before the last hub.stats",
        Some(&Unit::Seconds),
        lateness(|quantiles| quantiles.p50),
    )?;
    writer.gauges(
        "tickcast_lateness_p99",
        "99th percentile of the delay of the producer's wake-ups, over the interval before the last hub.stats",
        Some(&Unit::Seconds),
        lateness(|quantiles| quantiles.p99),
    )?;
    writer.gauges(
        "tickcast_lateness_max",
        "Maximum delay of the producer's wake-ups, over the interval before the last hub.stats",
        Some(&Unit::Seconds),
        lateness(|quantiles| quantiles.max),
    )
}
