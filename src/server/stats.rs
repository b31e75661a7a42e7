//! `hub.stats` and `hub.process`: every so often one line per topic and one for all, from which a scraper makes rates.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::wall;
use crate::hub::{Departure, Refused, Topic};
use crate::metrics::Process;
use crate::protocol::Close;
use crate::routes::Context;

/// Tells the numbers of every topic and of the process each `every`, and once more at `stop`.
pub(super) async fn run(
    context: Arc<Context>,
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
        for topic in context.hub.topics() {
            tell(&topic);
        }
        tell_process(&context);
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

/// Totals only grow; lateness is of the interval since the last line.
fn tell(topic: &Topic) {
    let counters = &topic.counters;
    // Read once: viewers come and go while this is told, and the sums are to be those of their parts.
    let (left_totals, refused_totals) = (counters.left.snapshot(), counters.refused.snapshot());
    let left = |why| left_totals.of(Departure::Closed(why));
    let refused = |why| refused_totals.of(why);
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
        left_lost_total = left_totals.of(Departure::Lost),
        left_normal_total = left(Close::Normal),
        left_protocol_total = left(Close::Protocol),
        left_binary_total = left(Close::Binary),
        left_utf8_total = left(Close::Utf8),
        left_too_big_total = left(Close::TooBig),
        left_draining_total = left(Close::Draining),
        left_malformed_total = left(Close::Malformed),
        left_no_pong_total = left(Close::NoPong),
        left_slow_total = left(Close::Slow),
        left_too_many_total = left(Close::TooMany),
        gaps_total = counters.gaps.total(),
        refused_total = refused_totals.total(),
        refused_full_total = refused(Refused::Full),
        refused_too_many_total = refused(Refused::TooMany),
        refused_draining_total = refused(Refused::Draining),
        refused_forbidden_total = refused(Refused::Forbidden),
        refused_gone_total = refused(Refused::Gone),
        refused_bad_request_total = refused(Refused::BadRequest),
        refused_upgrade_required_total = refused(Refused::UpgradeRequired),
        lag_max_seconds = counters.lag.greatest().as_secs_f64(),
        lateness_p50_seconds = lateness.p50.as_secs_f64(),
        lateness_p99_seconds = lateness.p99.as_secs_f64(),
        lateness_max_seconds = lateness.max.as_secs_f64(),
        "topic numbers"
    );
}

fn tell_process(context: &Context) {
    let (process, clock) = (Process::now(), context.hub.clock());
    tracing::info!(
        event = "hub.process",
        uptime_seconds = clock.uptime().as_secs_f64(),
        viewers = context.seats.taken(),
        viewers_max = context.seats.max(),
        open_files = process.open_files,
        open_files_max = process.open_files_max,
        memory_bytes = process.memory,
        cpu_seconds_total = process.cpu.as_secs_f64(),
        refused_total = context.hub.refused(),
        log_dropped_total = context.losses.dropped(),
        log_suppressed_total = context.losses.suppressed(),
        timeline_minus_wall_seconds = wall::difference(clock).as_secs_f64(),
        "process numbers"
    );
}
