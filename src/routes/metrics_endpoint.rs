//! `GET /metrics`: the current values of the log events `hub.stats` and `hub.process`, for Prometheus-compatible
//! scrapers.
//!
//! Lateness covers the interval before the last `hub.stats` event, so that scraping does not reset the values that the
//! log reports.

mod exposition_formats;

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text;
use prometheus_client::registry::{Registry, Unit};
use warp::http::HeaderMap;
use warp::http::header::{self, HeaderValue};
use warp::reply::Response;

use self::exposition_formats::{MetricsWriter, to_prometheus_text};
use super::accept_header::AcceptHeader;
use super::problem::{Problem, ProblemCode};
use crate::app::AppState;
use crate::hub::{RejectReason, Topic};
use crate::metrics::{ProcessUsage, Quantiles};

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Responds in OpenMetrics if the client lists and prefers it, as Prometheus does; otherwise in the older Prometheus
/// text format, which every tool can read.
pub(super) fn respond(state: &Arc<AppState>, headers: &HeaderMap) -> Result<Response, Problem> {
    let openmetrics = encode_metrics(state).map_err(|_| {
        let detail = "the metrics cannot be encoded; please report this as a bug";
        Problem::new(ProblemCode::InternalError, detail)
    })?;
    let accept = AcceptHeader::from_headers(headers);
    let weight = |media_type| accept.weight_of(media_type).unwrap_or(0);
    let openmetrics_weight = weight(("application", "openmetrics-text"));
    let prefers_openmetrics =
        openmetrics_weight > 0 && openmetrics_weight >= weight(("text", "plain"));
    let (content_type, body) = if prefers_openmetrics {
        (OPENMETRICS, openmetrics)
    } else {
        (PROMETHEUS_TEXT, to_prometheus_text(&openmetrics))
    };
    let mut response = Response::new(body.into());
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

fn encode_metrics(state: &Arc<AppState>) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(HubCollector(Arc::clone(state))));
    let mut openmetrics = String::new();
    text::encode(&mut openmetrics, &registry)?;
    Ok(openmetrics)
}

/// Collects the metrics of a hub.
#[derive(Debug)]
struct HubCollector(Arc<AppState>);

impl Collector for HubCollector {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut writer = MetricsWriter::new(encoder);
        let topics = self.0.hub.topics();
        write_topics(&topics, &mut writer)?;
        write_by_reason(&topics, self.0.hub.not_found.total(), &mut writer)?;
        write_delays(&topics, &mut writer)?;
        write_hub(&self.0, &mut writer)?;
        write_process(&self.0, &mut writer)
    }
}

/// Returns one sample per topic, labelled with the topic's name.
fn per_topic<T>(
    topics: &[Arc<Topic>],
    value: impl Fn(&Topic) -> T,
) -> impl Iterator<Item = ([(&str, &str); 1], T)> {
    topics
        .iter()
        .map(move |topic| ([("topic", topic.name().as_str())], value(topic)))
}

fn write_topics(topics: &[Arc<Topic>], writer: &mut MetricsWriter<'_>) -> fmt::Result {
    writer.gauges(
        "tickcast_seq",
        "Sequence number of the last publication",
        None,
        per_topic(topics, |topic| topic.published().get()),
    )?;
    writer.gauges(
        "tickcast_rate",
        "Scheduled publications per second; 0 once the topic has ended",
        None,
        per_topic(topics, scheduled_rate),
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
    )
}

/// The scheduled rate; 0 for a topic that has ended or is paused, to distinguish it from one that is stuck.
fn scheduled_rate(topic: &Topic) -> f64 {
    let description = topic.feed().describe();
    if topic.feed().is_ended() || !description.newest_state.timeline.playing {
        return 0.0;
    }
    description.rate.per_second()
}

/// Writes how many viewers left and how many were rejected, by reason.
fn write_by_reason(
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

fn write_delays(topics: &[Arc<Topic>], writer: &mut MetricsWriter<'_>) -> fmt::Result {
    writer.gauges(
        "tickcast_lag_max",
        "How far the slowest viewer is behind",
        Some(&Unit::Seconds),
        per_topic(topics, |topic| topic.metrics.lag.max().as_secs_f64()),
    )?;
    let lateness = |quantile: fn(Quantiles) -> std::time::Duration| {
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

fn write_hub(state: &AppState, writer: &mut MetricsWriter<'_>) -> fmt::Result {
    let clock = state.hub.clock();
    writer.info(
        "tickcast_build",
        "Version and commit of the hub",
        &[
            ("version", env!("CARGO_PKG_VERSION")),
            ("commit", env!("TICKCAST_COMMIT")),
        ],
    )?;
    let ready = u64::from(state.is_ready());
    writer.gauge(
        "tickcast_ready",
        "1 if the hub is ready for traffic, otherwise 0",
        None,
        &ready,
    )?;
    writer.gauge(
        "tickcast_viewers_max",
        "Maximum number of viewers of all topics together",
        None,
        &state.viewer_limits.max(),
    )?;
    writer.gauge(
        "tickcast_uptime",
        "Time since the start",
        Some(&Unit::Seconds),
        &clock.uptime().as_secs_f64(),
    )?;
    writer.gauge(
        "tickcast_timeline_minus_wall",
        "How far the timelines are ahead of the wall clock",
        Some(&Unit::Seconds),
        &jiff::SignedDuration::from_micros(clock.ahead_of_wall_us()).as_secs_f64(),
    )?;
    writer.counter(
        "tickcast_log_dropped",
        "Log lines that could not be written to standard error",
        None,
        &state.log_drops.dropped(),
    )?;
    writer.counter(
        "tickcast_log_suppressed",
        "Log events suppressed by rate limits",
        None,
        &state.log_drops.suppressed(),
    )
}

/// Writes the process metrics under their standard Prometheus names.
fn write_process(state: &AppState, writer: &mut MetricsWriter<'_>) -> fmt::Result {
    let process = ProcessUsage::sample();
    let started = jiff::SignedDuration::from_micros(state.hub.clock().started_at().get());
    writer.gauge(
        "process_start_time",
        "Start time of the process since the Unix epoch",
        Some(&Unit::Seconds),
        &started.as_secs_f64(),
    )?;
    writer.counter(
        "process_cpu",
        "CPU time of all threads",
        Some(&Unit::Seconds),
        &process.cpu.as_secs_f64(),
    )?;
    writer.gauge(
        "process_resident_memory",
        "Resident memory",
        Some(&Unit::Bytes),
        &process.memory,
    )?;
    writer.gauge(
        "process_open_fds",
        "Open file descriptors",
        None,
        &process.open_files,
    )?;
    writer.gauge(
        "process_max_fds",
        "Maximum number of open file descriptors",
        None,
        &process.open_files_max,
    )
}
