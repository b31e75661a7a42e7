//! Binds the listeners' addresses, and logs the URL under which each can be reached.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

use super::{InheritedSockets, reachable};
use crate::settings::Settings;

/// A listener and the address it is bound to.
#[derive(Debug)]
pub(super) struct BoundListener {
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
}

/// An address that cannot be bound. The operator has to change the configuration or the machine.
#[derive(Debug)]
pub struct BindError {
    /// The section of the configuration that the address comes from.
    pub section: &'static str,
    /// The address.
    pub address: SocketAddr,
    /// The system's error.
    pub error: io::Error,
}

impl BoundListener {
    /// Takes over a listener that another process has opened. Must be called within a runtime.
    pub(super) fn from_inherited(
        listener: std::net::TcpListener,
        section: &'static str,
    ) -> Result<Self, BindError> {
        let address = listener.local_addr();
        let unknown = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let failed = |error| BindError {
            section,
            address: *address.as_ref().unwrap_or(&unknown),
            error,
        };
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }
}

/// Connections that may wait to be accepted; the system caps it at its own limit. Enough for all the browsers that
/// reconnect at once after a restart.
const BACKLOG: u32 = 4_096;

/// Returns the public listener and, if it is enabled, the operations listener.
pub(super) fn listeners(
    settings: &Settings,
    sockets: InheritedSockets,
) -> Result<(BoundListener, Option<BoundListener>), BindError> {
    let get = |socket: Option<std::net::TcpListener>, host, port, section| match socket {
        Some(socket) => BoundListener::from_inherited(socket, section),
        None => bind(host, port, section),
    };
    let (server, ops) = (&settings.server, &settings.ops);
    let public = get(sockets.public, server.host, server.port, "server")?;
    let ops = ops
        .enabled
        .then(|| get(sockets.ops, ops.host, ops.port, "ops"))
        .transpose()?;
    Ok((public, ops))
}

/// Listens on `host` and `port`. Must be called within a runtime.
fn bind(host: IpAddr, port: u16, section: &'static str) -> Result<BoundListener, BindError> {
    let address = SocketAddr::new(host, port);
    listen(address).map_err(|error| BindError {
        section,
        address,
        error,
    })
}

fn listen(address: SocketAddr) -> io::Result<BoundListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // Connections in TIME_WAIT from the previous process must not keep this one from the port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    Ok(BoundListener {
        address: listener.local_addr()?,
        listener,
    })
}

/// Logs where a listener can be reached, and warns if other machines can reach it without TLS.
pub(super) fn log_listening(listener: &'static str, address: SocketAddr) {
    let (version, bound) = (env!("CARGO_PKG_VERSION"), address.to_string());
    let url = reachable::url(address);
    tracing::info!(
        event = "listening",
        listener,
        address = bound,
        url,
        "tickcast {version} listens on {url}"
    );
    if !address.ip().is_loopback() {
        let remedy = if listener == "ops" {
            "metrics are served without authentication; restrict access with `ops.host` or a firewall"
        } else {
            "there is no TLS; put a proxy with TLS in front"
        };
        tracing::warn!(
            event = "listening.plain",
            listener,
            address = bound,
            "other machines can reach this address: {remedy}"
        );
    }
}

impl BindError {
    /// The configuration key to change.
    #[must_use]
    pub fn key(&self) -> String {
        let part = if self.error.kind() == io::ErrorKind::AddrNotAvailable {
            "host"
        } else {
            "port"
        };
        format!("{}.{part}", self.section)
    }

    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self.error.kind() {
            io::ErrorKind::AddrInUse => {
                "stop the program that uses it, or choose another port (0: any free one)"
            }
            io::ErrorKind::AddrNotAvailable => {
                "use an address of this machine, or `0.0.0.0` for all of them"
            }
            io::ErrorKind::PermissionDenied => {
                "ports below 1024 need a privilege; choose a higher one"
            }
            _ => "choose another address or port",
        }
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: {}", self.address, self.error)
    }
}

impl std::error::Error for BindError {}
