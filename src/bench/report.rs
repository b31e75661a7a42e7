//! [`Report`]: the result of a measurement, serialised as one JSON object with stable field names.
//!
//! Times are in seconds; the names of other fields contain their unit. Values that were not measured are null, and `notes` explain why.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::machine::Machine;

/// The result of one run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The build of the bench.
    pub tickcast: BuildInfo,
    /// The URL of the server.
    pub url: String,
    /// `bare`, `v1`, `sse`, `nats` or `mqtt`.
    pub form: &'static str,
    /// Viewers that joined.
    pub viewers: usize,
    /// Time from the first connection to the last viewer's join.
    pub join_seconds: f64,
    /// Time from the first connection until every viewer had received everything that was due when it joined. Null if
    /// messages do not contain `seq`, or if a viewer has not caught up.
    pub caught_up_seconds: Option<f64>,
    /// Length of the measurement.
    pub duration_seconds: f64,
    /// Records per second and viewer.
    pub rate_observed: f64,
    /// Records that arrived, counted per viewer.
    pub deliveries: u64,
    /// Deliveries per second.
    pub deliveries_per_second: f64,
    /// Messages with records that arrived.
    pub messages: u64,
    /// Bytes that arrived, without TCP and IP headers.
    pub bytes: u64,
    /// Time between a record's due time and its arrival.
    pub latency_seconds: Option<LatencyQuantiles>,
    /// Time between a record's arrival at the first and at the last viewer.
    pub spread_seconds: Option<SpreadQuantiles>,
    /// Records lost, repeated or reordered, counted from each viewer's first record on.
    pub loss: Option<LossReport>,
    /// Records that were more than a second overdue at the end.
    pub held_back: Option<HeldBackReport>,
    /// Connections that ended after the viewer had joined.
    pub lost_connections: LostConnections,
    /// The estimate of the hub's clock.
    pub clock: Option<HubClock>,
    /// Resources used by the server's process.
    pub server: Option<ServerUsage>,
    /// Resources used by the bench itself.
    pub client: ClientUsage,
    /// Whether the bench used or waited for a core more than 90 % of the time, so that it may have limited latency and
    /// rate.
    pub client_saturated: bool,
    /// The floor's counts, in a run with `--floor`.
    pub floor: Option<FloorCounts>,
    /// The machine it was measured on.
    pub machine: Machine,
    /// Notes that qualify the numbers.
    pub notes: Vec<String>,
}

/// A build of tickcast.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct BuildInfo {
    /// Its version.
    pub version: &'static str,
    /// The commit it was built from.
    pub commit: &'static str,
}

/// Quantiles of the delivery latency, in seconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LatencyQuantiles {
    /// The median.
    pub p50: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The 99.9th percentile.
    pub p999: f64,
    /// The maximum.
    pub max: f64,
    /// Records that seem to have arrived before they were due; their latency counts as zero.
    pub early_records: u64,
}

/// Quantiles of the spread, in seconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SpreadQuantiles {
    /// The median.
    pub p50: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The maximum.
    pub max: f64,
    /// Records that reached every viewer during the measurement.
    pub records: u64,
}

/// Records lost, repeated or reordered, over all viewers.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LossReport {
    /// Missing records that no `gap` announced.
    pub holes: u64,
    /// Records that arrived twice in a row.
    pub repeats: u64,
    /// Records that arrived after a later one.
    pub reorderings: u64,
    /// Missing records that a `gap` announced.
    pub told: u64,
}

/// Records that were overdue at the end.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct HeldBackReport {
    /// Records, over all viewers.
    pub records: u64,
    /// Viewers that are behind.
    pub viewers: usize,
    /// Records overdue at the viewer that is furthest behind.
    pub worst: u64,
}

/// Connections that ended early.
#[derive(Debug, Clone, Serialize)]
pub struct LostConnections {
    /// Number of connections.
    pub count: usize,
    /// Number of connections by reason.
    pub reasons: BTreeMap<String, usize>,
}

/// The estimate of the hub's clock.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct HubClock {
    /// The hub's clock minus ours.
    pub offset_seconds: f64,
    /// The maximum error of the offset: half of the shortest round trip.
    pub error_seconds: f64,
}

/// Resources used by the server's process.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ServerUsage {
    /// The process id.
    pub pid: u32,
    /// CPU time during the measurement.
    pub cpu_seconds: f64,
    /// CPU time as a fraction of one core.
    pub cpu_cores: f64,
    /// Time its threads were runnable without a core, as a fraction of one core.
    pub waiting_cores: f64,
    /// CPU time per delivery in microseconds; null without deliveries.
    pub cpu_us_per_delivery: Option<f64>,
    /// Resident memory before the first viewer joined, in KiB.
    pub memory_before_kib: Option<u64>,
    /// Resident memory with all viewers at the end of the measurement, in KiB.
    pub memory_with_viewers_kib: Option<u64>,
    /// Resident memory per viewer in KiB, without kernel buffers.
    pub memory_kib_per_viewer: Option<f64>,
}

/// Resources used by the bench.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ClientUsage {
    /// CPU time during the measurement as a fraction of one core; null if unknown.
    pub cpu_cores: Option<f64>,
    /// Time it was runnable without a core, as a fraction of one core; null if unknown.
    pub waiting_cores: Option<f64>,
}

/// The floor's counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FloorCounts {
    /// Records that were not sent because a viewer's socket was full.
    pub dropped: u64,
    /// Viewers that were closed after a partial write.
    pub closed: u64,
}

impl LatencyQuantiles {
    pub(super) fn of(micros: &Histogram<u64>, early_records: u64) -> Self {
        let at = |quantile| seconds(micros.value_at_quantile(quantile));
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: seconds(micros.max()),
            early_records,
        }
    }
}

impl SpreadQuantiles {
    pub(super) fn of(micros: &Histogram<u64>) -> Option<Self> {
        (!micros.is_empty()).then(|| Self {
            p50: seconds(micros.value_at_quantile(0.5)),
            p99: seconds(micros.value_at_quantile(0.99)),
            max: seconds(micros.max()),
            records: micros.len(),
        })
    }
}

impl Report {
    /// The report as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        crate::protocol::message::to_json(self)
    }
}

fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}
