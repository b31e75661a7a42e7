//! The floor's side of a v1 connection: sends `hello` and answers pings, so that the bench can estimate its clock.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::bench::hub_schedule::HubSchedule;
use crate::clock::Clock;
use crate::protocol::message::{DatasetView, Hello, Message, SUBPROTOCOL, TimelineView};
use crate::protocol::websocket::{self, Decoder, ViewerMessage};
use crate::protocol::{Epoch, FieldsView, Micros, Seq, Speed, TopicName, ViewerText};

/// Serves one v1 client until it disconnects.
pub(super) fn serve_v1(
    mut stream: TcpStream,
    clock: Clock,
    schedule: HubSchedule,
) -> io::Result<()> {
    stream.set_read_timeout(None)?;
    stream.write_all(&websocket::text_frame(&hello(clock.now(), schedule)))?;
    let (mut decoder, mut buffer) = (Decoder::default(), [0; 1024]);
    loop {
        let len = stream.read(&mut buffer)?;
        let received = clock.now();
        if len == 0 {
            return Ok(());
        }
        decoder.feed(&buffer[..len]);
        while let Ok(Some(incoming)) = decoder.next_message() {
            match incoming {
                ViewerMessage::Text(text) => {
                    if let Ok(ViewerText::Ping(id)) = ViewerText::parse(&text) {
                        let pong = Message::Pong {
                            id,
                            r: received,
                            s: clock.now(),
                        };
                        stream.write_all(&websocket::text_frame(&pong.to_json()))?;
                    }
                }
                ViewerMessage::Close => return Ok(()),
                ViewerMessage::Binary | ViewerMessage::Ping(_) | ViewerMessage::Pong => {}
            }
        }
    }
}

fn hello(now: Micros, schedule: HubSchedule) -> Vec<u8> {
    let topic: TopicName = "floor".parse().expect("a valid topic name");
    let epoch: Epoch = "floor".parse().expect("a valid epoch");
    let hello = Hello {
        protocol: SUBPROTOCOL,
        topic: &topic,
        epoch: &epoch,
        seq: Seq::saturating(schedule.due(now.get())),
        now,
        recovered: None,
        delay: 0,
        timeline: Some(TimelineView {
            seq0: Seq::saturating(schedule.seq0),
            t0: Micros::new(schedule.t0),
            index0: schedule.index0,
            position0: None,
            rate: Some(schedule.rate),
            speed: Speed::NORMAL,
            playing: true,
        }),
        retained: None,
        dataset: Some(DatasetView {
            len: schedule.len,
            looping: true,
            sha256: "",
        }),
        // Not a limit: the floor sends only short records.
        record_max: 0,
        fields: &FieldsView::default(),
        viewers: 0,
        states: Vec::new(),
    };
    Message::Hello(hello).to_json()
}
