//! One viewer: a socket, a place on the timeline, and the conversation about it.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, sleep_until};

use super::closing::Closing;
use super::drain::Drain;
use super::heartbeat::{Beat, Heartbeat};
use super::joiner::{Form, Joiner};
use super::outbox::Outbox;
use super::socket;
use super::throttle::Throttle;
use crate::clock::Clock;
use crate::hub::{Ask, Subscription, Wave};
use crate::protocol::frame::{self, Decoder, Incoming};
use crate::protocol::message::{self, Gap, GapReason, Hello, Message};
use crate::protocol::{Close, Micros, Seq};
use crate::settings::SlowPolicy;

/// Serves one viewer on `socket`, on which `leftover` was read already, until either side ends it.
pub async fn serve(
    socket: TcpStream,
    leftover: Bytes,
    joiner: Joiner,
    clock: Clock,
    drain: Arc<Drain>,
) {
    let _seat = joiner.seat;
    let (topic, remote) = (Arc::clone(joiner.subscription.topic()), joiner.remote);
    let topic_name = topic.name().as_str();
    socket::give_up_in_the_end(&socket, topic.max_lag());
    tracing::debug!(event = "viewer.joined", topic = topic_name, %remote, "a viewer joined");
    let mut viewer = Viewer::join(joiner.form, joiner.subscription, &joiner.ask, clock);
    // An error means that the connection is gone; what matters is whether a close was under way.
    _ = viewer.run(&socket, &leftover, &drain).await;
    let reason = viewer.closing.map_or("lost", |closing| closing.why.label());
    tracing::debug!(event = "viewer.left", topic = topic_name, %remote, reason, "a viewer left");
}

/// A viewer between its joining and its leaving.
struct Viewer {
    form: Form,
    clock: Clock,
    subscription: Subscription,
    /// The last publication the viewer has; `None` before its first, unless it came with a position.
    last: Option<Seq>,
    /// The first publication that was left out, until the viewer has been told.
    left_out_from: Option<Seq>,
    decoder: Decoder,
    throttle: Throttle,
    heartbeat: Heartbeat,
    outbox: Outbox,
    /// Publications in the outbox.
    in_flight: u64,
    /// The newest `ping` message that has not been answered: its id, and when it came.
    ping: Option<(u64, Micros)>,
    /// The payload of the newest WebSocket ping that has not been answered.
    control_ping: Option<Vec<u8>>,
    closing: Option<Closing>,
}

impl Viewer {
    fn join(form: Form, mut subscription: Subscription, ask: &Ask, clock: Clock) -> Self {
        subscription.enter();
        let answer = ask.answer(subscription.topic().epoch(), subscription.last());
        let has_position = matches!(ask, Ask::Since(_)) && answer.recovered == Some(true);
        let mut viewer = Self {
            form,
            clock,
            last: has_position.then(|| subscription.last()),
            subscription,
            left_out_from: None,
            decoder: Decoder::default(),
            throttle: Throttle::begin(clock.now()),
            heartbeat: Heartbeat::begin(Instant::now()),
            outbox: Outbox::default(),
            in_flight: 0,
            ping: None,
            control_ping: None,
            closing: None,
        };
        if form == Form::V1 {
            viewer.greet(answer.recovered, answer.gap);
        }
        viewer
    }

    fn greet(&mut self, recovered: Option<bool>, gap: Option<Gap>) {
        let topic = Arc::clone(self.subscription.topic());
        let hello = Message::Hello(Hello {
            protocol: message::SUBPROTOCOL,
            topic: topic.name(),
            epoch: topic.epoch(),
            seq: self.subscription.last(),
            now: self.clock.now(),
            recovered,
            delay: u64::try_from(topic.delay().as_micros()).unwrap_or(u64::MAX),
            timeline: Some(topic.timeline().view()),
            retained: None,
            dataset: Some(topic.dataset_view()),
            fields: topic.fields(),
            viewers: topic.viewers(),
        });
        self.say(&hello);
        if let Some(gap) = gap {
            self.say(&Message::Gap(gap));
        }
        if self.subscription.is_ended() {
            self.outbox.extend(topic.end_frame());
        }
    }

