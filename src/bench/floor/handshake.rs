//! The floor's side of the WebSocket handshake, with only the checks that a well-behaved client needs.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use headers::{Header, HeaderValue, SecWebsocketAccept, SecWebsocketKey};

use crate::protocol::message::SUBPROTOCOL;

/// The longest request head in bytes.
const REQUEST_LEN_MAX: usize = 8 * 1024;

/// How long a client may take to send its request; connections are accepted one at a time.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// Performs the handshake on `stream`; returns whether the client offered v1.
pub(super) fn accept_websocket(stream: &mut TcpStream) -> io::Result<bool> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(HANDSHAKE_TIMEOUT))?;
    let request = read_request(stream)?;
    let field = |name: &str| {
        request.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let key = field("sec-websocket-key")
        .and_then(accept_key)
        .ok_or(io::ErrorKind::InvalidData)?;
    let is_v1 = field("sec-websocket-protocol") == Some(SUBPROTOCOL);
    let offer = if is_v1 {
        format!("Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n")
    } else {
        String::new()
    };
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {key}\r\n{offer}\r\n"
    );
    stream.write_all(answer.as_bytes())?;
    Ok(is_v1)
}

/// Reads the request head. Nothing follows it, because a client waits for the response.
fn read_request(stream: &mut TcpStream) -> io::Result<String> {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        let len = stream.read(&mut buffer)?;
        if len == 0 || request.len() + len > REQUEST_LEN_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        request.extend_from_slice(&buffer[..len]);
    }
    String::from_utf8(request).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// The `Sec-WebSocket-Accept` value for `key`.
fn accept_key(key: &str) -> Option<String> {
    let value = HeaderValue::from_str(key).ok()?;
    let key = SecWebsocketKey::decode(&mut std::iter::once(&value)).ok()?;
    let mut values = Vec::new();
    SecWebsocketAccept::from(key).encode(&mut values);
    Some(values.first()?.to_str().ok()?.to_owned())
}
