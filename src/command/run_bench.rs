//! `bench`: measures a server with many viewers, or the floor, a minimal server for comparison.

use std::io::{self, Write};
use std::process::Command;

use super::watch::hub_url;
use super::{Failure, ignore_broken_pipe, load};
use crate::bench::{self, BenchError, BenchOptions, BenchTarget, Floor, FloorOptions, Report};
use crate::cli::{BenchArgs, FormArg, HubOptions};

pub(super) fn run(global: &HubOptions, args: &BenchArgs) -> Result<(), Failure> {
    if args.floor_server {
        return Ok(bench::serve_floor(&FloorOptions {
            rate: args.rate,
            dataset: args.dataset.clone(),
            cpu: args.server_cpu,
        })?);
    }
    let report = if args.floor {
        measure_floor(args)?
    } else {
        let url = match &args.url {
            Some(url) => url.clone(),
            None => hub_url(&load(global)?.server),
        };
        bench::measure(&bench_options(args, &url, args.pid)?)?
    };
    print(&report, args.json)
}

/// Measures the floor. It is started before this process is pinned to a core, which its children would inherit.
fn measure_floor(args: &BenchArgs) -> Result<Report, Failure> {
    let floor = Floor::start(floor_program(args)?)?;
    let mut report = bench::measure(&bench_options(args, &floor.url(), Some(floor.pid()))?)?;
    report.floor = Some(floor.stop()?);
    Ok(report)
}

/// The command that runs this program as the floor.
fn floor_program(args: &BenchArgs) -> Result<Command, Failure> {
    let own = std::env::current_exe()
        .map_err(|error| Failure::Running(format!("cannot start the floor: {error}")))?;
    let mut program = Command::new(own);
    program.args(["bench", "--floor", "--floor-server", "--rate"]);
    program.arg(args.rate.to_string());
    if let Some(dataset) = &args.dataset {
        program.arg("--dataset").arg(dataset);
    }
    if let Some(cpu) = args.server_cpu {
        program.arg("--server-cpu").arg(cpu.to_string());
    }
    Ok(program)
}

fn bench_options(args: &BenchArgs, url: &str, pid: Option<u32>) -> Result<BenchOptions, Failure> {
    if args.duration.is_zero() {
        return Err(Failure::Usage(
            "`--duration` must be longer than 0; use for example `--duration 10s`".to_owned(),
        ));
    }
    let protocol = args.form.map(|form| match form {
        FormArg::Bare => bench::HubProtocol::Bare,
        FormArg::V1 => bench::HubProtocol::V1,
        FormArg::Sse => bench::HubProtocol::Sse,
    });
    let target =
        BenchTarget::parse(url, protocol).map_err(|error| Failure::Usage(error.to_string()))?;
    Ok(BenchOptions {
        target,
        viewers: args.viewers.get(),
        joins_per_second: args.arrival.get(),
        warmup: args.warmup,
        duration: args.duration,
        pid,
        index_field: args.index_field.clone(),
        stamp_field: args.stamp_field.clone(),
        cpu: args.client_cpu,
        poll_interval: args.rest,
    })
}

fn print(report: &Report, as_json: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    if !as_json {
        return ignore_broken_pipe(write!(out, "{report}"));
    }
    let mut json = report.to_json();
    json.push(b'\n');
    ignore_broken_pipe(out.write_all(&json))
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        Self::Running(error.to_string())
    }
}
