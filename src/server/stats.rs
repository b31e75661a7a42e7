//! The periodic log events `hub.stats`, one line per topic, and `hub.process`.
//!
//! Counters only grow, so that a scraper can compute rates even if it misses lines.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::clock_drift;
use crate::app::AppState;
use crate::hub::{DisconnectReason, RejectReason, Topic};
use crate::metrics::ProcessUsage;
use crate::protocol::CloseReason;

/// Logs the statistics of every topic and of the process once per `every`, and once more at `stop`.
pub(super) async fn run(
    state: Arc<AppState>,
    mut every: watch::Receiver<Duration>,
    stop: CancellationToken,
) {
    let mut ticks = ticks(*every.borrow_and_update());
    loop {
        let is_last = tokio::select! {
            () = stop.cancelled() => true,
            _ = ticks.tick() => false,
            Ok(()) = every.changed() => {
                ticks = self::ticks(*every.borrow_and_update());
                continue;
            }
        };
        for topic in state.hub.topics() {
            log_topic(&topic);
        }
        log_process(&state);
        if is_last {
            return;
        }
    }
}

fn ticks(every: Duration) -> Interval {
    let mut ticks = tokio::time::interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Logs a topic's counters; the lateness is that since the last line.
fn log_topic(topic: &Topic) {
    let counters = &topic.metrics;
    // Each snapshot is taken once: viewers come and go, and the total has to be the sum of its parts.
    let (left_totals, refused_totals) = (counters.left.snapshot(), counters.rejected.snapshot());
    let left = |why| left_totals.get(DisconnectReason::Closed(why));
    let refused = |why| refused_totals.get(why);
    let lateness = counters.lateness.take();
    tracing::info!(
        event = "hub.stats",
        topic = topic.name().as_str(),
        epoch = topic.epoch().as_str(),
        seq = topic.published().get(),
        viewers = topic.viewers(),
        published_total = counters.published.total(),
        delivered_total = counters.delivered.total(),
        delivered_bytes_total = counters.bytes.total(),
        joined_total = counters.joined.total(),
        recovered_total = counters.recovered.total(),
        left_total = left_totals.total(),
        left_lost_total = left_totals.get(DisconnectReason::Lost),
        left_normal_total = left(CloseReason::Normal),
        left_protocol_total = left(CloseReason::Protocol),
        left_binary_total = left(CloseReason::Binary),
        left_utf8_total = left(CloseReason::Utf8),
        left_too_big_total = left(CloseReason::TooBig),
        left_draining_total = left(CloseReason::Draining),
        left_malformed_total = left(CloseReason::Malformed),
        left_no_pong_total = left(CloseReason::NoPong),
        left_slow_total = left(CloseReason::Slow),
        left_too_many_total = left(CloseReason::TooManyMessages),
        left_stopped_total = left(CloseReason::Stopped),
        left_switched_total = left(CloseReason::Switched),
        gaps_total = counters.gaps.total(),
        refused_total = refused_totals.total(),
        refused_full_total = refused(RejectReason::Full),
        refused_too_many_total = refused(RejectReason::TooManyFromAddress),
        refused_draining_total = refused(RejectReason::Draining),
        refused_forbidden_total = refused(RejectReason::Forbidden),
        refused_gone_total = refused(RejectReason::Gone),
        refused_bad_request_total = refused(RejectReason::BadRequest),
        refused_upgrade_required_total = refused(RejectReason::UpgradeRequired),
        refused_stopped_total = refused(RejectReason::Stopped),
        lag_max_seconds = counters.lag.max().as_secs_f64(),
        lateness_p50_seconds = lateness.p50.as_secs_f64(),
        lateness_p99_seconds = lateness.p99.as_secs_f64(),
        lateness_max_seconds = lateness.max.as_secs_f64(),
        "topic statistics"
    );
}

fn log_process(state: &AppState) {
    let (process, clock) = (ProcessUsage::sample(), state.hub.clock());
    tracing::info!(
        event = "hub.process",
        uptime_seconds = clock.uptime().as_secs_f64(),
        viewers = state.viewer_limits.in_use(),
        viewers_max = state.viewer_limits.max(),
        open_files = process.open_files,
        open_files_max = process.open_files_max,
        memory_bytes = process.memory,
        cpu_seconds_total = process.cpu.as_secs_f64(),
        refused_total = state.hub.rejected(),
        log_dropped_total = state.log_drops.dropped(),
        log_suppressed_total = state.log_drops.suppressed(),
        timeline_minus_wall_seconds = clock_drift::drift(clock).as_secs_f64(),
        "process statistics"
    );
}
