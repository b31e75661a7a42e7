//! A raw HTTP client, for requests that well-behaved clients do not send.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};

use serde_json::Value;
use socket2::{Domain, Socket, Type};

use super::TIMEOUT;
use super::hub::root;

pub(crate) struct RawClient(TcpStream);

/// A parsed response.
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl RawClient {
    pub(crate) fn connect(address: &str) -> Self {
        Self::from(TcpStream::connect(address).unwrap())
    }

    /// Connects from `source`, a loopback address.
    pub(crate) fn connect_from(source: &str, address: &str) -> Self {
        let address: SocketAddr = address.parse().unwrap();
        let source: IpAddr = source.parse().unwrap();
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((source, 0)).into()).unwrap();
        socket.connect(&address.into()).unwrap();
        Self::from(TcpStream::from(socket))
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> &mut Self {
        // Errors are ignored: the hub may reject the request and close before it has read all of it.
        _ = self.0.write_all(bytes);
        self
    }

    /// Reads until the hub closes the connection.
    pub(crate) fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        // A reset also ends the response: the hub closed without reading all of the request.
        while let Ok(len @ 1..) = self.0.read(&mut buffer) {
            bytes.extend_from_slice(&buffer[..len]);
        }
        bytes
    }

    /// Reads up to `len` bytes; returns none at the end of the connection or after a reset.
    pub(crate) fn read_some(&mut self, len: usize) -> Vec<u8> {
        let mut buffer = vec![0; len];
        let len = self.0.read(&mut buffer).unwrap_or(0);
        buffer.truncate(len);
        buffer
    }

    /// Whether data is available to read.
    pub(crate) fn has_input(&self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        let found = self.0.peek(&mut [0]);
        self.0.set_nonblocking(false).unwrap();
        found.is_ok()
    }

    /// Reads until `text` has arrived; may return more than that.
    pub(crate) fn read_until(&mut self, text: &str) -> String {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&bytes).contains(text) {
            let len = self.0.read(&mut buffer).unwrap();
            assert!(len > 0, "no {text} in {}", String::from_utf8_lossy(&bytes));
            bytes.extend_from_slice(&buffer[..len]);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Reads up to and including `end`, and nothing beyond it; `None` at the end of the connection.
    pub(crate) fn read_through(&mut self, end: &[u8]) -> Option<String> {
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

    /// Sends a request with `headers`, each ending with CRLF, and reads the whole response.
    pub(crate) fn request(address: &str, method: &str, path: &str, headers: &str) -> Response {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n"
        );
        Self::request_raw(address, request.as_bytes())
    }

    /// The request head of a WebSocket handshake with `headers`, each ending with CRLF.
    pub(crate) fn handshake(address: &str, headers: &str) -> String {
        format!(
            "GET /ws HTTP/1.1\r\nhost: {address}\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        )
    }

    /// Performs a handshake with `headers`; returns the connection and the response head.
    pub(crate) fn upgrade(address: &str, headers: &str) -> (Self, String) {
        let mut raw = Self::connect(address);
        raw.send(Self::handshake(address, headers).as_bytes());
        let head = raw.read_head();
        (raw, head)
    }

    /// Reads the response head.
    pub(crate) fn read_head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.read_array::<1>()[0]);
        }
        String::from_utf8(head).unwrap()
    }

    /// Reads the next frame: its first byte and its payload.
    pub(crate) fn read_frame(&mut self) -> (u8, Vec<u8>) {
        let [first, len] = self.read_array();
        let len = match len {
            126 => u64::from(u16::from_be_bytes(self.read_array())),
            127 => u64::from_be_bytes(self.read_array()),
            len => u64::from(len),
        };
        let mut payload = vec![0; usize::try_from(len).unwrap()];
        self.0.read_exact(&mut payload).unwrap();
        (first, payload)
    }

    fn read_array<const LEN: usize>(&mut self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// A second handle to the socket, to shut it down or read from it elsewhere.
    pub(crate) fn socket(&self) -> TcpStream {
        self.0.try_clone().unwrap()
    }

    /// Makes the kernel buffer hardly any unread data.
    pub(crate) fn shrink_receive_buffer(&self) {
        socket2::SockRef::from(&self.0)
            .set_recv_buffer_size(4_096)
            .unwrap();
    }

    pub(crate) fn request_raw(address: &str, request: &[u8]) -> Response {
        Response::parse(&Self::connect(address).send(request).read_to_end())
    }

    pub(crate) fn get(address: &str, path: &str) -> Response {
        Self::request(address, "GET", path, "")
    }
}

impl From<TcpStream> for RawClient {
    /// Uses an existing connection.
    fn from(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        Self(stream)
    }
}

impl From<Vec<u8>> for Response {
    /// Parses a complete response.
    fn from(bytes: Vec<u8>) -> Self {
        Self::parse(&bytes)
    }
}

impl Response {
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
            answer.body = decode_chunks(&answer.body);
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

    /// Whether the head contains this line; there may be others with the same name.
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

    /// Asserts that this is a problem document with `status`, a detail and a documented code.
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

    /// The `code` of a problem document.
    pub(crate) fn code(&self) -> String {
        let code = self.json()["code"].as_str().map(str::to_owned);
        code.unwrap_or_else(|| panic!("no code in {}", self.text()))
    }
}

/// Decodes a complete chunked body.
fn decode_chunks(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n").unwrap();
        let len = std::str::from_utf8(&chunks[..end]).unwrap();
        let len = usize::from_str_radix(len, 16).unwrap();
        let (chunk, rest) = chunks[end + 2..].split_at(len);
        body.extend_from_slice(chunk);
        chunks = rest.strip_prefix(b"\r\n").expect("a chunk ends with CRLF");
        if len == 0 {
            assert!(chunks.is_empty(), "no data follows the last chunk");
            return body;
        }
    }
}
