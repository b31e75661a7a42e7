//! HTTP by hand, for what well-behaved clients do not send.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};

use serde_json::Value;
use socket2::{Domain, Socket, Type};

use super::PATIENCE;
use super::hub::root;

pub(crate) struct Raw(TcpStream);

/// An answer, taken apart.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Raw {
    pub(crate) fn connect(address: &str) -> Self {
        Self::from(TcpStream::connect(address).unwrap())
    }

    /// As a client at `source`, which is a loopback address.
    pub(crate) fn connect_from(source: &str, address: &str) -> Self {
        let address: SocketAddr = address.parse().unwrap();
        let source: IpAddr = source.parse().unwrap();
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((source, 0)).into()).unwrap();
        socket.connect(&address.into()).unwrap();
        Self::from(TcpStream::from(socket))
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> &mut Self {
        // The hub may refuse and close before it has everything; its answer tells.
        _ = self.0.write_all(bytes);
        self
    }

    /// Everything until the hub closes.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        // A reset after the answer ends it as well: the hub closed with our bytes unread.
        while let Ok(len @ 1..) = self.0.read(&mut buffer) {
            bytes.extend_from_slice(&buffer[..len]);
        }
        bytes
    }

    /// Up to `len` bytes that are there or come next; nothing at the end, or after a reset.
    pub(crate) fn some(&mut self, len: usize) -> Vec<u8> {
        let mut buffer = vec![0; len];
        let len = self.0.read(&mut buffer).unwrap_or(0);
        buffer.truncate(len);
        buffer
    }

    /// Whether there is something to be read.
    pub(crate) fn has_input(&self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        let found = self.0.peek(&mut [0]);
        self.0.set_nonblocking(false).unwrap();
        found.is_ok()
    }

    /// Everything up to and including `text`.
    pub(crate) fn until(&mut self, text: &str) -> String {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&bytes).contains(text) {
            let len = self.0.read(&mut buffer).unwrap();
            assert!(len > 0, "no {text} in {}", String::from_utf8_lossy(&bytes));
            bytes.extend_from_slice(&buffer[..len]);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Everything up to and including `end`, no byte more; `None` at the end of the connection.
    pub(crate) fn through(&mut self, end: &[u8]) -> Option<String> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(end) {
            let mut byte = [0];
            if self.0.read(&mut byte).unwrap() == 0 {
                assert!(
                    bytes.is_empty(),
                    "cut off: {}",
                    String::from_utf8_lossy(&bytes)
                );
                return None;
            }
            bytes.extend_from_slice(&byte);
        }
        Some(String::from_utf8(bytes).unwrap())
    }

    /// Sends a request with `headers` (each with its line end) and reads the whole answer.
    pub(crate) fn ask(address: &str, method: &str, path: &str, headers: &str) -> Answer {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n"
        );
        Self::raw(address, request.as_bytes())
    }

    /// The head of a WebSocket handshake; `headers` each with its line end.
    pub(crate) fn handshake(address: &str, headers: &str) -> String {
        format!(
            "GET /ws HTTP/1.1\r\nhost: {address}\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        )
    }

    /// Shakes hands with `headers`; returns the connection with the head of the answer.
    pub(crate) fn upgrade(address: &str, headers: &str) -> (Self, String) {
        let mut raw = Self::connect(address);
        raw.send(Self::handshake(address, headers).as_bytes());
        let head = raw.head();
        (raw, head)
    }

    /// The head of the answer.
    pub(crate) fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.exactly::<1>()[0]);
        }
        String::from_utf8(head).unwrap()
    }

    /// The next frame: its first byte, and its payload.
    pub(crate) fn frame(&mut self) -> (u8, Vec<u8>) {
        let [first, len] = self.exactly();
        let len = match len {
            126 => u64::from(u16::from_be_bytes(self.exactly())),
            127 => u64::from_be_bytes(self.exactly()),
            len => u64::from(len),
        };
        let mut payload = vec![0; usize::try_from(len).unwrap()];
        self.0.read_exact(&mut payload).unwrap();
        (first, payload)
    }

    fn exactly<const LEN: usize>(&mut self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// The socket itself, to be shut down while somebody reads.
    pub(crate) fn socket(&self) -> TcpStream {
        self.0.try_clone().unwrap()
    }

    /// Has the kernel take hardly anything that is not read.
    pub(crate) fn take_little(&self) {
        socket2::SockRef::from(&self.0)
            .set_recv_buffer_size(4_096)
            .unwrap();
    }

    pub(crate) fn raw(address: &str, request: &[u8]) -> Answer {
        Answer::parse(&Self::connect(address).send(request).rest())
    }

    pub(crate) fn get(address: &str, path: &str) -> Answer {
        Self::ask(address, "GET", path, "")
    }
}

impl From<TcpStream> for Raw {
    /// On a connection that is there already.
    fn from(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }
}

impl From<Vec<u8>> for Answer {
    /// Of all bytes that a hub has sent.
    fn from(bytes: Vec<u8>) -> Self {
        Self::parse(&bytes)
    }
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .expect("a whole head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Self {
            status,
            head,
            body: bytes[end + 4..].to_vec(),
        };
        if answer.header("transfer-encoding") == Some("chunked") && !answer.body.is_empty() {
            answer.body = joined(&answer.body);
        }
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }

    /// Whether the head has this line, whatever other lines of that name there are.
    pub(crate) fn has_line(&self, line: &str) -> bool {
        self.head
            .lines()
            .any(|other| other.eq_ignore_ascii_case(line))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Asserts that this is the problem document of `status`, with a remedy in words.
    pub(crate) fn expect_problem(&self, status: u16) {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{}\n{text}", self.head);
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(self.json()["status"], status);
        assert!(self.json()["detail"].as_str().unwrap().len() > 10);
        let row = format!("| {status} | `{}` |", self.code());
        let handbook = root().join("docs/handbook/problems.md");
        let handbook = std::fs::read_to_string(handbook).unwrap();
        assert!(handbook.contains(&row), "not in the handbook: {text}");
    }

    /// The cause that a problem document names.
    pub(crate) fn code(&self) -> String {
        let code = self.json()["code"].as_str().map(str::to_owned);
        code.unwrap_or_else(|| panic!("no code in {}", self.text()))
    }
}

/// The content of a whole chunked body.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n").unwrap();
        let len = std::str::from_utf8(&chunks[..end]).unwrap();
        let len = usize::from_str_radix(len, 16).unwrap();
        let (chunk, rest) = chunks[end + 2..].split_at(len);
        body.extend_from_slice(chunk);
        chunks = rest.strip_prefix(b"\r\n").expect("a chunk has its end");
        if len == 0 {
            assert!(chunks.is_empty(), "the last chunk is the last");
            return body;
        }
    }
}
