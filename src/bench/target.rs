//! `Target`: what is measured, from the URL as it was typed.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};

/// How viewers are to be spoken to, where a URL leaves the choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// WebSocket, one record a message.
    Bare,
    /// WebSocket with the subprotocol `tickcast.v1`.
    V1,
    /// Server-Sent Events.
    Sse,
}

/// What is spoken on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Bare,
    V1,
    Sse,
    Nats,
    Mqtt,
}

/// A server, and what to ask it for.
#[derive(Debug, Clone)]
pub struct Target {
    /// The URL, whole.
    pub(super) url: String,
    pub(super) dialect: Dialect,
    pub(super) address: SocketAddr,
    /// Host and port as the URL has them.
    pub(super) authority: String,
    /// Path and query, a subject, or a topic.
    pub(super) place: String,
}

/// Why a URL cannot be measured; wrong use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetError {
    /// The scheme is none of those that can be spoken.
    Scheme(String),
    /// The form is none that the URL's scheme and path have.
    Form(String),
    /// A broker's URL names no subject or topic, or one that cannot be.
    Place(String),
    /// The host cannot be found.
    Host(String),
}

impl Target {
    /// Reads `url`. Its path may be left out where the form implies one: `/ws` or `/sse`.
    ///
    /// # Errors
    /// What is wrong with the URL, or with `form` for it.
    pub fn parse(url: &str, form: Option<Form>) -> Result<Self, TargetError> {
        let unknown = || TargetError::Scheme(url.to_owned());
        let (scheme, rest) = url.split_once("://").ok_or_else(unknown)?;
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, place) = rest.split_at(at);
        let (dialect, port) = match scheme {
            "ws" | "http" => (http_dialect(url, scheme, place, form)?, 80),
            "nats" if form.is_none() => (Dialect::Nats, 4222),
            "mqtt" if form.is_none() => (Dialect::Mqtt, 1883),
            "nats" | "mqtt" => return Err(TargetError::Form(url.to_owned())),
            _ => return Err(unknown()),
        };
        Ok(Self {
            address: resolve(authority, port)
                .ok_or_else(|| TargetError::Host(authority.to_owned()))?,
            place: place_for(dialect, place).ok_or_else(|| TargetError::Place(url.to_owned()))?,
            url: url.to_owned(),
            dialect,
            authority: authority.to_owned(),
        })
    }

    /// The same topic as a v1 viewer would join it, without a backfill; `None` for what is no hub.
    pub(super) fn control(&self) -> Option<Self> {
        let path = self.place.split('?').next().unwrap_or_default();
        let path = match self.dialect {
            Dialect::Bare | Dialect::V1 => path.to_owned(),
            Dialect::Sse => path.replacen("/sse", "/ws", 1),
            Dialect::Nats | Dialect::Mqtt => return None,
        };
        Some(Self {
            dialect: Dialect::V1,
            place: format!("{path}?last=0"),
            ..self.clone()
        })
    }
}

impl Dialect {
    /// The dialect's name in a report.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::V1 => "v1",
            Self::Sse => "sse",
            Self::Nats => "nats",
            Self::Mqtt => "mqtt",
        }
    }

    /// Whether messages say their place and instant, as those of `tickcast.v1` do.
    pub(super) const fn is_told(self) -> bool {
        matches!(self, Self::V1 | Self::Sse)
    }
}

/// `http` is what a browser's address line shows of a hub: it leads to either endpoint.
fn http_dialect(
    url: &str,
    scheme: &str,
    place: &str,
    form: Option<Form>,
) -> Result<Dialect, TargetError> {
    let (is_sse, is_open) = (place.starts_with("/sse"), matches!(place, "" | "/"));
    let unfit = || Err(TargetError::Form(url.to_owned()));
    match form {
        Some(Form::Sse) if scheme == "http" && (is_sse || is_open) => Ok(Dialect::Sse),
        None if scheme == "http" && is_sse => Ok(Dialect::Sse),
        Some(Form::Sse) => unfit(),
        _ if scheme == "http" && !is_open => unfit(),
        Some(Form::V1) => Ok(Dialect::V1),
        Some(Form::Bare) | None => Ok(Dialect::Bare),
    }
}