    /// Runs until both sides have closed.
    ///
    /// # Errors
    /// The connection was lost, or cut because a close took too long.
    async fn run(&mut self, socket: &TcpStream, leftover: &[u8], drain: &Drain) -> io::Result<()> {
        let mut turn = pin!(drain.turn());
        let mut deadline = pin!(sleep_until(self.deadline()));
        // The greeting goes before the answer to whatever came with the handshake.
        self.flush(socket)?;
        self.hear(leftover);
        loop {
            self.flush(socket)?;
            if self.is_over() {
                return Ok(());
            }
            if deadline.deadline() != self.deadline() {
                deadline.as_mut().reset(self.deadline());
            }
            let is_open = self.closing.is_none();
            tokio::select! {
                result = socket.readable() => result.and_then(|()| self.read(socket))?,
                result = socket.writable(), if self.outbox.is_blocked() => {
                    result?;
                    self.outbox.unblock();
                }
                wave = self.subscription.recv(), if is_open && self.outbox.is_empty() => self.take(wave),
                // Polled no more once it has come, because from then on a close is under way.
                () = &mut turn, if is_open => self.send_away(drain.retry_ms()),
                () = &mut deadline => self.beat()?,
            }
        }
    }

    fn is_over(&self) -> bool {
        self.outbox.is_empty()
            && self
                .closing
                .as_ref()
                .is_some_and(|closing| closing.is_mutual)
    }

