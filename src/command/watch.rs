//! `watch`: prints a topic's records as a bare viewer receives them.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use futures_util::StreamExt;
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Failure, ignore_broken_pipe, load};
use crate::cli::{HubOptions, WatchArgs};
use crate::settings::ServerSettings;

/// The longest record that a topic may have, in bytes.
const RECORD_LEN_MAX: usize = 64 << 20;

pub(super) fn run(args: &HubOptions, watch: &WatchArgs) -> Result<(), Failure> {
    let url = match &watch.url {
        Some(url) => websocket_url(url, watch)?,
        None => websocket_url(&hub_url(&load(args)?.server), watch)?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure::Running(format!("cannot start: {error}")))?;
    runtime.block_on(print(&url, watch.count.unwrap_or(u64::MAX)))
}

async fn print(url: &str, count: u64) -> Result<(), Failure> {
    let config = WebSocketConfig::default()
        .max_message_size(Some(RECORD_LEN_MAX))
        .max_frame_size(Some(RECORD_LEN_MAX));
    let (mut stream, _) = connect_async_with_config(url, Some(config), false)
        .await
        .map_err(|error| connect_error(url, &error))?;
    let mut printed = 0;
    while printed < count {
        match stream.next().await {
            Some(Ok(Message::Text(record))) => {
                let mut out = io::stdout().lock();
                if let Err(error) = writeln!(out, "{record}") {
                    return ignore_broken_pipe(Err(error));
                }
                printed += 1;
            }
            Some(Ok(Message::Close(frame))) => {
                let reason =
                    frame.map_or_else(|| "no reason given".to_owned(), |frame| frame.to_string());
                return Err(Failure::Running(format!(
                    "the hub closed the connection: {reason}"
                )));
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                return Err(Failure::Running(format!(
                    "the connection to `{url}` was lost: {error}"
                )));
            }
            None => {
                return Err(Failure::Running(format!(
                    "the connection to `{url}` was lost"
                )));
            }
        }
    }
    // A courtesy to the hub; the result does not matter.
    _ = stream.close(None).await;
    Ok(())
}

fn connect_error(url: &str, error: &Error) -> Failure {
    Failure::Running(match error {
        Error::Http(response) => {
            let body = response.body().as_deref().unwrap_or_default();
            format!(
                "`{url}` answered {}: {}",
                response.status(),
                String::from_utf8_lossy(body).trim_end()
            )
        }
        error => format!("cannot connect to `{url}`: {error}; is the hub running there?"),
    })
}

/// Returns the WebSocket URL of what to watch on the hub at `url`, which may start with `http` or `ws`.
fn websocket_url(url: &str, watch: &WatchArgs) -> Result<String, Failure> {
    let schemes = [("http://", "ws://"), ("ws://", "ws://")];
    let split = schemes
        .iter()
        .find_map(|(scheme, websocket)| Some((websocket, url.strip_prefix(scheme)?)));
    let (scheme, rest) = split.ok_or_else(|| {
        Failure::Running(format!(
            "`{url}` is not the address of a hub; use for example `http://127.0.0.1:8000` (TLS is not supported)"
        ))
    })?;
    let authority = rest.trim_end_matches('/');
    let topic = watch.topic.iter().map(|topic| format!("/{topic}"));
    let last = watch.last.iter().map(|count| format!("?last={count}"));
    let since = watch
        .since
        .iter()
        .map(|position| format!("?since={position}"));
    let target: String = topic.chain(last).chain(since).collect();
    Ok(format!("{scheme}{authority}/ws{target}"))
}

/// Returns the URL of the configured hub for clients on this machine.
pub(super) fn hub_url(server: &ServerSettings) -> String {
    local_url(server.host, server.port)
}

/// Returns the URL of a listener for clients on this machine.
pub(super) fn local_url(host: IpAddr, port: u16) -> String {
    let ip = match host {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, port))
}
