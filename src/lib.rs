//! A broadcast hub for one job: **many browsers, one synchronized stream**.
//!
//! ```text
//! settings ──┐
//! dataset ─► source ─► producer ─► HUB ─► lanes ─► sockets ─► browsers
//!                         clock     (topic = timeline + channel)   ▲
//!                                                     ▲      routes: upgrade, API, page
//! ```
//!
//! # The idea
//!
//! A timeline is a pure function: a dataset, an anchor and a rate determine which record is due when. So every
//! viewer is shown the same record for the same instant, nothing has to be remembered to be replayed, and a
//! record is encoded once, whoever receives it.
//!
//! # Modules, in reading order
//!
//! 1. [`protocol`]: the words of the wire as types, and their bytes.
//! 2. [`clock`], [`metrics`]: the only reader of time; counters and quantiles.
//! 3. [`settings`], [`telemetry`]: what is configured; what is told.
//! 4. [`source`], [`hub`]: where records come from; topics, timelines and the channel between writer and readers.
//! 5. [`producer`], [`fanout`]: who publishes, and who sends to viewers; neither knows the other.
//! 6. [`journal`]: what is remembered of the topics beyond the process.
//! 7. [`supervisor`]: what the service manager is told. [`routes`], [`server`]: every path; everything put together.
//! 8. [`bench`](mod@bench): the load instrument, a client like any other.
//! 9. [`cli`], [`command`]: what can be typed, and what it does.
//!
//! Imports run from the later to the earlier only; a test holds it.
//!
//! # Promises
//!
//! - Every viewer of a topic gets the same publications in the same order, each with its scheduled instant.
//! - What a viewer should have been sent and was not, it is told.
//! - A viewer that does not read costs the others nothing and the hub a bounded amount.
//! - A hub that is killed and started again goes on in the same epoch, where the clock says.
//! - Bad input gets an error that names its place and the remedy, and changes nothing.
//! - Draining sends every viewer a `bye`, keeps its stream until it leaves, and ends within the grace period.
//! - A change of a rate takes effect only once it is in the journal.
//!
//! # Deliberately absent
//!
//! TLS (bytes would differ per viewer; a proxy in front speaks it), HTTP/2 on the hub's own port, and
//! publishing by viewers.

pub mod bench;
pub mod cli;
pub mod clock;
pub mod command;
pub mod fanout;
pub mod hub;
pub mod journal;
pub mod metrics;
pub mod producer;
pub mod protocol;
pub mod routes;
pub mod server;
pub mod settings;
pub mod source;
pub mod supervisor;
pub mod telemetry;
