//! Integration tests: they run the real program and talk to it over real sockets, on free ports.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod support;

mod admission;
mod api;
mod bench;
mod changed_datasets;
mod clock_steps;
mod command_line;
mod configuration;
mod cors;
mod dataset_switch;
mod datasets;
mod demo;
mod deployment;
mod drain;
mod dropped_log_lines;
mod fanout;
mod file_sizes;
mod history;
mod hosts;
mod import_cycles;
mod joining;
mod journal;
mod kills;
mod lane_failure;
mod liveness;
mod logs;
mod long_records;
mod malformed_requests;
mod metrics;
mod monitoring;
mod origins;
mod own_time;
mod play;
mod problem_details;
mod producers;
mod promises;
mod proxies;
mod readme;
mod reload;
mod repository_files;
mod restart;
mod socket_activation;
mod source_layout;
mod sse;
mod state_location;
mod stream;
mod supervision;
mod unreadable_records;
mod viewer_count;
mod viewers;
mod vocabulary;
