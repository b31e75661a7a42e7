//! `watch`: prints a topic's records as a bare viewer gets them.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use futures_util::StreamExt;
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Failure, load, written};
use crate::cli::{Options, Watch};
use crate::settings::Server;

/// Bytes: the longest record that a topic may have.
const RECORD_LEN_MAX: usize = 64 << 20;

pub(super) fn run(options: &Options, watch: &Watch) -> Result<(), Failure> {
    let url = match &watch.url {
        Some(url) => websocket_url(url, watch.topic.as_deref())?,
        None => websocket_url(&hub_url(&load(options)?.server), watch.topic.as_deref())?,
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
        .map_err(|error| refused(url, &error))?;
    let mut printed = 0;
    while printed < count {
        match stream.next().await {
            Some(Ok(Message::Text(record))) => {
                let mut out = io::stdout().lock();
                if let Err(error) = writeln!(out, "{record}") {
                    return written(Err(error));
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
    // Having what was asked for, the viewer takes its leave; whether the hub hears it changes nothing.
    _ = stream.close(None).await;
    Ok(())
}

fn refused(url: &str, error: &Error) -> Failure {
    Failure::Running(match error {
        Error::Http(response) => {
            let body = response.body().as_deref().unwrap_or_default();
            format!(
                "`{url}` answered {}: {}",
                response.status(),
                String::from_utf8_lossy(body)
            )
        }
        error => format!("cannot connect to `{url}`: {error}; is the hub running there?"),
    })
}

/// The address of the topic's WebSocket on the hub at `url`, whose scheme may be that of its page.
fn websocket_url(url: &str, topic: Option<&str>) -> Result<String, Failure> {
    let schemes = [("http://", "ws://"), ("ws://", "ws://")];
    let place = schemes
        .iter()
        .find_map(|(scheme, websocket)| Some((websocket, url.strip_prefix(scheme)?)));
    let (scheme, rest) = place.ok_or_else(|| {
        Failure::Running(format!(
            "`{url}` is no address of a hub; use one such as `http://127.0.0.1:8000` (TLS is not spoken)"
        ))
    })?;
    let authority = rest.trim_end_matches('/');
    Ok(match topic {
        Some(topic) => format!("{scheme}{authority}/ws/{topic}"),
        None => format!("{scheme}{authority}/ws"),
    })
}

/// The address at which the hub of this configuration can be reached from here.
pub(super) fn hub_url(server: &Server) -> String {
    local_url(server.host, server.port)
}

/// The address at which a listener can be reached from here.
pub(super) fn local_url(host: IpAddr, port: u16) -> String {
    let ip = match host {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, port))
}
