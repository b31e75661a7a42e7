//! TLS clients: OpenSSL and curl, which verify the certificate and can use a given source address.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::thread;

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::proxy::{NAME, Proxy};
use crate::support::{TIMEOUT, tool};

/// Connects through `proxy` with TLS from the address `from`; the returned stream carries the plain text. It closes
/// when either side does.
pub(super) fn connect(proxy: &Proxy, from: &str) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (theirs, _) = listener.accept().unwrap();
    let (input, output) = (
        OwnedFd::from(theirs.try_clone().unwrap()),
        OwnedFd::from(theirs),
    );
    let mut child = tool("openssl")
        .args(["s_client", "-quiet", "-no_ign_eof", "-nocommands"])
        .args(["-connect", &proxy.tls(), "-bind", &format!("{from}:0")])
        .args(["-servername", NAME, "-alpn", "http/1.1"])
        .args(["-verify_hostname", NAME, "-verify_return_error", "-CAfile"])
        .arg(proxy.path("fullchain.pem"))
        .stdin(input)
        .stdout(output)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::spawn(move || child.wait());
    ours
}

/// Connects without TLS and without a proxy, from the address `from`.
pub(super) fn connect_bare(to: &str, from: &str) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let from: SocketAddr = format!("{from}:0").parse().unwrap();
    let to: SocketAddr = to.parse().unwrap();
    socket.bind(&from.into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.into()
}

/// An event stream read by curl, line by line.
pub(super) struct Curl {
    child: Child,
    lines: UnboundedReceiver<String>,
}

impl Curl {
    /// Requests `path` from `proxy` with the HTTP version option `version` (`--http1.1`, `--http2`).
    pub(super) fn ask(proxy: &Proxy, version: &str, path: &str) -> Self {
        let host = proxy.host();
        let ip = proxy.tls();
        let ip = ip.split(':').next().unwrap();
        let mut child = tool("curl")
            .args(["-sSNi", version, "--interface", "127.0.0.2", "--cacert"])
            .arg(proxy.path("fullchain.pem"))
            .args(["--resolve", &format!("{host}:{ip}")])
            .arg(format!("https://{host}{path}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = unbounded_channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// The next line; `None` at the end of the stream.
    pub(super) async fn line(&mut self) -> Option<String> {
        timeout(TIMEOUT, self.lines.recv())
            .await
            .expect("a line, or the end")
    }

    /// The next message.
    pub(super) async fn message(&mut self) -> Value {
        loop {
            let line = self.line().await.expect("the stream is still open");
            if let Some(data) = line.strip_prefix("data: ") {
                return serde_json::from_str(data).unwrap();
            }
        }
    }

    /// The next message with records, skipping `viewers`.
    pub(super) async fn data(&mut self) -> Value {
        loop {
            let message = self.message().await;
            if message["type"] == "data" {
                return message;
            }
        }
    }
}

impl Drop for Curl {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