fn place_for(dialect: Dialect, place: &str) -> Option<String> {
    let is_open = matches!(place, "" | "/");
    let name = place.strip_prefix('/').unwrap_or(place);
    // A blank or a control character would end the name within the dialect's own line.
    let is_name = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control());
    match dialect {
        Dialect::Bare | Dialect::V1 if is_open => Some("/ws".to_owned()),
        Dialect::Sse if is_open => Some("/sse".to_owned()),
        _ if !is_name => None,
        Dialect::Nats | Dialect::Mqtt => Some(name.to_owned()),
        Dialect::Bare | Dialect::V1 | Dialect::Sse => Some(format!("/{name}")),
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
                "`{url}` cannot be measured; use one such as `ws://127.0.0.1:8000/ws`, `http://127.0.0.1:8000/sse`, \
                 `nats://127.0.0.1:4222/SUBJECT` or `mqtt://127.0.0.1:1883/TOPIC`"
            ),
            Self::Form(url) => write!(
                f,
                "`{url}` has no such form; `ws://…` has `bare` and `v1`, `http://…/sse` has `sse`, others have none"
            ),
            Self::Place(url) => {
                write!(
                    f,
                    "`{url}` names no subject or topic; put it after the port, without blanks"
                )
            }
            Self::Host(host) => write!(f, "`{host}` cannot be found; give a host and a port"),
        }
    }
}

impl std::error::Error for TargetError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, form: Option<Form>) -> Result<(Dialect, String, String), TargetError> {
        let target = Target::parse(url, form)?;
        Ok((target.dialect, target.address.to_string(), target.place))
    }

    #[test]
    fn the_scheme_and_the_form_say_what_is_spoken() {
        for (url, form, dialect, address, place) in [
            (
                "ws://127.0.0.1:9/ws/ecg?last=0",
                None,
                Dialect::Bare,
                "127.0.0.1:9",
                "/ws/ecg?last=0",
            ),
            (
                "ws://127.0.0.1:9",
                Some(Form::V1),
                Dialect::V1,
                "127.0.0.1:9",
                "/ws",
            ),
            (
                "http://127.0.0.1:9/",
                None,
                Dialect::Bare,
                "127.0.0.1:9",
                "/ws",
            ),
            (
                "http://127.0.0.1:9",
                Some(Form::Sse),
                Dialect::Sse,
                "127.0.0.1:9",
                "/sse",
            ),
            (
                "http://127.0.0.1/sse/ecg",
                None,
                Dialect::Sse,
                "127.0.0.1:80",
                "/sse/ecg",
            ),
            (
                "nats://127.0.0.1/a.b",
                None,
                Dialect::Nats,
                "127.0.0.1:4222",
                "a.b",
            ),
            ("mqtt://[::1]/a/b", None, Dialect::Mqtt, "[::1]:1883", "a/b"),
        ] {
            let expected = (dialect, address.to_owned(), place.to_owned());
            assert_eq!(read(url, form), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_measured_is_refused_with_its_reason() {
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
                Some(Form::Sse),
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
                TargetError::Place(own("nats://127.0.0.1")),
            ),
            (
                "nats://127.0.0.1/a b",
                None,
                TargetError::Place(own("nats://127.0.0.1/a b")),
            ),
        ] {
            assert_eq!(read(url, form), Err(error));
        }
    }

    #[test]
    fn the_control_connection_joins_the_same_topic() {
        for (url, place) in [
            ("ws://127.0.0.1:9/ws/ecg?since=a:1", Some("/ws/ecg?last=0")),
            ("http://127.0.0.1:9/sse/ecg", Some("/ws/ecg?last=0")),
            ("nats://127.0.0.1:9/ecg", None),
        ] {
            let control = Target::parse(url, None).unwrap().control();
            assert_eq!(control.map(|target| target.place).as_deref(), place);
        }
    }
}
