//! Sockets that the service manager has opened for the hub, by the names that it gives them (`LISTEN_FDS`).
//!
//! They outlive the process: whoever connects while it is restarted waits, and is not refused.

use std::env;
use std::fmt;
use std::io;
use std::net::TcpListener;

use listenfd::ListenFd;
use socket2::SockRef;

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Sockets {
    pub(super) public: Option<TcpListener>,
    pub(super) ops: Option<TcpListener>,
}

/// Why a socket cannot be used.
#[derive(Debug)]
pub enum SocketsError {
    /// None of several is to have this name.
    Unknown(String),
    /// Two have this name.
    Twice(String),
    /// There is to be no such listener.
    Disabled(String),
    /// It is no socket that listens by TCP.
    Unusable {
        /// Its name.
        name: String,
        /// The reason.
        error: io::Error,
    },
}

impl Sockets {
    /// Takes what was passed on; nothing, where nothing was. To be called once, before there are other threads: it
    /// changes the environment.
    ///
    /// # Errors
    /// One of them is not what it should be.
    pub fn inherit() -> Result<Self, SocketsError> {
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut inherited = ListenFd::from_env();
        let mut sockets = Self::default();
        for (name, number) in named(&names, inherited.len()).into_iter().zip(0..) {
            let place = match name.as_str() {
                "public" => &mut sockets.public,
                "ops" => &mut sockets.ops,
                _ => return Err(SocketsError::Unknown(name)),
            };
            if place.is_some() {
                return Err(SocketsError::Twice(name));
            }
            *place = inherited
                .take_tcp_listener(number)
                .and_then(|socket| socket.map(listening).transpose())
                .map_err(|error| SocketsError::Unusable { name, error })?;
        }
        Ok(sockets)
    }

    /// Whether each is for a listener that there is to be; `has_ops` says whether there is to be one for operations.
    ///
    /// # Errors
    /// One of them is not.
    pub fn check(&self, has_ops: bool) -> Result<(), SocketsError> {
        if self.ops.is_some() && !has_ops {
            return Err(SocketsError::Disabled("ops".to_owned()));
        }
        Ok(())
    }
}

/// One that does not listen, such as the connection that `Accept=yes` passes on, never has anybody to accept.
fn listening(socket: TcpListener) -> io::Result<TcpListener> {
    if SockRef::from(&socket).is_listener()? {
        return Ok(socket);
    }
    let problem = "it does not listen";
    Err(io::Error::new(io::ErrorKind::InvalidInput, problem))
}

/// The name of each of `count` sockets. One alone that is called neither `public` nor `ops` has no name of ours, but
/// that of its unit or none, and is the public one.
fn named(names: &str, count: usize) -> Vec<String> {
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

impl fmt::Display for SocketsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(
                f,
                "a socket is passed on as `{name}`; name it `public` or `ops` (`FileDescriptorName=`)"
            ),
            Self::Twice(name) => write!(
                f,
                "two sockets are passed on as `{name}`; pass on one of them"
            ),
            Self::Disabled(name) => write!(
                f,
                "a socket is passed on as `{name}`, and there is to be no such listener; set `ops.enabled`, or do not pass it on"
            ),
            Self::Unusable { name, error } => write!(
                f,
                "the socket that is passed on as `{name}` cannot be used: {error}; pass on one that listens by TCP (`ListenStream=` with a port)"
            ),
        }
    }
}

impl std::error::Error for SocketsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_is_the_public_one_whatever_it_is_called() {
        for name in ["", "unknown", "tickcast.socket", "public"] {
            assert_eq!(named(name, 1), ["public"]);
        }
        assert_eq!(named("ops", 1), ["ops"]);
        assert_eq!(named("public:ops", 2), ["public", "ops"]);
        assert_eq!(named("public", 2), ["public", ""]);
        assert_eq!(named("", 0), [""; 0]);
    }
}