    /// Takes a wave from the channel, and whatever else is due at once.
    fn take(&mut self, wave: Result<Wave, RecvError>) {
        match wave {
            Ok(wave) => self.push_wave(&wave),
            Err(RecvError::Lagged(_)) => return self.lag(),
            // The topic outlives its viewers; without it there is nothing more to come.
            Err(RecvError::Closed) => return self.close(Closing::begin(Close::Normal)),
        }
        for _ in 1..Outbox::FRAMES_PER_CALL_MAX {
            match self.subscription.try_recv() {
                Ok(wave) => self.push_wave(&wave),
                Err(TryRecvError::Lagged(_)) => return self.lag(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn push_wave(&mut self, wave: &Wave) {
        match (wave, self.form) {
            (Wave::Publication(publication), form) => {
                self.tell_what_was_left_out(publication.seq().previous());
                self.outbox.push(match form {
                    Form::Bare => publication.bare().clone(),
                    Form::V1 => publication.v1(self.last).clone(),
                });
                self.last = Some(publication.seq());
                self.in_flight += 1;
            }
            (Wave::End(end), Form::V1) => {
                self.tell_what_was_left_out(self.subscription.topic().published());
                self.outbox.push(end.clone());
            }
            (Wave::End(_), Form::Bare) => {}
        }
    }

    /// The channel has dropped what this viewer did not take in time.
    fn lag(&mut self) {
        let slow = self.subscription.topic().slow();
        if self.form == Form::Bare || slow == SlowPolicy::Disconnect {
            return self.close(Closing::begin(Close::Slow));
        }
        self.left_out_from
            .get_or_insert_with(|| self.subscription.last().next());
        if self.subscription.skip_to_live() {
            // No publication follows that could bring the gap.
            self.tell_what_was_left_out(self.subscription.topic().published());
            self.outbox.extend(self.subscription.topic().end_frame());
        }
    }

    /// Tells the gap from the first publication that was left out up to `to`, if there is one.
    fn tell_what_was_left_out(&mut self, to: Seq) {
        if let Some(from) = self.left_out_from.take().filter(|from| *from <= to) {
            self.subscription.topic().counters.gaps.add(1);
            self.say(&Message::Gap(Gap {
                from: Some(from),
                to: Some(to),
                reason: GapReason::Slow,
            }));
        }
    }

    /// Reads what the socket has; an error when the viewer is gone.
    fn read(&mut self, socket: &TcpStream) -> io::Result<()> {
        /// A viewer sends pings of some 30 bytes.
        const READ_LEN: usize = 2_048;
        // On the stack and in no future: a silent viewer holds no buffer.
        let mut bytes = [0; READ_LEN];
        match socket.try_read(&mut bytes) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(len) => {
                self.hear(&bytes[..len]);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.heartbeat.hear(Instant::now());
        let now = self.clock.now();
        self.decoder.feed(bytes);
        loop {
            match self.decoder.message() {
                Ok(Some(incoming)) => self.answer(incoming, now),
                Ok(None) => return,
                Err(close) => return self.close(Closing::failure(close)),
            }
        }
    }

    fn answer(&mut self, incoming: Incoming, now: Micros) {
        if let (Incoming::Close, Some(closing)) = (&incoming, &mut self.closing) {
            closing.is_mutual = true;
            return;
        }
        if self.closing.is_some() {
            return;
        }
        if incoming != Incoming::Close && !self.throttle.allows(now) {
            return self.close(Closing::begin(Close::TooMany));
        }
        match (incoming, self.form) {
            (Incoming::Close, _) => self.close(Closing::in_answer()),
            (Incoming::Ping(payload), _) => self.control_ping = Some(payload),
            (Incoming::Binary, Form::V1) => self.close(Closing::begin(Close::Binary)),
            (Incoming::Text(text), Form::V1) => match message::parse_ping(&text) {
                Ok(Some(id)) => self.ping = Some((id, now)),
                Ok(None) => {}
                Err(_) => self.close(Closing::begin(Close::Malformed)),
            },
            (Incoming::Pong, _) | (Incoming::Binary | Incoming::Text(_), Form::Bare) => {}
        }
    }

    /// Writes what the socket takes.
    fn flush(&mut self, socket: &TcpStream) -> io::Result<()> {
        if self.outbox.is_blocked() {
            return Ok(());
        }
        self.push_pongs();
        let taken = self.outbox.write(socket)?;
        let counters = &self.subscription.topic().counters;
        counters.bytes.add(taken as u64);
        if self.outbox.is_empty() {
            counters.delivered.add(std::mem::take(&mut self.in_flight));
            if self
                .closing
                .as_ref()
                .is_some_and(|closing| closing.is_failure)
            {
                socket::end_our_half(socket)?;
            }
        }
        Ok(())
    }

    /// Answers to pings overtake what waits and are stamped as late as possible. Of those that came while the
    /// socket was blocked only the newest is answered, so that a viewer that does not read queues nothing.
    fn push_pongs(&mut self) {
        if let Some(payload) = self.control_ping.take() {
            self.outbox.push_ahead(frame::pong(&payload));
        }
        if let Some((id, r)) = self.ping.take() {
            let pong = Message::Pong {
                id,
                r,
                s: self.clock.now(),
            };
            self.outbox.push_ahead(frame::text(&pong.to_json()));
        }
    }

    fn deadline(&self) -> Instant {
        self.closing
            .as_ref()
            .map_or(self.heartbeat.deadline(), |closing| closing.deadline)
    }

    /// The deadline has come; an error when the viewer is to be cut.
    fn beat(&mut self) -> io::Result<()> {
        if self.closing.is_some() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match self.heartbeat.beat() {
            Beat::Ping => self.outbox.push(frame::ping()),
            Beat::GiveUp => self.close(Closing::begin(Close::NoPong)),
        }
        Ok(())
    }

    fn send_away(&mut self, retry_ms: [u64; 2]) {
        if self.form == Form::V1 {
            self.say(&Message::Bye {
                reason: "draining",
                retry_ms,
            });
        }
        self.close(Closing::begin(Close::Draining));
    }

    fn say(&mut self, message: &Message<'_>) {
        self.outbox.push(frame::text(&message.to_json()));
    }

    fn close(&mut self, closing: Closing) {
        if self.closing.is_none() {
            (self.ping, self.control_ping) = (None, None);
            self.outbox.push(frame::close(closing.why));
            self.closing = Some(closing);
        }
    }
}
