//! `health`: asks a hub whether it is ready, for probes that can only run a program, or compares two hubs.

mod clock_offset;
mod compare;
mod hub_client;

use std::io::{self, Write};

use hyper::StatusCode;
use tokio::runtime::Runtime;

use super::watch::{hub_url, local_url};
use super::{Failure, ignore_broken_pipe, load};
use crate::cli::{HealthArgs, HubOptions};
use compare::Comparison;
use hub_client::{HubAddress, HubClient};

pub(super) fn run(args: &HubOptions, health: &HealthArgs) -> Result<(), Failure> {
    match &health.compare {
        Some(other) => compare_hubs(args, health, other),
        None => report_readiness(args, health),
    }
}

fn report_readiness(args: &HubOptions, health: &HealthArgs) -> Result<(), Failure> {
    const EXAMPLE: &str = "http://127.0.0.1:8001";
    let address = match &health.url {
        Some(url) => HubAddress::parse(url, EXAMPLE)?,
        None => HubAddress::parse(&readiness_url(args)?, EXAMPLE)?,
    };
    let path = if address.path().is_empty() {
        "/readyz"
    } else {
        ""
    };
    let response =
        runtime()?.block_on(async { HubClient::connect(&address).await?.get(path).await })?;
    if response.status == StatusCode::OK {
        return ignore_broken_pipe(writeln!(io::stdout(), "ready"));
    }
    Err(Failure::Running(match response.status {
        StatusCode::SERVICE_UNAVAILABLE => {
            format!("`{address}`: not ready: starting, draining or at a standstill")
        }
        status => format!("`{address}` answered {status}; use the address of a hub"),
    }))
}

/// Returns the readiness URL of the configured hub; its liveness URL if the operations listener is disabled.
fn readiness_url(args: &HubOptions) -> Result<String, Failure> {
    let settings = load(args)?;
    let (url, path, port, key) = if settings.ops.enabled {
        let ops = &settings.ops;
        (
            local_url(ops.host, ops.port),
            "/readyz",
            ops.port,
            "ops.port",
        )
    } else {
        let server = &settings.server;
        (hub_url(server), "/healthz", server.port, "server.port")
    };
    known_port(port, key)?;
    Ok(url + path)
}

/// Rejects a port that only the running hub knows.
fn known_port(port: u16, key: &str) -> Result<(), Failure> {
    if port != 0 {
        return Ok(());
    }
    let problem =
        format!("`{key}` is 0, so the port is not known here; pass the address with `--url`");
    Err(Failure::Usage(problem))
}

fn compare_hubs(args: &HubOptions, health: &HealthArgs, other: &str) -> Result<(), Failure> {
    const EXAMPLE: &str = "http://127.0.0.1:8000";
    let one = match &health.url {
        Some(url) => HubAddress::parse(url, EXAMPLE)?,
        None => configured_hub(args, EXAMPLE)?,
    };
    let comparison = Comparison {
        one: &one,
        other: &HubAddress::parse(other, EXAMPLE)?,
        within: health.within,
    };
    runtime()?.block_on(comparison.run())
}

/// The public address of the configured hub, with a name that it answers to.
fn configured_hub(args: &HubOptions, example: &str) -> Result<HubAddress, Failure> {
    let server = load(args)?.server;
    known_port(server.port, "server.port")?;
    let address = HubAddress::parse(&hub_url(&server), example)?;
    // Elsewhere than on loopback the hub answers to the configured names only.
    match server.hosts.first().filter(|_| !server.host.is_loopback()) {
        Some(name) => Ok(address.with_host(name.to_string())),
        None => Ok(address),
    }
}

fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Running(format!("cannot start: {error}")))
}
