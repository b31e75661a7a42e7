//! `health`: asks a hub whether it is ready, for probes that can do nothing but start a program.

use std::io::{self, Write};
use std::time::Duration;

use hyper::client::conn::http1;
use hyper::{Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::watch::local_url;
use super::{Failure, load, written};
use crate::cli::{Health, Options};

/// A hub answers at once; one that does not within this is not well.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

pub(super) fn run(options: &Options, health: &Health) -> Result<(), Failure> {
    let url = match &health.url {
        Some(url) => url.clone(),
        None => own_url(options)?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Running(format!("cannot start: {error}")))?;
    let uri = parse(&url)?;
    let asked = async { tokio::time::timeout(ANSWER_WITHIN, ask(&uri)).await };
    let status = runtime
        .block_on(asked)
        .map_err(|_| format!("no answer within {} s", ANSWER_WITHIN.as_secs()))
        .and_then(|answer| answer.map_err(|error| error.to_string()))
        .map_err(|error| {
            Failure::Running(format!("`{url}`: {error}; is the hub running there?"))
        })?;
    if status == StatusCode::OK {
        return written(writeln!(io::stdout(), "ready"));
    }
    Err(Failure::Running(match status {
        StatusCode::SERVICE_UNAVAILABLE => format!("`{url}`: not ready: it starts or drains"),
        status => format!("`{url}` answered {status}; name a listener of a hub"),
    }))
}

/// The readiness of the hub of this configuration; where it has no listener that tells it, that it is alive.
fn own_url(options: &Options) -> Result<String, Failure> {
    let settings = load(options)?;
    let (host, port, path, key) = if settings.ops.enabled {
        let ops = &settings.ops;
        (ops.host, ops.port, "/readyz", "ops.port")
    } else {
        let server = &settings.server;
        (server.host, server.port, "/healthz", "server.port")
    };
    if port == 0 {
        let problem =
            format!("`{key}` is 0, so the hub alone knows its port; name it with `--url`");
        return Err(Failure::Use(problem));
    }
    Ok(local_url(host, port) + path)
}

/// An address to ask at; where it has no path, that of readiness.
fn parse(url: &str) -> Result<Uri, Failure> {
    let wrong = || {
        Failure::Use(format!(
            "`{url}` is no address of a hub; use one such as `http://127.0.0.1:8001` (TLS is not spoken)"
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

async fn ask(uri: &Uri) -> Result<StatusCode, Box<dyn std::error::Error>> {
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
    // The connection carries the question while it is asked, and ends with it.
    tokio::select! {
        biased;
        answer = answer => Ok(answer?.status()),
        ended = connection => {
            ended?;
            Err("it ended the connection without an answer".into())
        }
    }
}
