//! `GET /metrics`: the numbers of `hub.stats` and `hub.process` as they are now, for Prometheus and what speaks like it.
//!
//! Lateness is of the interval before the last line in the log, so that nobody takes it away from the log by looking.

mod classic;
mod sheet;

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text;
use prometheus_client::registry::{Registry, Unit};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::HeaderMap;
use warp::http::header::{self, HeaderValue};
use warp::reply::{Reply, Response};

use self::sheet::Sheet;
use super::accept::Accepted;
use super::problem::{Code, Problem};
use super::{Context, get};
use crate::hub::{Refused, Topic};
use crate::metrics::{Process, Quantiles};

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The one path.
pub(super) fn route(context: &Arc<Context>) -> BoxedFilter<(Response,)> {
    let context = Arc::clone(context);
    warp::path!("metrics")
        .and(get())
        .and(warp::header::headers_cloned())
        .map(move |headers: HeaderMap| answer(&context, &headers))
        .boxed()
}

/// OpenMetrics for a client that names it and prefers it, as Prometheus does; else the older format, which every tool reads.
fn answer(context: &Arc<Context>, headers: &HeaderMap) -> Response {
    let Ok(exposed) = expose(context) else {
        let detail = "the numbers cannot be written; please report it";
        return Problem::new(Code::InternalError, detail).into_response();
    };
    let accepted = Accepted::of(headers);
    let named = |media_type| accepted.named(media_type).unwrap_or(0);
    let open = named(("application", "openmetrics-text"));
    let is_open = open > 0 && open >= named(("text", "plain"));
    let (content_type, body) = if is_open {
        (OPENMETRICS, exposed)
    } else {
        (CLASSIC, classic::from_openmetrics(&exposed))
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
    response
}

fn expose(context: &Arc<Context>) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Numbers(Arc::clone(context))));
    let mut exposed = String::new();
    text::encode(&mut exposed, &registry)?;
    Ok(exposed)
}

/// The numbers of one hub.
#[derive(Debug)]
struct Numbers(Arc<Context>);

impl Collector for Numbers {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut sheet = Sheet::new(encoder);
        let topics = self.0.hub.topics();
        of_topics(&topics, &mut sheet)?;
        by_reason(&topics, self.0.hub.not_found.total(), &mut sheet)?;
        delays(&topics, &mut sheet)?;
        of_hub(&self.0, &mut sheet)?;
        of_process(&self.0, &mut sheet)
    }
}

/// A number of each topic, with the topic's name.
fn each<T>(
    topics: &[Arc<Topic>],
    number: impl Fn(&Topic) -> T,
) -> impl Iterator<Item = ([(&str, &str); 1], T)> {
    topics
        .iter()
        .map(move |topic| ([("topic", topic.name().as_str())], number(topic)))
}

fn of_topics(topics: &[Arc<Topic>], sheet: &mut Sheet<'_>) -> fmt::Result {
    sheet.gauges(
        "tickcast_seq",
        "Sequence number of the last publication",
        None,
        each(topics, |topic| topic.published().get()),
    )?;
    sheet.gauges(
        "tickcast_rate",
        "Publications a second that the schedule calls for; 0 once the topic has ended",
        None,
        each(topics, rate_now),
    )?;
    sheet.gauges(
        "tickcast_viewers",
        "Viewers now",
        None,
        each(topics, |topic| topic.viewers() as u64),
    )?;
    sheet.counters(
        "tickcast_published",
        "Publications",
        None,
        each(topics, |topic| topic.counters.published.total()),
    )?;
    sheet.counters(
        "tickcast_delivered",
        "Publications given to sockets of viewers",
        None,
        each(topics, |topic| topic.counters.delivered.total()),
    )?;
    sheet.counters(
        "tickcast_delivered",
        "Bytes given to sockets of viewers",
        Some(&Unit::Bytes),
        each(topics, |topic| topic.counters.bytes.total()),
    )?;
    sheet.counters(
        "tickcast_joined",
        "Viewers that joined",
        None,
        each(topics, |topic| topic.counters.joined.total()),
    )?;
    sheet.counters(
        "tickcast_recovered",
        "Viewers that joined with a position and were sent everything after it",
        None,
        each(topics, |topic| topic.counters.recovered.total()),
    )?;
    sheet.counters(
        "tickcast_gaps",
        "Gaps told to viewers that read too slowly",
        None,
        each(topics, |topic| topic.counters.gaps.total()),
    )
}

/// Without it nobody can tell a topic that hangs from one that is over.
fn rate_now(topic: &Topic) -> f64 {
    if topic.is_ended() {
        return 0.0;
    }
    topic.timeline().current().rate.per_second()
}

