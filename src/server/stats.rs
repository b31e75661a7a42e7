//! `hub.stats`: every so often one line per topic, from which a scraper makes rates.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tracing_appender::non_blocking::ErrorCounter;

use super::wall;
use crate::hub::Topic;
use crate::routes::Context;

/// Tells the numbers of every topic each `every`, and once more at `stop`.
pub(super) async fn run(
    context: Arc<Context>,
    every: Duration,
    stop: CancellationToken,
    dropped: ErrorCounter,
) {
    let mut ticks = tokio::time::interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_last = tokio::select! {
            () = stop.cancelled() => true,
            _ = ticks.tick() => false,
        };
        let ahead = wall::difference(context.hub.clock());
        for topic in context.hub.topics() {
            tell(&topic, ahead, dropped.dropped_lines());
        }
        if is_last {
            return;
        }
    }
}

/// Totals only grow; lateness is of the interval since the last line.
fn tell(topic: &Topic, ahead_of_wall: SignedDuration, log_dropped: usize) {
    let counters = &topic.counters;
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
        left_total = counters.left.total(),
        gaps_total = counters.gaps.total(),
        lateness_p50_seconds = lateness.p50.as_secs_f64(),
        lateness_p99_seconds = lateness.p99.as_secs_f64(),
        lateness_max_seconds = lateness.max.as_secs_f64(),
        timeline_minus_wall_seconds = ahead_of_wall.as_secs_f64(),
        log_dropped_total = log_dropped,
        "topic numbers"
    );
}
