//! [`BenchTarget`]: the server to measure, parsed from a URL.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};

/// The protocol of a hub's viewers, if the URL leaves the choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubProtocol {
    /// WebSocket, one record per message.
    Bare,
    /// WebSocket with the subprotocol `tickcast.v1`.
    V1,
    /// Server-Sent Events.
    Sse,
}

/// The protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireProtocol {
    Bare,
    V1,
    Sse,
    Nats,
    Mqtt,
}

/// A server, and the topic to view.
#[derive(Debug, Clone)]
pub struct BenchTarget {
    /// The URL as given.
    pub(super) url: String,
    pub(super) protocol: WireProtocol,
    pub(super) address: SocketAddr,
    /// Host and port as given in the URL.
    pub(super) authority: String,
    /// Path and query (HTTP), subject (NATS) or topic (MQTT).
    pub(super) resource: String,
}

/// Why a URL is not a valid target; the user's mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetError {
    /// The scheme is missing or unsupported.
    Scheme(String),
    /// The form does not match the URL's scheme and path.
    Form(String),
    /// A broker's URL has no valid subject or topic.
    Resource(String),
    /// The host does not resolve.
    Host(String),
}

impl BenchTarget {
    /// Parses `url`. The path may be omitted if the form implies one: `/ws` or `/sse`.
    ///
    /// # Errors
    /// Fails if the URL is invalid or does not match `form`.
    pub fn parse(url: &str, form: Option<HubProtocol>) -> Result<Self, TargetError> {
        let unknown = || TargetError::Scheme(url.to_owned());
        let (scheme, rest) = url.split_once("://").ok_or_else(unknown)?;
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at(at);
        let (protocol, port) = match scheme {
            "ws" | "http" => (http_protocol(url, scheme, resource, form)?, 80),
            "nats" if form.is_none() => (WireProtocol::Nats, 4222),
            "mqtt" if form.is_none() => (WireProtocol::Mqtt, 1883),
            "nats" | "mqtt" => return Err(TargetError::Form(url.to_owned())),
            _ => return Err(unknown()),
        };
        Ok(Self {
            address: resolve(authority, port)
                .ok_or_else(|| TargetError::Host(authority.to_owned()))?,
            resource: resource_for(protocol, resource)
                .ok_or_else(|| TargetError::Resource(url.to_owned()))?,
            url: url.to_owned(),
            protocol,
            authority: authority.to_owned(),
        })
    }

    /// The target for the control connection: the same topic over v1, without backfill; `None` for a broker.
    pub(super) fn control(&self) -> Option<Self> {
        let path = self.resource.split('?').next().unwrap_or_default();
        let path = match self.protocol {
            WireProtocol::Bare | WireProtocol::V1 => path.to_owned(),
            WireProtocol::Sse => path.replacen("/sse", "/ws", 1),
            WireProtocol::Nats | WireProtocol::Mqtt => return None,
        };
        Some(Self {
            protocol: WireProtocol::V1,
            resource: format!("{path}?last=0"),
            ..self.clone()
        })
    }
}

impl WireProtocol {
    /// The protocol's name in a report.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::V1 => "v1",
            Self::Sse => "sse",
            Self::Nats => "nats",
            Self::Mqtt => "mqtt",
        }
    }

    /// Whether messages contain `seq` and `t`, as those of `tickcast.v1` do.
    pub(super) const fn has_positions(self) -> bool {
        matches!(self, Self::V1 | Self::Sse)
    }
}

/// The protocol for a `ws` or `http` URL. `http` URLs, as shown in a browser, are accepted for both endpoints.
fn http_protocol(
    url: &str,
    scheme: &str,
    resource: &str,
    form: Option<HubProtocol>,
) -> Result<WireProtocol, TargetError> {
    let (is_sse, is_open) = (resource.starts_with("/sse"), matches!(resource, "" | "/"));
    let unfit = || Err(TargetError::Form(url.to_owned()));
    match form {
        Some(HubProtocol::Sse) if scheme == "http" && (is_sse || is_open) => Ok(WireProtocol::Sse),
        None if scheme == "http" && is_sse => Ok(WireProtocol::Sse),
        Some(HubProtocol::Sse) => unfit(),
        _ if scheme == "http" && !is_open => unfit(),
        Some(HubProtocol::V1) => Ok(WireProtocol::V1),
        Some(HubProtocol::Bare) | None => Ok(WireProtocol::Bare),
    }
}

