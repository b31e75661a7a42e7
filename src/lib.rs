//! A broadcast hub for one job: **many browsers, one synchronized stream**.
//!
//! ```text
//! settings ──┐
//! dataset ─► source ─► producer ─► hub ─► lanes ─► sockets ─► browsers
//!                         ▲         │                 ▲
//!                       clock       │          routes: upgrade, API, page
//!                                   └─ topic = timeline + channel
//! ```
//!
//! # The idea
//!
//! A timeline is a pure function: a dataset, a start and a rate determine which record is due when. So all viewers
//! show the same record at the same instant, history is computed instead of stored, and a record is encoded once for
//! all viewers.
//!
//! # Modules, in reading order
//!
//! 1. [`protocol`]: the terms of the wire as types, and their encodings.
//! 2. [`clock`], [`metrics`]: the only source of time; counters and quantiles.
//! 3. [`settings`], [`telemetry`]: the configuration; the log.
//! 4. [`source`], [`timeline`], [`hub`]: datasets; when each record is due; topics, and the channel from the producer
//!    to the lanes.
//! 5. [`journal`], [`playback`]: checkpoints of the topics that survive a restart; changes of timelines, each journalled
//!    before it takes effect.
//! 6. [`producer`], [`fanout`]: publish records when they are due; send them to viewers. Neither knows the other.
//! 7. [`systemd`], [`app`], [`routes`], [`server`]: notifications to systemd; the state of one hub; the HTTP routes;
//!    everything put together.
//! 8. [`bench`](mod@bench): the load generator, a client like any other.
//! 9. [`cli`], [`command`]: the command line; its commands.
//!
//! A module imports only from earlier ones; a test enforces that.
//!
//! # Promises
//!
//! - Every viewer of a topic receives the same publications in the same order, each with its scheduled instant.
//! - A viewer of messages that misses publications receives a `gap` with the missing range, or without one if its
//!   position is of another epoch or in the future; a bare viewer is closed.
//! - A viewer that does not read does not slow down the others, and costs the hub a bounded amount of memory.
//! - A hub that is killed and restarted continues in the same epoch, at the position that the clock determines.
//! - Bad input is rejected with an error that names its place and the remedy, and changes nothing.
//! - A drain sends every viewer of messages a `bye`, keeps streaming until it leaves, and ends within the grace period.
//! - A rate change takes effect only once it is in the journal.
//!
//! # Embedding a hub
//!
//! Another Rust program runs a hub in its own tokio runtime like this (`examples/embed.rs`):
//!
//! ```
#![doc = include_str!("../examples/embed.rs")]
//! ```
//!
//! The hub logs with `tracing`, so the program chooses where the log goes. Everything that the configuration can say is
//! in `config/tickcast.toml`.
//!
//! # Deliberately absent
//!
//! TLS (the bytes would differ for each viewer; use a proxy in front), HTTP/2 on the hub's own port, and publishing by
//! viewers.

pub mod app;
pub mod bench;
pub mod cli;
pub mod clock;
pub mod command;
pub mod fanout;
pub mod hub;
pub mod journal;
pub mod metrics;
pub mod playback;
pub mod producer;
pub mod protocol;
pub mod routes;
pub mod server;
pub mod settings;
pub mod source;
pub mod systemd;
pub mod telemetry;
pub mod timeline;
