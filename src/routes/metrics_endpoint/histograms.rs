//! The histograms of `/metrics`: how long deliveries, wake-ups, history responses and the disk take.

use std::fmt;
use std::sync::Arc;

use prometheus_client::registry::Unit;

use super::exposition_formats::MetricsWriter;
use super::topic_samples::per_topic;
use crate::app::AppState;
use crate::hub::{DeliveryMetrics, Topic};
use crate::metrics::{BucketBounds, BucketHistogram, HistogramReading};

/// Writes the histograms of all topics, and those of the hub.
pub(super) fn write_histograms(
    state: &AppState,
    topics: &[Arc<Topic>],
    writer: &mut MetricsWriter<'_>,
) -> fmt::Result {
    let seconds = Some(&Unit::Seconds);
    writer.histograms(
        "tickcast_delivery",
        "From when a publication was due until a viewer's socket had accepted it, sampled",
        seconds,
        per_encoding(topics, |delivery| &delivery.delay),
    )?;
    writer.histograms(
        "tickcast_delivery_spread",
        "From the first to the last viewer of a thread to which the same publications were sent",
        seconds,
        per_encoding(topics, |delivery| &delivery.spread),
    )?;
    writer.histograms(
        "tickcast_lateness",
        "Delay of the producer's wake-ups",
        seconds,
        per_topic(topics, |topic| topic.metrics.lateness_histogram.read()),
    )?;
    writer.histograms(
        "tickcast_lag",
        "How far each viewer is behind, observed about once a second",
        seconds,
        per_topic(topics, |topic| topic.metrics.lag_histogram.read()),
    )?;
    write_audience(topics, writer)?;
    writer.histogram(
        "tickcast_history",
        "From when a history request was admitted until its response had been sent",
        seconds,
        &state.history_limit.durations().read(),
    )?;
    let syncs = state.journal.get().map_or_else(
        || BucketHistogram::new(BucketBounds::COARSE).read(),
        |journal| journal.sync_durations().read(),
    );
    writer.histogram(
        "tickcast_journal_fsync",
        "How long the disk takes to confirm a write of the journal",
        seconds,
        &syncs,
    )
}

/// Writes what viewers report about themselves, over all viewers of a topic.
fn write_audience(topics: &[Arc<Topic>], writer: &mut MetricsWriter<'_>) -> fmt::Result {
    writer.histograms(
        "tickcast_viewer_clock_bound",
        "Maximum error of viewers' clocks, as they report it",
        Some(&Unit::Seconds),
        per_topic(topics, |topic| topic.metrics.audience.clock_bounds.read()),
    )?;
    writer.histograms(
        "tickcast_viewer_late_ratio",
        "Share of records that arrived too late to be drawn in time, as viewers report it",
        None,
        per_topic(topics, |topic| topic.metrics.audience.late_ratios.read()),
    )?;
    writer.histograms(
        "tickcast_viewer_frames_per_second",
        "Animation frames per second, as viewers report them",
        None,
        per_topic(topics, |topic| topic.metrics.audience.frame_rates.read()),
    )
}

/// Returns one sample for each encoding that a topic has had viewers of since the start.
fn per_encoding(
    topics: &[Arc<Topic>],
    histogram: impl Fn(&DeliveryMetrics) -> &BucketHistogram,
) -> impl Iterator<Item = ([(&str, &str); 2], HistogramReading)> {
    topics.iter().flat_map(move |topic| {
        let reading = |(encoding, delivery): (&'static str, Arc<DeliveryMetrics>)| {
            let labels = [("topic", topic.name().as_str()), ("encoding", encoding)];
            (labels, histogram(&delivery).read())
        };
        let list = topic.metrics.delivery.list();
        list.into_iter().map(reading).collect::<Vec<_>>()
    })
}
