//! `GET /metrics`: the current values of the log events `hub.stats` and `hub.process`, for Prometheus-compatible
//! scrapers.
//!
//! The quantiles of lateness cover the interval before the last `hub.stats` event, so that scraping does not reset the
//! values that the log reports. Histograms, which the log does not have, only grow.

mod exposition_formats;
mod faults;
mod histograms;
mod topic_samples;

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
use crate::metrics::ProcessUsage;

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
        topic_samples::write_topics(&topics, &mut writer)?;
        topic_samples::write_by_reason(&topics, self.0.hub.not_found.total(), &mut writer)?;
        topic_samples::write_delays(&topics, &mut writer)?;
        histograms::write_histograms(&self.0, &topics, &mut writer)?;
        faults::write_faults(&self.0, &topics, &mut writer)?;
        write_hub(&self.0, &mut writer)?;
        write_process(&self.0, &mut writer)
    }
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