fn by_reason(topics: &[Arc<Topic>], not_found: u64, sheet: &mut Sheet<'_>) -> fmt::Result {
    let left = topics.iter().flat_map(|topic| {
        let labels = |reason| [("topic", topic.name().as_str()), ("reason", reason)];
        let totals = topic.counters.left.iter();
        totals.map(move |(why, total)| (labels(why.label()), total))
    });
    sheet.counters("tickcast_left", "Viewers that left", None, left)?;
    let refused = topics.iter().flat_map(|topic| {
        let labels = |reason| [("topic", topic.name().as_str()), ("reason", reason)];
        let totals = topic.counters.refused.iter();
        totals.map(move |(why, total)| (labels(why.label()), total))
    });
    // Of topics that there are not the name would be anything that somebody types.
    let nowhere = [("topic", ""), ("reason", Refused::NotFound.label())];
    sheet.counters(
        "tickcast_refused",
        "Requests to become a viewer that were refused",
        None,
        refused.chain([(nowhere, not_found)]),
    )
}

fn delays(topics: &[Arc<Topic>], sheet: &mut Sheet<'_>) -> fmt::Result {
    sheet.gauges(
        "tickcast_lag_max",
        "How far the viewer is behind that is furthest behind",
        Some(&Unit::Seconds),
        each(topics, |topic| topic.counters.lag.greatest().as_secs_f64()),
    )?;
    let lateness = |of: fn(Quantiles) -> std::time::Duration| {
        each(topics, move |topic| {
            of(topic.counters.lateness.taken()).as_secs_f64()
        })
    };
    sheet.gauges(
        "tickcast_lateness_p50",
        "Median of how late the producer woke, of the interval before the last hub.stats",
        Some(&Unit::Seconds),
        lateness(|quantiles| quantiles.p50),
    )?;
    sheet.gauges(
        "tickcast_lateness_p99",
        "99th percentile of how late the producer woke, of the interval before the last hub.stats",
        Some(&Unit::Seconds),
        lateness(|quantiles| quantiles.p99),
    )?;
    sheet.gauges(
        "tickcast_lateness_max",
        "The latest that the producer woke, of the interval before the last hub.stats",
        Some(&Unit::Seconds),
        lateness(|quantiles| quantiles.max),
    )
}

fn of_hub(context: &Context, sheet: &mut Sheet<'_>) -> fmt::Result {
    let clock = context.hub.clock();
    sheet.info(
        "tickcast_build",
        "The program that runs",
        &[
            ("version", env!("CARGO_PKG_VERSION")),
            ("commit", env!("TICKCAST_COMMIT")),
        ],
    )?;
    let ready = u64::from(context.is_ready());
    sheet.gauge(
        "tickcast_ready",
        "1 when it should get traffic",
        None,
        &ready,
    )?;
    sheet.gauge(
        "tickcast_viewers_max",
        "Viewers that there may be, of all topics",
        None,
        &context.seats.max(),
    )?;
    sheet.gauge(
        "tickcast_uptime",
        "Time since the start",
        Some(&Unit::Seconds),
        &clock.uptime().as_secs_f64(),
    )?;
    sheet.gauge(
        "tickcast_timeline_minus_wall",
        "How far the timelines are ahead of the wall clock",
        Some(&Unit::Seconds),
        &jiff::SignedDuration::from_micros(clock.ahead_of_wall_us()).as_secs_f64(),
    )?;
    sheet.counter(
        "tickcast_log_dropped",
        "Log lines that standard error did not take",
        None,
        &context.losses.dropped(),
    )?;
    sheet.counter(
        "tickcast_log_suppressed",
        "Events that were too many of their kind to be told",
        None,
        &context.losses.suppressed(),
    )
}

/// Under the names that every Prometheus client uses.
fn of_process(context: &Context, sheet: &mut Sheet<'_>) -> fmt::Result {
    let process = Process::now();
    let started = jiff::SignedDuration::from_micros(context.hub.clock().started().get());
    sheet.gauge(
        "process_start_time",
        "Start of the process since the Unix epoch",
        Some(&Unit::Seconds),
        &started.as_secs_f64(),
    )?;
    sheet.counter(
        "process_cpu",
        "Time on a core, of all threads",
        Some(&Unit::Seconds),
        &process.cpu.as_secs_f64(),
    )?;
    sheet.gauge(
        "process_resident_memory",
        "Resident memory",
        Some(&Unit::Bytes),
        &process.memory,
    )?;
    sheet.gauge(
        "process_open_fds",
        "Open file descriptors",
        None,
        &process.open_files,
    )?;
    sheet.gauge(
        "process_max_fds",
        "File descriptors that may be open",
        None,
        &process.open_files_max,
    )
}
