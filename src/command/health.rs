//! `health`: asks a hub whether it is ready, for probes that can only run a program.

use std::io::{self, Write};
use std::time::Duration;

use hyper::client::conn::http1;
use hyper::{Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::watch::local_url;
use super::{Failure, ignore_broken_pipe, load};
use crate::cli::{GlobalArgs, HealthArgs};

/// A healthy hub responds at once; without a response within this it counts as failed.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn run(args: &GlobalArgs, health: &HealthArgs) -> Result<(), Failure> {
    let url = match &health.url {
        Some(url) => url.clone(),
        None => configured_url(args)?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Running(format!("cannot start: {error}")))?;
    let uri = parse_url(&url)?;
    let response = async { tokio::time::timeout(RESPONSE_TIMEOUT, request_status(&uri)).await };
    let status = runtime
        .block_on(response)
        .map_err(|_| format!("no answer within {} s", RESPONSE_TIMEOUT.as_secs()))
        .and_then(|answer| answer.map_err(|error| error.to_string()))
        .map_err(|error| {
            Failure::Running(format!("`{url}`: {error}; is the hub running there?"))
        })?;
    if status == StatusCode::OK {
        return ignore_broken_pipe(writeln!(io::stdout(), "ready"));
    }
    Err(Failure::Running(match status {
        StatusCode::SERVICE_UNAVAILABLE => {
            format!("`{url}`: not ready: starting, draining or at a standstill")
        }
        status => format!("`{url}` answered {status}; use the address of a hub"),
    }))
}

/// Returns the readiness URL of the configured hub; its liveness URL if the operations listener is disabled.
fn configured_url(args: &GlobalArgs) -> Result<String, Failure> {
    let settings = load(args)?;
    let (host, port, path, key) = if settings.ops.enabled {
        let ops = &settings.ops;
        (ops.host, ops.port, "/readyz", "ops.port")
    } else {
        let server = &settings.server;
        (server.host, server.port, "/healthz", "server.port")
    };
    if port == 0 {
        let problem =
            format!("`{key}` is 0, so the port is not known here; pass the address with `--url`");
        return Err(Failure::Usage(problem));
    }
    Ok(local_url(host, port) + path)
}

/// Parses the URL to request; without a path, that of readiness.
fn parse_url(url: &str) -> Result<Uri, Failure> {
    let wrong = || {
        Failure::Usage(format!(
            "`{url}` is not the address of a hub; use for example `http://127.0.0.1:8001` (TLS is not supported)"
        ))
    };
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let is_plain = uri.scheme_str() == Some("http") && uri.authority().is_some();
    if !is_plain {
        return Err(wrong());
    }
    if uri.path() != "/" {
        return Ok(uri);
    }
    let base = url.trim_end_matches('/');
    format!("{base}/readyz").parse().map_err(|_| wrong())
}

async fn request_status(uri: &Uri) -> Result<StatusCode, Box<dyn std::error::Error>> {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((address, uri.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(uri.path())
        .header(
            header::HOST,
            uri.authority().map_or(host, |authority| authority.as_str()),
        )
        .body(String::new())?;
    let answer = sender.send_request(request);
    // The connection has to be polled while the request is pending.
    tokio::select! {
        biased;
        answer = answer => Ok(answer?.status()),
        ended = connection => {
            ended?;
            Err("the connection was closed without a response".into())
        }
    }
}
