//! Builds the [`Report`] from a finished run: converts units, computes ratios, and explains in notes what is unknown.

use std::time::Duration;

use super::BenchOptions;
use super::bench_run::{BenchRun, Measurement};
use super::control_connection::ControlConnection;
use super::machine::Machine;
use super::process_monitor::ProcessMonitor;
use super::report::{
    BuildInfo, ClientUsage, HeldBackReport, HubClock, LatencyQuantiles, LossReport,
    LostConnections, Report, ServerUsage, SpreadQuantiles,
};

/// The fraction of a core, used or waited for, above which the bench itself is the bottleneck.
const SATURATED: f64 = 0.9;

/// What was recorded before the measurement started.
#[derive(Debug)]
pub(super) struct StartConditions {
    pub(super) machine: Machine,
    /// The server's resident memory before the first viewer joined, in KiB.
    pub(super) memory_kib: Option<u64>,
    /// Time from the first connection to the last viewer's join.
    pub(super) join_time: Duration,
}

/// Builds the report of `run`, whose measurement is `window`.
pub(super) fn build_report(
    options: &BenchOptions,
    run: &BenchRun<'_>,
    window: &Measurement,
    before: StartConditions,
) -> Report {
    let (pool, counts) = (&run.pool, run.pool.stats.counts);
    let seconds = window.length as f64 / 1e6;
    let deliveries = counts.deliveries as f64;
    let client = ClientUsage {
        cpu_cores: window.client.map(|usage| cores(usage.cpu, seconds)),
        waiting_cores: window.client.map(|usage| cores(usage.waiting, seconds)),
    };
    let demand = client.cpu_cores.zip(client.waiting_cores);
    let is_saturated = demand.is_some_and(|(used, waited)| used + waited > SATURATED);
    // Without any records, "no loss" and "no latency" would be misleading.
    let has_seqs = counts.unnumbered == 0 && counts.deliveries > 0;
    let is_timed = counts.untimed == 0 && counts.deliveries > 0;
    let loss = pool.stats.loss;
    let connected = pool.connected.max(1);
    Report {
        tickcast: BuildInfo {
            version: env!("CARGO_PKG_VERSION"),
            commit: env!("TICKCAST_COMMIT"),
        },
        url: options.target.url.clone(),
        form: options.target.protocol.name(),
        viewers: pool.joined,
        join_seconds: before.join_time.as_secs_f64(),
        caught_up_seconds: (pool.stats.caught_up == pool.joined)
            .then(|| (pool.stats.caught_up_at - run.join_started_at) as f64 / 1e6),
        duration_seconds: seconds,
        rate_observed: deliveries / seconds / connected as f64,
        deliveries: counts.deliveries,
        deliveries_per_second: deliveries / seconds,
        messages: counts.messages,
        bytes: counts.bytes,
        latency_seconds: is_timed.then(|| LatencyQuantiles::of(&pool.stats.latency, counts.early)),
        spread_seconds: SpreadQuantiles::of(pool.stats.spread.times()),
        loss: has_seqs.then_some(LossReport {
            holes: loss.holes,
            repeats: loss.repeats,
            reorderings: loss.reorderings,
            told: loss.announced,
        }),
        held_back: has_seqs.then_some(HeldBackReport {
            records: window.held_back.records,
            viewers: window.held_back.viewers,
            worst: window.held_back.worst,
        }),
        lost_connections: LostConnections {
            count: pool.lost.values().sum(),
            reasons: pool.lost.clone(),
        },
        clock: run.control.as_ref().and_then(clock),
        server: server(run, window, seconds, before.memory_kib),
        client,
        client_saturated: is_saturated,
        floor: None,
        machine: before.machine,
        notes: notes(options, run, is_saturated),
    }
}

fn clock(control: &ControlConnection) -> Option<HubClock> {
    let estimate = control.estimate()?;
    Some(HubClock {
        offset_seconds: estimate.offset as f64 / 1e6,
        error_seconds: estimate.round_trip as f64 / 2e6,
    })
}

fn server(
    run: &BenchRun<'_>,
    window: &Measurement,
    seconds: f64,
    memory_before: Option<u64>,
) -> Option<ServerUsage> {
    let (process, usage) = (run.server.as_ref()?, window.server?);
    let deliveries = run.pool.stats.counts.deliveries;
    let memory = process.resident_kib();
    let added = memory
        .zip(memory_before)
        .map(|(with, before)| with as f64 - before as f64);
    Some(ServerUsage {
        pid: ProcessMonitor::pid(process),
        cpu_seconds: usage.cpu as f64 / 1e9,
        cpu_cores: cores(usage.cpu, seconds),
        waiting_cores: cores(usage.waiting, seconds),
        cpu_us_per_delivery: (deliveries > 0).then(|| usage.cpu as f64 / 1e3 / deliveries as f64),
        memory_before_kib: memory_before,
        memory_with_viewers_kib: memory,
        memory_kib_per_viewer: added.map(|added| added / run.pool.connected.max(1) as f64),
    })
}

fn cores(nanos: u64, seconds: f64) -> f64 {
    nanos as f64 / 1e9 / seconds
}

/// Notes that qualify the numbers, such as why one is missing.
fn notes(options: &BenchOptions, run: &BenchRun<'_>, is_saturated: bool) -> Vec<String> {
    let counts = &run.pool.stats.counts;
    let (index, unnumbered, untimed) = (&options.index_field, counts.unnumbered, counts.untimed);
    let control = run.control.as_ref();
    let failure = control.and_then(ControlConnection::failure);
    let has_no_schedule =
        control.is_some() && failure.is_none() && run.pool.reader.schedule.is_none();
    let notes = [
        is_saturated.then(|| {
            "the client is saturated and may limit latency and rate; use fewer viewers, or give it a dedicated core \
             (`--client-cpu`)"
                .to_owned()
        }),
        (counts.deliveries == 0)
            .then(|| "no record arrived during the measurement; make it longer".to_owned()),
        failure.map(|why| {
            format!("the hub's clock and schedule are not known ({why}); `--stamp-field` works without them")
        }),
        has_no_schedule.then(|| "the schedule of the topic does not follow from a rate alone".to_owned()),
        (unnumbered > 0).then(|| {
            format!(
                "loss, spread and held-back records are not known: {unnumbered} records have no usable field `{index}` \
                 (`--index-field`); a bare record must contain its index in the dataset"
            )
        }),
        (untimed > 0).then(|| {
            format!("latency is not known: the due time of {untimed} records could not be determined")
        }),
    ];
    notes.into_iter().flatten().collect()
}
