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

use super::{Hub, PATIENCE};

type Connection = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) struct Viewer {
    stream: Connection,
    /// The records of a batch that have not been asked for yet, each as the `data` message it stands for.
    unpacked: VecDeque<Value>,
}

/// How a refused handshake was answered.
pub(crate) struct Refusal {
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

    /// One that is sent what comes from now on.
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
    ) -> Result<Self, Refusal> {
        let request = with_headers(&format!("ws://{}{path}", hub.public()), headers);
        let answer = timeout(PATIENCE, connect_async(request)).await;
        Self::answered(answer.expect("an answer to the handshake"))
    }

    /// The same over a connection that is there already, to whatever `url` says.
    pub(crate) async fn over(
        connection: std::net::TcpStream,
        url: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Refusal> {
        connection.set_nonblocking(true).unwrap();
        let connection = MaybeTlsStream::Plain(TcpStream::from_std(connection).unwrap());
        let request = with_headers(url, headers);
        let answer = timeout(PATIENCE, client_async(request, connection)).await;
        Self::answered(answer.expect("an answer to the handshake"))
    }

    fn answered(answer: Result<(Connection, Response), Error>) -> Result<Self, Refusal> {
        match answer {
            Ok((stream, _)) => Ok(Self {
                stream,
                unpacked: VecDeque::new(),
            }),
            Err(Error::Http(response)) => Err(Refusal {
                status: response.status().as_u16(),
                problem: serde_json::from_slice(response.body().as_deref().unwrap_or_default())
                    .unwrap_or_default(),
            }),
            Err(error) => panic!("{error}"),
        }
    }

    /// One of `tickcast.v1` at `address`, up to a `#`; `None` when nobody is there.
    pub(crate) async fn try_at(address: &str, path: &str) -> Option<Self> {
        let host = address.split('#').next().unwrap();
        let mut request = format!("ws://{host}{path}").into_client_request().unwrap();
        let offer = http::HeaderValue::from_static("tickcast.v1");
        request
            .headers_mut()
            .insert("sec-websocket-protocol", offer);
        let connected = timeout(PATIENCE, connect_async(request)).await;
        let (stream, _) = connected.expect("an answer, or none").ok()?;
        Some(Self {
            stream,
            unpacked: VecDeque::new(),
        })
    }

    /// The next text message as JSON; `None` when the connection is gone.
    pub(crate) async fn try_whole(&mut self) -> Option<Value> {
        loop {
            let next = timeout(PATIENCE, self.stream.next()).await;
            match next.expect("a message, or the end")?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// The next text message as it came.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            match self.message().await {
                Message::Text(text) => return text.to_string(),
                // The hub looks whether we live, at a moment of its own.
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("a text message was due, {other:?} came"),
            }
        }
    }

    /// The next text message as JSON; a `batch` comes as the `data` messages it stands for.
    pub(crate) async fn json(&mut self) -> Value {
        loop {
            if let Some(data) = self.unpacked.pop_front() {
                return data;
            }
            let message = self.whole().await;
            if message["type"] != "batch" {
                return message;
            }
            self.unpacked = unpack(&message).into();
        }
    }

    /// The next text message as JSON; how many others there are is left out, which nearly no test is about.
    pub(crate) async fn whole(&mut self) -> Value {
        loop {
            let message = self.any().await;
            if message["type"] != "viewers" {
                return message;
            }
        }
    }

    /// The next text message as JSON, whatever it is about.
    pub(crate) async fn any(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// The next message called `name`, whatever comes before it.
    pub(crate) async fn until(&mut self, name: &str) -> Value {
        loop {
            let message = self.json().await;
            if message["type"] == name {
                return message;
            }
        }
    }

    /// Reads `data` messages, each the one after the last, whose place was `last`. Returns the last one's place and
    /// the first message of another type.
    pub(crate) async fn through_data(&mut self, mut last: u64) -> (u64, Value) {
        loop {
            let message = self.json().await;
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

    /// Waits for the close, leaving out what comes before it.
    pub(crate) async fn closed(&mut self) -> CloseFrame {
        self.text_until_close().await.1
    }

    /// Everything up to the close, and the close.
    pub(crate) async fn text_until_close(&mut self) -> (Vec<String>, CloseFrame) {
        let mut texts = Vec::new();
        loop {
            match self.message().await {
                Message::Text(text) => texts.push(text.to_string()),
                Message::Close(frame) => return (texts, frame.expect("the hub gives a code")),
                _ => {}
            }
        }
    }

    /// Waits until the connection itself is gone.
    pub(crate) async fn gone(&mut self) {
        while let Some(Ok(_)) = timeout(PATIENCE, self.stream.next())
            .await
            .expect("the end of the connection")
        {}
    }

    pub(crate) async fn message(&mut self) -> Message {
        let next = timeout(PATIENCE, self.stream.next())
            .await
            .expect("a message");
        next.expect("the connection goes on")
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

/// The `data` messages that a `batch` stands for.
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
