//! The floor's side of a v1 connection: `hello` and pongs, so that the same instrument can ask it the time.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::bench::schedule::Schedule;
use crate::clock::Clock;
use crate::protocol::frame::{self, Decoder, Incoming};
use crate::protocol::message::{
    DatasetView, FieldsView, Hello, Message, SUBPROTOCOL, TimelineView, parse_ping,
};
use crate::protocol::{Epoch, Micros, Seq, TopicName};

/// Talks with one v1 client until it goes.
pub(super) fn converse(mut stream: TcpStream, clock: Clock, schedule: Schedule) -> io::Result<()> {
    stream.set_read_timeout(None)?;
    stream.write_all(&frame::text(&hello(clock.now(), schedule)))?;
    let (mut decoder, mut buffer) = (Decoder::default(), [0; 1024]);
    loop {
        let len = stream.read(&mut buffer)?;
        let received = clock.now();
        if len == 0 {
            return Ok(());
        }
        decoder.feed(&buffer[..len]);
        while let Ok(Some(incoming)) = decoder.message() {
            match incoming {
                Incoming::Text(text) => {
                    if let Ok(Some(id)) = parse_ping(&text) {
                        let pong = Message::Pong {
                            id,
                            r: received,
                            s: clock.now(),
                        };
                        stream.write_all(&frame::text(&pong.to_json()))?;
                    }
                }
                Incoming::Close => return Ok(()),
                Incoming::Binary | Incoming::Ping(_) | Incoming::Pong => {}
            }
        }
    }
}

fn hello(now: Micros, schedule: Schedule) -> Vec<u8> {
    let topic: TopicName = "floor".parse().expect("these letters are a topic's name");
    let epoch: Epoch = "floor".parse().expect("these letters are an epoch's name");
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
            rate: schedule.rate,
            playing: true,
        }),
        retained: None,
        dataset: Some(DatasetView {
            len: schedule.len,
            looping: true,
            sha256: "",
        }),
        // The floor sends no long records.
        record_max: 0,
        fields: &FieldsView::default(),
        viewers: 0,
    };
    Message::Hello(hello).to_json()
}
