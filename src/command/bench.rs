//! `bench`: many viewers, and what they got; or the yardstick for it.

use std::io::{self, Write};
use std::process::Command;

use super::watch::hub_url;
use super::{Failure, load, written};
use crate::bench::{self, BenchError, Floor, FloorPlan, Plan, Report, Target};
use crate::cli::{Bench, Form, Options};

pub(super) fn run(options: &Options, typed: &Bench) -> Result<(), Failure> {
    if typed.floor_server {
        return Ok(bench::serve_floor(&FloorPlan {
            rate: typed.rate,
            dataset: typed.dataset.clone(),
            cpu: typed.server_cpu,
        })?);
    }
    let report = if typed.floor {
        measure_floor(typed)?
    } else {
        let url = match &typed.url {
            Some(url) => url.clone(),
            None => hub_url(&load(options)?.server),
        };
        bench::measure(&plan(typed, &url, typed.pid)?)?
    };
    print(&report, typed.json)
}

/// The floor is started before this process is kept on its own core, which its children would inherit.
fn measure_floor(typed: &Bench) -> Result<Report, Failure> {
    let floor = Floor::start(floor_program(typed)?)?;
    let mut report = bench::measure(&plan(typed, &floor.url(), Some(floor.pid()))?)?;
    report.floor = Some(floor.end()?);
    Ok(report)
}

/// This program once more, as the floor.
fn floor_program(typed: &Bench) -> Result<Command, Failure> {
    let own = std::env::current_exe()
        .map_err(|error| Failure::Running(format!("cannot start the floor: {error}")))?;
    let mut program = Command::new(own);
    program.args(["bench", "--floor", "--floor-server", "--rate"]);
    program.arg(typed.rate.to_string());
    if let Some(dataset) = &typed.dataset {
        program.arg("--dataset").arg(dataset);
    }
    if let Some(cpu) = typed.server_cpu {
        program.arg("--server-cpu").arg(cpu.to_string());
    }
    Ok(program)
}

fn plan(typed: &Bench, url: &str, pid: Option<u32>) -> Result<Plan, Failure> {
    if typed.duration.is_zero() {
        return Err(Failure::Use(
            "nothing can be measured in no time; use `--duration 10s`".to_owned(),
        ));
    }
    let form = typed.form.map(|form| match form {
        Form::Bare => bench::Form::Bare,
        Form::V1 => bench::Form::V1,
        Form::Sse => bench::Form::Sse,
    });
    let target = Target::parse(url, form).map_err(|error| Failure::Use(error.to_string()))?;
    Ok(Plan {
        target,
        viewers: typed.viewers.get(),
        arrival: typed.arrival.get(),
        warmup: typed.warmup,
        duration: typed.duration,
        pid,
        index_field: typed.index_field.clone(),
        stamp_field: typed.stamp_field.clone(),
        cpu: typed.client_cpu,
        rest: typed.rest,
    })
}

fn print(report: &Report, as_json: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    if !as_json {
        return written(write!(out, "{report}"));
    }
    let mut json = report.to_json();
    json.push(b'\n');
    written(out.write_all(&json))
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        Self::Running(error.to_string())
    }
}
