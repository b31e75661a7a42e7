//! From counters to a [`Report`]: units, quotients, and why something is not known.

use std::time::Duration;

use super::Plan;
use super::control::Control;
use super::machine::Machine;
use super::process::Process;
use super::report::{Build, Client, Held, HubClock, Latency, Loss, Lost, Report, Server, Spread};
use super::run::{Run, Window};

/// The part of a core beyond which the instrument itself is what is measured, whether it had the core or waited for it.
const SATURATED: f64 = 0.9;

/// What was known when the measurement began.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) machine: Machine,
    /// The server's resident memory before the first viewer, in KiB.
    pub(super) memory_kib: Option<u64>,
    /// From the first connection to the last viewer's joining.
    pub(super) join_time: Duration,
}

/// The report of a run whose measurement is `window`.
pub(super) fn report(plan: &Plan, run: &Run<'_>, window: &Window, before: Before) -> Report {
    let (crowd, counts) = (&run.crowd, run.crowd.tally.counts);
    let seconds = window.length as f64 / 1e6;
    let deliveries = counts.deliveries as f64;
    let client = Client {
        cpu_cores: window.client.map(|usage| cores(usage.cpu, seconds)),
        waiting_cores: window.client.map(|usage| cores(usage.waiting, seconds)),
    };
    let wanted = client.cpu_cores.zip(client.waiting_cores);
    let is_saturated = wanted.is_some_and(|(used, waited)| used + waited > SATURATED);
    // Of no records there is nothing good to be said.
    let is_placed = counts.unnumbered == 0 && counts.deliveries > 0;
    let is_timed = counts.untimed == 0 && counts.deliveries > 0;
    let loss = crowd.tally.loss;
    let present = crowd.present.max(1);
    Report {
        tickcast: Build {
            version: env!("CARGO_PKG_VERSION"),
            commit: env!("TICKCAST_COMMIT"),
        },
        url: plan.target.url.clone(),
        form: plan.target.dialect.name(),
        viewers: crowd.joined,
        join_seconds: before.join_time.as_secs_f64(),
        caught_up_seconds: (crowd.tally.caught_up == crowd.joined)
            .then(|| (crowd.tally.caught_up_at - run.join_began) as f64 / 1e6),
        duration_seconds: seconds,
        rate_observed: deliveries / seconds / present as f64,
        deliveries: counts.deliveries,
        deliveries_per_second: deliveries / seconds,
        messages: counts.messages,
        bytes: counts.bytes,
        latency_seconds: is_timed.then(|| Latency::of(&crowd.tally.latency, counts.early)),
        spread_seconds: Spread::of(crowd.tally.spread.times()),
        loss: is_placed.then_some(Loss {
            holes: loss.holes,
            repeats: loss.repeats,
            reorderings: loss.reorderings,
            told: loss.told,
        }),
        held_back: is_placed.then_some(Held {
            records: window.held_back.records,
            viewers: window.held_back.viewers,
            worst: window.held_back.worst,
        }),
        lost_connections: Lost {
            count: crowd.lost.values().sum(),
            reasons: crowd.lost.clone(),
        },
        clock: run.control.as_ref().and_then(clock),
        server: server(run, window, seconds, before.memory_kib),
        client,
        client_saturated: is_saturated,
        floor: None,
        machine: before.machine,
        notes: notes(plan, run, is_saturated),
    }
}

fn clock(control: &Control) -> Option<HubClock> {
    let estimate = control.estimate()?;
    Some(HubClock {
        offset_seconds: estimate.offset as f64 / 1e6,
        error_seconds: estimate.round_trip as f64 / 2e6,
    })
}

fn server(
    run: &Run<'_>,
    window: &Window,
    seconds: f64,
    memory_before: Option<u64>,
) -> Option<Server> {
    let (process, usage) = (run.server.as_ref()?, window.server?);
    let deliveries = run.crowd.tally.counts.deliveries;
    let memory = process.resident_kib();
    let added = memory
        .zip(memory_before)
        .map(|(with, before)| with as f64 - before as f64);
    Some(Server {
        pid: Process::pid(process),
        cpu_seconds: usage.cpu as f64 / 1e9,
        cpu_cores: cores(usage.cpu, seconds),
        waiting_cores: cores(usage.waiting, seconds),
        cpu_us_per_delivery: (deliveries > 0).then(|| usage.cpu as f64 / 1e3 / deliveries as f64),
        memory_before_kib: memory_before,
        memory_with_viewers_kib: memory,
        memory_kib_per_viewer: added.map(|added| added / run.crowd.present.max(1) as f64),
    })
}

fn cores(nanos: u64, seconds: f64) -> f64 {
    nanos as f64 / 1e9 / seconds
}

/// What the reader of the numbers should know.
fn notes(plan: &Plan, run: &Run<'_>, is_saturated: bool) -> Vec<String> {
    let counts = &run.crowd.tally.counts;
    let (index, unnumbered, untimed) = (&plan.index_field, counts.unnumbered, counts.untimed);
    let control = run.control.as_ref();
    let why_not = control.and_then(Control::why_not);
    let has_no_schedule =
        control.is_some() && why_not.is_none() && run.crowd.reader.schedule.is_none();
    let told = [
        is_saturated.then(|| {
            "the client is saturated: latency and rate may be its own; use fewer viewers, or give it a core of its \
             own (`--client-cpu`)"
                .to_owned()
        }),
        (counts.deliveries == 0)
            .then(|| "no record came within the measurement; make it longer".to_owned()),
        why_not.map(|why| {
            format!("the hub's clock and schedule are not known ({why}); `--stamp-field` does without")
        }),
        has_no_schedule.then(|| "the topic is live and has no schedule".to_owned()),
        (unnumbered > 0).then(|| {
            format!(
                "loss, spread and what was held back are not known: {unnumbered} records could not be numbered by \
                 `{index}` (`--index-field`); a bare record must hold its index in the dataset"
            )
        }),
        (untimed > 0).then(|| {
            format!("latency is not known: nothing says when {untimed} of the records were due")
        }),
    ];
    told.into_iter().flatten().collect()
}
