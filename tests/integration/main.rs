//! The hub through its public doors: the real program, real sockets, port 0.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod support;

mod activation;
mod admission;
mod api;
mod bench;
mod clock_steps;
mod command_line;
mod configuration;
mod cors;
mod deployment;
mod drain;
mod fanout;
mod files;
mod headcount;
mod history;
mod hostile;
mod hosts;
mod joining;
mod journal;
mod kills;
mod lanes;
mod layout;
mod liveness;
mod logs;
mod long_records;
mod lost_lines;
mod metrics;
mod monitoring;
mod origins;
mod problems;
mod producers;
mod promises;
mod proxies;
mod readme;
mod reload;
mod restart;
mod sse;
mod stream;
mod supervision;
mod viewers;
