use std::io::IoSlice;

use proptest::prelude::*;

use super::super::log::Unit;
use super::*;
use crate::protocol::Micros;

/// A socket that takes so many bytes and then blocks.
#[derive(Default)]
struct Socket {
    room: usize,
    taken: Vec<u8>,
    calls: usize,
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        let len = bytes.len().min(self.room);
        if len == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.room -= len;
        self.taken.extend_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let bytes: Vec<u8> = slices
            .iter()
            .flat_map(|slice| slice.iter().copied())
            .collect();
        self.write(&bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Each publication as its number and a full stop.
fn spell(first: u64, last: u64) -> Vec<u8> {
    (first..=last)
        .flat_map(|n| format!("{n}.").into_bytes())
        .collect()
}

fn unit(first: u64, last: u64) -> Unit {
    Unit {
        first: Seq::saturating(first),
        last: Seq::saturating(last),
        t: Micros::new(i64::try_from(last).unwrap() * 1_000),
        jump_len: 0,
        bytes: spell(first, last).into(),
    }
}

/// A log and one viewer of it.
struct Stage {
    log: Log,
    published: u64,
    outgoing: Outgoing,
    socket: Socket,
    tally: Tally,
    gaps: Vec<(u64, u64)>,
}

impl Stage {
    /// Whoever is further behind is told a gap.
    const LAG_MAX: u64 = 1_000;

    fn new(joined_after: u64, log_begun: u64) -> Self {
        Self {
            log: Log::begin(Seq::saturating(log_begun)),
            published: log_begun - 1,
            outgoing: Outgoing::after(Seq::saturating(joined_after), false),
            socket: Socket::default(),
            tally: Tally::default(),
            gaps: Vec::new(),
        }
    }

    /// Publishes units of these lengths in one go.
    fn publish(&mut self, lens: &[u64]) {
        let units: Vec<_> = lens
            .iter()
            .map(|len| {
                let first = self.published + 1;
                self.published += len;
                unit(first, self.published)
            })
            .collect();
        self.log.extend(&units);
    }

    /// Lets the viewer write until the socket has taken `room` bytes or there is nothing to write.
    fn write(&mut self, room: usize) {
        self.socket.room = room;
        loop {
            let written = self
                .outgoing
                .write(
                    &self.log,
                    &mut self.socket,
                    &mut Allowance::long(),
                    &mut self.tally,
                )
                .unwrap();
            match written {
                Written::All | Written::Blocked => return,
                Written::Enough => {}
                Written::Apart(_)
                    if self.published - self.outgoing.last().get() > Self::LAG_MAX =>
                {
                    let to = self.log.next().previous();
                    self.gaps
                        .push((self.outgoing.last().next().get(), to.get()));
                    self.outgoing.skip_to(to);
                }
                Written::Apart(to) => {
                    let unit = unit(self.outgoing.last().next().get(), to.get());
                    self.outgoing.push_unit(&unit);
                }
            }
        }
    }

    /// What the viewer should have been sent: everything after its place but the gaps.
    fn expected(&self, joined_after: u64) -> (Vec<u8>, u64) {
        let is_in_gap = |n: &u64| self.gaps.iter().any(|(from, to)| (*from..=*to).contains(n));
        let sent = (joined_after + 1..=self.published).filter(|n| !is_in_gap(n));
        let sent: Vec<_> = sent.collect();
        let bytes = sent.iter().flat_map(|n| spell(*n, *n)).collect();
        (bytes, sent.len() as u64)
    }
}

#[test]
fn what_came_in_one_go_takes_one_call() {
    let mut stage = Stage::new(0, 1);
    stage.publish(&[1, 1, 1]);
    stage.write(usize::MAX);
    stage.publish(&[2]);
    stage.write(usize::MAX);
    assert_eq!(stage.socket.calls, 2);
    stage.publish(&[1]);
    stage.publish(&[1]);
    stage.publish(&[1]);
    stage.write(usize::MAX);
    assert_eq!(stage.socket.calls, 3);
    assert_eq!(stage.socket.taken, spell(1, 8));
}

#[test]
fn an_own_frame_overtakes_what_waits_and_never_stands_inside_a_frame() {
    let mut stage = Stage::new(0, 1);
    stage.publish(&[1, 1]);
    stage.write(1);
    stage.outgoing.push("close".into());
    stage.socket.room = usize::MAX;
    let written =
        stage
            .outgoing
            .write_own(&mut stage.socket, &mut Allowance::live(), &mut stage.tally);
    assert_eq!(written.unwrap(), Written::All);
    assert_eq!(stage.socket.taken, b"1.close");
    assert_eq!(stage.tally.publications, 1);
    stage.write(usize::MAX);
    assert_eq!(stage.socket.taken, b"1.close2.");
}

#[test]
fn a_jump_goes_to_those_alone_who_have_the_publication_before() {
    for (has_last, expected) in [(true, &b"jump 5."[..]), (false, b"5.")] {
        let mut stage = Stage::new(4, 5);
        stage.outgoing = Outgoing::after(Seq::saturating(4), has_last);
        let mut jump = unit(5, 5);
        (jump.jump_len, jump.bytes) = (5, Bytes::from("jump 5.").into());
        stage.log.extend(&[jump]);
        stage.write(usize::MAX);
        assert_eq!(stage.socket.taken, expected);
    }
}

#[test]
fn what_rides_in_a_unit_counts_for_no_publication_and_may_be_taken_in_part() {
    for room in 1..20 {
        let mut stage = Stage::new(0, 1);
        let mut one = unit(1, 2);
        one.append(b"viewers.");
        stage.log.extend(&[one, unit(3, 3)]);
        stage.write(room);
        stage.write(usize::MAX);
        assert_eq!(stage.socket.taken, b"1.2.viewers.3.");
        let bytes = stage.socket.taken.len() as u64;
        let publications = 3;
        assert_eq!(
            stage.tally,
            Tally {
                bytes,
                publications
            }
        );
    }
}

#[test]
fn what_rides_in_a_unit_is_sent_to_nobody_who_has_a_part_of_it() {
    let mut stage = Stage::new(1, 1);
    let mut one = unit(1, 2);
    one.append(b"viewers.");
    stage.log.extend(&[one]);
    stage.published = 2;
    stage.write(usize::MAX);
    assert_eq!(stage.socket.taken, b"2.");
}

#[derive(Debug, Clone)]
enum Step {
    Publish(Vec<u64>),
    Write(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let publish = prop::collection::vec(1_u64..6, 1..5).prop_map(Step::Publish);
    // Now and then so much that a viewer that does not write falls off the log.
    let flood = Just(Step::Publish(vec![100; 15]));
    let write = (0_usize..200).prop_map(Step::Write);
    let step = prop_oneof![6 => publish, 1 => flood, 6 => write];
    prop::collection::vec(step, 0..60)
}

proptest! {
    /// Whatever a socket takes and whenever: every publication once and in order, or told as a gap.
    #[test]
    fn no_hole_and_no_repeat(steps in steps(), behind in 0_u64..10, begun in 11_u64..20) {
        let joined_after = begun - 1 - behind;
        let mut stage = Stage::new(joined_after, begun);
        for step in steps {
            match step {
                Step::Publish(lens) => stage.publish(&lens),
                Step::Write(room) => stage.write(room),
            }
        }
        stage.write(usize::MAX);
        let (bytes, count) = stage.expected(joined_after);
        prop_assert_eq!(stage.tally, Tally { bytes: bytes.len() as u64, publications: count });
        prop_assert_eq!(&stage.socket.taken, &bytes);
    }
}
