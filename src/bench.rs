//! The load generator behind `tickcast bench`: many viewers in one thread, and a report of what they received.
//!
//! It is purely a client and shares with the hub only the encoding of frames and messages, not their delivery. It learns a hub's schedule and clock over one
//! additional v1 connection, as any viewer could.
//!
//! # What the numbers mean
//!
//! - **Delivery**: one record received by one viewer.
//! - **Arrival**: the instant at which the bench has read a record. It includes the time that the record waited for the
//!   bench itself, so the report warns if the bench was saturated.
//! - **Latency**: arrival − `t`. `t` comes from the message, or for bare records from their index and the hub's
//!   schedule; both are on the hub's clock, which pings estimate. For other servers, `t` comes from a field of the
//!   record (`--stamp-field`) and is compared with the wall clock.
//! - **Spread**: the time between the arrivals of one record at the first and at the last viewer. Only records that
//!   reached every viewer count.
//! - **Loss**: holes, repeats and reorderings from each viewer's first record to the end. All are zero if nothing is
//!   lost. Records that the hub announced as missing (`gap`) are counted separately.
//! - **Held back**: records that were at least a second overdue by the hub's schedule when the measurement ended.
//!   Without a schedule, the newest record that any viewer had a second before the end counts as due.

mod bench_error;
mod bench_options;
mod bench_run;
mod bench_target;
mod client_connection;
mod clock_probes;
mod control_connection;
mod delivery_stats;
mod floor;
mod hub_message;
mod hub_schedule;
mod json_scan;
mod machine;
mod process_monitor;
mod progress_line;
mod record_reader;
mod report;
mod report_builder;
mod report_table;
mod sequence_tracker;
mod source_address;
mod spread_tracker;
mod viewer_pool;
mod wire_protocol;

pub use bench_error::BenchError;
pub use bench_options::BenchOptions;
pub use bench_target::{BenchTarget, HubProtocol, TargetError};
pub use floor::{Floor, FloorOptions, serve as serve_floor};
pub use machine::Machine;
pub use report::{
    BuildInfo, ClientUsage, FloorCounts, HeldBackReport, HubClock, LatencyQuantiles, LossReport,
    LostConnections, Report, ServerUsage, SpreadQuantiles,
};

use bench_run::BenchRun;
use process_monitor::ProcessMonitor;
use report_builder::StartConditions;

/// Runs one measurement: viewers join, warm up, are measured and disconnect.
///
/// # Errors
/// Fails if viewers cannot join, or if all of them are disconnected.
pub fn measure(options: &BenchOptions) -> Result<Report, BenchError> {
    let room = machine::raise_fd_limit().min(machine::local_port_count().unwrap_or(usize::MAX));
    let viewers = options.viewers;
    if viewers > room {
        return Err(BenchError::TooManyViewers { viewers, room });
    }
    // Detected before pinning, after which the process would see only one core.
    let machine = Machine::detect();
    if let Some(cpu) = options.cpu {
        machine::pin_to_core(cpu).map_err(|error| BenchError::Pin(cpu, error))?;
    }
    let watch = |pid| ProcessMonitor::open(pid).ok_or(BenchError::NoProcess(pid));
    let server = options.pid.map(watch).transpose()?;
    let memory_kib = server.as_ref().and_then(ProcessMonitor::resident_kib);
    let mut run = BenchRun::new(options, server)?;
    run.query_hub()?;
    let join_time = run.join()?;
    run.warm_up()?;
    let window = run.measure()?;
    let before = StartConditions {
        machine,
        memory_kib,
        join_time,
    };
    let report = report_builder::build_report(options, &run, &window, before);
    run.disconnect();
    Ok(report)
}
