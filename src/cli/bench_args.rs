//! The arguments of `tickcast bench`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::FileOption;
use crate::protocol::Rate;
use crate::settings::parse_duration;

/// Arguments of `bench`.
#[derive(Debug, Args)]
#[command(
    after_help = "A delivery is one record received by one viewer. Latency is the time from the instant at which a \
    record was due to its arrival here; for bare records this needs their index in the dataset as a field. Example: \
    `tickcast bench --url ws://127.0.0.1:8000/ws --form v1 --viewers 1000`. Exit codes: 0 measured, 1 failed while running, \
    2 wrong use."
)]
pub struct BenchArgs {
    /// The server: ws://…, http://…/sse, nats://…/SUBJECT or mqtt://…/TOPIC [default: the address in the
    /// configuration]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Number of concurrent viewers; one more connection reads a hub's schedule and clock. To 127.0.0.1, each thousand
    /// connects from another address (Linux)
    #[arg(long, value_name = "COUNT", default_value = "100")]
    pub viewers: NonZeroUsize,
    /// Protocol of the viewers [default: sse for http://…/sse, else bare]
    #[arg(long, value_name = "FORM")]
    pub form: Option<FormArg>,
    /// Viewers that join per second, at most
    #[arg(long, value_name = "PER_SECOND", default_value = "1000")]
    pub arrival: NonZeroU32,
    /// Time between the last join and the measurement
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = parse_duration)]
    pub warmup: Duration,
    /// How long to measure
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    pub duration: Duration,
    /// Process id of the server, to measure its CPU time and memory (Linux)
    #[arg(long, value_name = "PID", conflicts_with = "floor")]
    pub pid: Option<u32>,
    /// Print the report as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Field of a bare record that holds its index in the dataset; a record may also be just that number
    #[arg(long, value_name = "NAME", default_value = "i")]
    pub index_field: String,
    /// Field that holds the instant at which a record was due, in Unix microseconds, for servers other than a hub; the
    /// index then has to increase without wrapping around
    #[arg(long, value_name = "NAME")]
    pub stamp_field: Option<String>,
    /// Pin this program to one core, counted from 0 (Linux)
    #[arg(long, value_name = "CORE")]
    pub client_cpu: Option<usize>,
    /// Poll the sockets at this interval instead of being woken by each record. On one machine, wakeups count as CPU
    /// time of the server, which remote viewers do not cost it; latencies are up to one interval longer
    #[arg(long, value_name = "DURATION", default_value = "0ms", value_parser = parse_duration)]
    pub rest: Duration,
    /// Measure the floor instead: a minimal loop that sends the same frames, in a separate process
    #[arg(long, conflicts_with_all = ["url", "form", "stamp_field"])]
    pub floor: bool,
    /// Records per second of the floor
    #[arg(
        long,
        value_name = "PER_SECOND",
        default_value = "100",
        requires = "floor"
    )]
    pub rate: Rate,
    /// Records of the floor, a dataset [default: each record holds its index, {"i":0}]
    #[arg(long, value_name = "FILE", requires = "floor")]
    pub dataset: Option<PathBuf>,
    /// Pin the floor to one core, counted from 0 (Linux)
    #[arg(long, value_name = "CORE", requires = "floor")]
    pub server_cpu: Option<usize>,
    /// The configuration of the hub.
    #[command(flatten)]
    pub file: FileOption,
    /// Run as the floor's process
    #[arg(long, hide = true, requires = "floor")]
    pub floor_server: bool,
}

/// The protocol of the viewers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormArg {
    /// WebSocket, one record per message
    Bare,
    /// WebSocket with the subprotocol tickcast.v1
    V1,
    /// Server-Sent Events
    Sse,
}
