//! Socket activation: listeners that systemd has opened and passes to the hub (`LISTEN_FDS`, `LISTEN_FDNAMES`).
//!
//! They outlive the process: clients that connect during a restart wait instead of being refused.

use std::env;
use std::fmt;
use std::io;
use std::net::TcpListener;

use listenfd::ListenFd;
use socket2::SockRef;

/// The listeners that were passed to this process.
#[derive(Debug, Default)]
pub struct InheritedSockets {
    pub(super) public: Option<TcpListener>,
    pub(super) ops: Option<TcpListener>,
}

/// Why a passed socket cannot be used. The operator has to change the unit or the configuration.
#[derive(Debug)]
pub enum SocketActivationError {
    /// One of several sockets has this name, which is not that of a listener.
    Unknown(String),
    /// Two sockets have this name.
    Twice(String),
    /// The listener of this name is disabled.
    Disabled(String),
    /// The socket is not a listening TCP socket.
    Unusable {
        /// Its name.
        name: String,
        /// The system's error.
        error: io::Error,
    },
}

impl InheritedSockets {
    /// Takes the sockets that were passed to this process, if any. To be called once, before there are other threads,
    /// because it changes the environment.
    ///
    /// # Errors
    /// A socket has a wrong name or cannot be used.
    pub fn from_env() -> Result<Self, SocketActivationError> {
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut inherited = ListenFd::from_env();
        let mut sockets = Self::default();
        for (name, number) in socket_names(&names, inherited.len()).into_iter().zip(0..) {
            let slot = match name.as_str() {
                "public" => &mut sockets.public,
                "ops" => &mut sockets.ops,
                _ => return Err(SocketActivationError::Unknown(name)),
            };
            if slot.is_some() {
                return Err(SocketActivationError::Twice(name));
            }
            *slot = inherited
                .take_tcp_listener(number)
                .and_then(|socket| socket.map(require_listening).transpose())
                .map_err(|error| SocketActivationError::Unusable { name, error })?;
        }
        Ok(sockets)
    }

    /// Checks that each socket is for an enabled listener; `has_ops` says whether the operations listener is enabled.
    ///
    /// # Errors
    /// A socket is for a disabled listener.
    pub fn check(&self, has_ops: bool) -> Result<(), SocketActivationError> {
        if self.ops.is_some() && !has_ops {
            return Err(SocketActivationError::Disabled("ops".to_owned()));
        }
        Ok(())
    }
}

/// Returns an error for a socket that does not listen, such as the connection that `Accept=yes` passes: nothing could
/// ever be accepted from it.
fn require_listening(socket: TcpListener) -> io::Result<TcpListener> {
    if SockRef::from(&socket).is_listener()? {
        return Ok(socket);
    }
    let problem = "it does not listen";
    Err(io::Error::new(io::ErrorKind::InvalidInput, problem))
}

/// Returns the name of each of `count` sockets. A single socket is the public one unless it is called `ops`: without
/// `FileDescriptorName=` it has the name of its unit, or none.
fn socket_names(names: &str, count: usize) -> Vec<String> {
    let given = names.split(':').map(str::to_owned);
    let mut names: Vec<_> = given
        .chain(std::iter::repeat(String::new()))
        .take(count)
        .collect();
    if let [name] = &mut names[..]
        && name != "ops"
    {
        "public".clone_into(name);
    }
    names
}

impl fmt::Display for SocketActivationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(
                f,
                "a socket is passed as `{name}`; name it `public` or `ops` (`FileDescriptorName=`)"
            ),
            Self::Twice(name) => write!(f, "two sockets are passed as `{name}`; pass only one"),
            Self::Disabled(name) => write!(
                f,
                "a socket is passed as `{name}`, but that listener is disabled; set `ops.enabled`, or do not pass the socket"
            ),
            Self::Unusable { name, error } => write!(
                f,
                "the socket that is passed as `{name}` cannot be used: {error}; pass a listening TCP socket (`ListenStream=` with a port)"
            ),
        }
    }
}

impl std::error::Error for SocketActivationError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_socket_is_the_public_one_whatever_its_name() {
        for name in ["", "unknown", "tickcast.socket", "public"] {
            assert_eq!(socket_names(name, 1), ["public"]);
        }
        assert_eq!(socket_names("ops", 1), ["ops"]);
        assert_eq!(socket_names("public:ops", 2), ["public", "ops"]);
        assert_eq!(socket_names("public", 2), ["public", ""]);
        assert_eq!(socket_names("", 0), [""; 0]);
    }
}
