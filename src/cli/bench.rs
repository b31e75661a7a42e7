//! What can be typed after `tickcast bench`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::protocol::Rate;
use crate::settings::parse_duration;

/// What to measure, and how.
#[derive(Debug, Args)]
#[command(
    after_help = "A delivery is one record at one viewer. Latency runs from the instant at which a record was \
    due to its arrival here; bare records must hold their index in the dataset for that. Exit codes: 0 measured, \
    1 failed while running, 2 wrong use."
)]
pub struct Bench {
    /// The server: ws://…, http://…/sse, nats://…/SUBJECT or mqtt://…/TOPIC [default: the address in the
    /// configuration]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Viewers at once; one connection more asks a hub for its schedule and clock. To 127.0.0.1 each thousand connects
    /// from another address (Linux)
    #[arg(long, value_name = "COUNT", default_value = "100")]
    pub viewers: NonZeroUsize,
    /// What viewers speak [default: sse for http://…/sse, else bare]
    #[arg(long, value_name = "FORM")]
    pub form: Option<Form>,
    /// Viewers that join in a second, at most
    #[arg(long, value_name = "PER_SECOND", default_value = "1000")]
    pub arrival: NonZeroU32,
    /// From the last viewer's joining to the measurement
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = parse_duration)]
    pub warmup: Duration,
    /// How long to measure
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    pub duration: Duration,
    /// The server's process, to measure its CPU time and memory (Linux)
    #[arg(long, value_name = "PID", conflicts_with = "floor")]
    pub pid: Option<u32>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Field of a bare record with its index in the dataset; a record may also be that number
    #[arg(long, value_name = "NAME", default_value = "i")]
    pub index_field: String,
    /// Field with the instant at which a record was due, in Unix microseconds, for servers that are no hub; then the
    /// index counts on without end
    #[arg(long, value_name = "NAME")]
    pub stamp_field: Option<String>,
    /// Keep this program on one core, counted from 0 (Linux)
    #[arg(long, value_name = "CORE")]
    pub client_cpu: Option<usize>,
    /// Rest so long between looks at the sockets instead of being woken by each record. On one machine the waking is
    /// the server's CPU time, which a viewer elsewhere does not cost it; latencies are up to so much longer
    #[arg(long, value_name = "DURATION", default_value = "0ms", value_parser = parse_duration)]
    pub rest: Duration,
    /// Measure the yardstick: a bare loop that sends the same frames, in a process of its own
    #[arg(long, conflicts_with_all = ["url", "form", "stamp_field"])]
    pub floor: bool,
    /// Records per second of the yardstick
    #[arg(
        long,
        value_name = "PER_SECOND",
        default_value = "100",
        requires = "floor"
    )]
    pub rate: Rate,
    /// Records of the yardstick, a JSON array [default: each record is its index, {"i":0}]
    #[arg(long, value_name = "FILE", requires = "floor")]
    pub dataset: Option<PathBuf>,
    /// Keep the yardstick on one core, counted from 0 (Linux)
    #[arg(long, value_name = "CORE", requires = "floor")]
    pub server_cpu: Option<usize>,
    /// Be the yardstick's own process
    #[arg(long, hide = true, requires = "floor")]
    pub floor_server: bool,
}

/// What viewers speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// WebSocket, a message is a record
    Bare,
    /// WebSocket with the subprotocol tickcast.v1
    V1,
    /// Server-Sent Events
    Sse,
}