fn resource_for(protocol: WireProtocol, resource: &str) -> Option<String> {
    let is_open = matches!(resource, "" | "/");
    let name = resource.strip_prefix('/').unwrap_or(resource);
    // White space or a control character would end the name early in these protocols.
    let is_name = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control());
    match protocol {
        WireProtocol::Bare | WireProtocol::V1 if is_open => Some("/ws".to_owned()),
        WireProtocol::Sse if is_open => Some("/sse".to_owned()),
        _ if !is_name => None,
        WireProtocol::Nats | WireProtocol::Mqtt => Some(name.to_owned()),
        WireProtocol::Bare | WireProtocol::V1 | WireProtocol::Sse => Some(format!("/{name}")),
    }
}

fn resolve(authority: &str, port: u16) -> Option<SocketAddr> {
    let first = |mut addresses: std::vec::IntoIter<SocketAddr>| addresses.next();
    authority
        .to_socket_addrs()
        .or_else(|_| (authority.trim_matches(['[', ']']), port).to_socket_addrs())
        .ok()
        .and_then(first)
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme(url) => write!(
                f,
                "`{url}` is not a supported URL; use for example `ws://127.0.0.1:8000/ws`, `http://127.0.0.1:8000/sse`, \
                 `nats://127.0.0.1:4222/SUBJECT` or `mqtt://127.0.0.1:1883/TOPIC`"
            ),
            Self::Form(url) => write!(
                f,
                "`{url}` has no such form; `ws://…` has `bare` and `v1`, `http://…/sse` has `sse`, brokers have none"
            ),
            Self::Resource(url) => {
                write!(
                    f,
                    "`{url}` has no valid subject or topic; add one after the port, without white space"
                )
            }
            Self::Host(host) => write!(f, "`{host}` does not resolve; give a host and a port"),
        }
    }
}

impl std::error::Error for TargetError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        url: &str,
        form: Option<HubProtocol>,
    ) -> Result<(WireProtocol, String, String), TargetError> {
        let target = BenchTarget::parse(url, form)?;
        Ok((target.protocol, target.address.to_string(), target.resource))
    }

    #[test]
    fn scheme_and_form_select_the_protocol() {
        for (url, form, protocol, address, resource) in [
            (
                "ws://127.0.0.1:9/ws/ecg?last=0",
                None,
                WireProtocol::Bare,
                "127.0.0.1:9",
                "/ws/ecg?last=0",
            ),
            (
                "ws://127.0.0.1:9",
                Some(HubProtocol::V1),
                WireProtocol::V1,
                "127.0.0.1:9",
                "/ws",
            ),
            (
                "http://127.0.0.1:9/",
                None,
                WireProtocol::Bare,
                "127.0.0.1:9",
                "/ws",
            ),
            (
                "http://127.0.0.1:9",
                Some(HubProtocol::Sse),
                WireProtocol::Sse,
                "127.0.0.1:9",
                "/sse",
            ),
            (
                "http://127.0.0.1/sse/ecg",
                None,
                WireProtocol::Sse,
                "127.0.0.1:80",
                "/sse/ecg",
            ),
            (
                "nats://127.0.0.1/a.b",
                None,
                WireProtocol::Nats,
                "127.0.0.1:4222",
                "a.b",
            ),
            (
                "mqtt://[::1]/a/b",
                None,
                WireProtocol::Mqtt,
                "[::1]:1883",
                "a/b",
            ),
        ] {
            let expected = (protocol, address.to_owned(), resource.to_owned());
            assert_eq!(read(url, form), Ok(expected), "{url}");
        }
    }

    #[test]
    fn invalid_urls_are_rejected_with_a_reason() {
        let own = str::to_owned;
        for (url, form, error) in [
            ("ftp://x", None, TargetError::Scheme(own("ftp://x"))),
            (
                "127.0.0.1:8000",
                None,
                TargetError::Scheme(own("127.0.0.1:8000")),
            ),
            (
                "ws://127.0.0.1:9/ws",
                Some(HubProtocol::Sse),
                TargetError::Form(own("ws://127.0.0.1:9/ws")),
            ),
            (
                "http://127.0.0.1:9/api",
                None,
                TargetError::Form(own("http://127.0.0.1:9/api")),
            ),
            (
                "nats://127.0.0.1",
                None,
                TargetError::Resource(own("nats://127.0.0.1")),
            ),
            (
                "nats://127.0.0.1/a b",
                None,
                TargetError::Resource(own("nats://127.0.0.1/a b")),
            ),
        ] {
            assert_eq!(read(url, form), Err(error));
        }
    }

    #[test]
    fn the_control_connection_joins_the_same_topic() {
        for (url, resource) in [
            ("ws://127.0.0.1:9/ws/ecg?since=a:1", Some("/ws/ecg?last=0")),
            ("http://127.0.0.1:9/sse/ecg", Some("/ws/ecg?last=0")),
            ("nats://127.0.0.1:9/ecg", None),
        ] {
            let control = BenchTarget::parse(url, None).unwrap().control();
            assert_eq!(control.map(|target| target.resource).as_deref(), resource);
        }
    }
}
