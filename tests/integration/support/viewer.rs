//! A WebSocket viewer.

use std::collections::VecDeque;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};
use tokio_tungstenite::tungstenite::{Error, http};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

use super::{Hub, TIMEOUT};

type Connection = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) struct Viewer {
    stream: Connection,
    /// The records of the current batch that have not been returned yet, as `data` messages.
    unpacked: VecDeque<Value>,
}

/// The response to a rejected handshake.
pub(crate) struct HandshakeRejection {
    pub(crate) status: u16,
    pub(crate) problem: Value,
}

impl Viewer {
    pub(crate) async fn bare(hub: &Hub) -> Self {
        Self::connect(hub, "/ws", &[])
            .await
            .ok()
            .expect("the hub admits the viewer")
    }

    /// A v1 viewer without backfill.
    pub(crate) async fn v1(hub: &Hub) -> Self {
        Self::v1_at(hub, "/ws?last=0").await
    }

    pub(crate) async fn v1_at(hub: &Hub, path: &str) -> Self {
        let offer = [("sec-websocket-protocol", "tickcast.v1")];
        Self::connect(hub, path, &offer)
            .await
            .ok()
            .expect("the hub admits the viewer")
    }

    pub(crate) async fn connect(
        hub: &Hub,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, HandshakeRejection> {
        let request = with_headers(&format!("ws://{}{path}", hub.public()), headers);
        let answer = timeout(TIMEOUT, connect_async(request)).await;
        Self::from_handshake(answer.expect("an answer to the handshake"))
    }

    /// Joins `url` over an existing connection.
    pub(crate) async fn connect_over(
        connection: std::net::TcpStream,
        url: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, HandshakeRejection> {
        connection.set_nonblocking(true).unwrap();
        let connection = MaybeTlsStream::Plain(TcpStream::from_std(connection).unwrap());
        let request = with_headers(url, headers);
        let answer = timeout(TIMEOUT, client_async(request, connection)).await;
        Self::from_handshake(answer.expect("an answer to the handshake"))
    }

    fn from_handshake(
        answer: Result<(Connection, Response), Error>,
    ) -> Result<Self, HandshakeRejection> {
        match answer {
            Ok((stream, _)) => Ok(Self {
                stream,
                unpacked: VecDeque::new(),
            }),
            Err(Error::Http(response)) => Err(HandshakeRejection {
                status: response.status().as_u16(),
                problem: serde_json::from_slice(response.body().as_deref().unwrap_or_default())
                    .unwrap_or_default(),
            }),
            Err(error) => panic!("{error}"),
        }
    }

    /// Joins `address` with `tickcast.v1`, ignoring anything after a `#`; `None` if the handshake fails.
    pub(crate) async fn try_connect(address: &str, path: &str) -> Option<Self> {
        let host = address.split('#').next().unwrap();
        let mut request = format!("ws://{host}{path}").into_client_request().unwrap();
        let offer = http::HeaderValue::from_static("tickcast.v1");
        request
            .headers_mut()
            .insert("sec-websocket-protocol", offer);
        let connected = timeout(TIMEOUT, connect_async(request)).await;
        let (stream, _) = connected.expect("the handshake to end").ok()?;
        Some(Self {
            stream,
            unpacked: VecDeque::new(),
        })
    }

    /// The next text message as JSON; `None` if the connection has ended.
    pub(crate) async fn try_next_message(&mut self) -> Option<Value> {
        loop {
            let next = timeout(TIMEOUT, self.stream.next()).await;
            match next.expect("a message, or the end")?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// The next text message, as text.
    pub(crate) async fn next_text(&mut self) -> String {
        loop {
            match self.next_frame().await {
                Message::Text(text) => return text.to_string(),
                // Keep-alive pings may arrive at any time.
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected a text message, got {other:?}"),
            }
        }
    }

    /// The next message as JSON, with each `batch` expanded into `data` messages and without `viewers`.
    pub(crate) async fn next_unbatched(&mut self) -> Value {
        loop {
            if let Some(data) = self.unpacked.pop_front() {
                return data;
            }
            let message = self.next_message_except_viewers().await;
            if message["type"] != "batch" {
                return message;
            }
            self.unpacked = unpack(&message).into();
        }
    }

    /// The next message as JSON, skipping `viewers` messages.
    pub(crate) async fn next_message_except_viewers(&mut self) -> Value {
        loop {
            let message = self.next_message().await;
            if message["type"] != "viewers" {
                return message;
            }
        }
    }

    /// The next message as JSON.
    pub(crate) async fn next_message(&mut self) -> Value {
        serde_json::from_str(&self.next_text().await).unwrap()
    }

    /// The next message of type `name`, skipping all others.
    pub(crate) async fn until(&mut self, name: &str) -> Value {
        loop {
            let message = self.next_unbatched().await;
            if message["type"] == name {
                return message;
            }
        }
    }

    /// Reads consecutive `data` messages after `last`. Returns the `seq` of the last one and the first message of
    /// another type.
    pub(crate) async fn read_data_messages(&mut self, mut last: u64) -> (u64, Value) {
        loop {
            let message = self.next_unbatched().await;
            if message["type"] != "data" {
                return (last, message);
            }
            last += 1;
            assert_eq!(message["seq"], last);
        }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.send_message(Message::text(text)).await;
    }

    pub(crate) async fn send_message(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// Waits for the close frame, skipping everything before it.
    pub(crate) async fn wait_for_close(&mut self) -> CloseFrame {
        self.text_until_close().await.1
    }

    /// Reads all text messages up to the close frame; returns both.
    pub(crate) async fn text_until_close(&mut self) -> (Vec<String>, CloseFrame) {
        let mut texts = Vec::new();
        loop {
            match self.next_frame().await {
                Message::Text(text) => texts.push(text.to_string()),
                Message::Close(frame) => return (texts, frame.expect("the hub gives a code")),
                _ => {}
            }
        }
    }

    /// Waits until the connection has ended.
    pub(crate) async fn wait_for_disconnect(&mut self) {
        while let Some(Ok(_)) = timeout(TIMEOUT, self.stream.next())
            .await
            .expect("the end of the connection")
        {}
    }

    pub(crate) async fn next_frame(&mut self) -> Message {
        let next = timeout(TIMEOUT, self.stream.next())
            .await
            .expect("a message");
        next.expect("the connection is still open")
            .expect("the frames are well formed")
    }
}

fn with_headers(url: &str, headers: &[(&'static str, &str)]) -> http::Request<()> {
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        let value = http::HeaderValue::from_str(value).unwrap();
        request.headers_mut().insert(*name, value);
    }
    request
}

/// Expands a `batch` into `data` messages.
pub(crate) fn unpack(batch: &Value) -> Vec<Value> {
    let (seq, t) = (batch["seq"].as_i64().unwrap(), batch["t"].as_i64().unwrap());
    let records = batch["data"].as_array().unwrap();
    assert!(records.len() > 1, "one record goes as `data`: {batch}");
    let offset = |n: usize| match &batch["dt"] {
        Value::Array(offsets) => {
            assert_eq!((offsets.len(), &offsets[0]), (records.len(), &json!(0)));
            offsets[n].as_i64().unwrap()
        }
        dt => i64::try_from(n).unwrap() * dt.as_i64().unwrap(),
    };
    let data = |(n, record): (usize, &Value)| {
        let seq = seq + i64::try_from(n).unwrap();
        json!({"type": "data", "seq": seq, "t": t + offset(n), "data": record})
    };
    records.iter().enumerate().map(data).collect()
}
