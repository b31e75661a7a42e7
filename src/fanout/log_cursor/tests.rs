use std::io::IoSlice;

use bytes::Bytes;
use proptest::prelude::*;

use super::super::socket_writer::{SentTotals, WriteBudget};
use super::*;
use crate::protocol::Micros;

/// A socket that accepts `room` bytes and then blocks.
#[derive(Default)]
struct FakeSocket {
    room: usize,
    taken: Vec<u8>,
    calls: usize,
}

impl Write for FakeSocket {
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

/// Encodes each publication as its number and a full stop.
fn encode(first: u64, last: u64) -> Vec<u8> {
    (first..=last)
        .flat_map(|n| format!("{n}.").into_bytes())
        .collect()
}

fn chunk(first: u64, last: u64) -> Chunk {
    Chunk {
        first: Seq::saturating(first),
        last: Seq::saturating(last),
        t: Micros::new(i64::try_from(last).unwrap() * 1_000),
        jump_len: 0,
        announcement: None,
        bytes: encode(first, last).into(),
    }
}

/// A log and one viewer that reads it.
struct CursorFixture {
    log: FrameLog,
    published: u64,
    cursor: LogCursor,
    queue: WriteQueue,
    socket: FakeSocket,
    sent: SentTotals,
    gaps: Vec<(u64, u64)>,
    /// The publication after which each announcement was sent; the first has number 1.
    announcements: Vec<u64>,
}

/// The number of the announcement at `index`.
fn number(index: usize) -> AnnouncementNumber {
    (0..=index).fold(AnnouncementNumber::NONE, |number, _| number.next())
}

impl CursorFixture {
    /// A viewer further behind than this gets a gap.
    const LAG_MAX: u64 = 1_000;

    fn new(joined_after: u64, log_start: u64) -> Self {
        Self {
            log: FrameLog::new(Seq::saturating(log_start), AnnouncementNumber::NONE),
            published: log_start - 1,
            cursor: LogCursor::new(
                Seq::saturating(joined_after),
                false,
                AnnouncementNumber::NONE,
            ),
            queue: WriteQueue::default(),
            socket: FakeSocket::default(),
            sent: SentTotals::default(),
            gaps: Vec::new(),
            announcements: Vec::new(),
        }
    }

    /// Appends an announcement, encoded as its index in brackets.
    fn announce(&mut self) {
        let index = self.announcements.len();
        self.announcements.push(self.published);
        self.log.extend(&[Chunk {
            first: Seq::saturating(self.published + 1),
            last: Seq::saturating(self.published),
            t: Micros::new(0),
            jump_len: 0,
            announcement: Some(number(index)),
            bytes: Bytes::from(format!("[{index}]")).into(),
        }]);
    }

    /// Queues the next announcement if it was sent before the viewer's position, as a lane does with what the log has
    /// dropped.
    fn push_due_announcement(&mut self) -> bool {
        let known = |index: &usize| number(*index) > self.cursor.announced();
        let next = (0..self.announcements.len()).find(known);
        let due = next.filter(|next| self.announcements[*next] <= self.cursor.last().get());
        if let Some(index) = due {
            let frame = Bytes::from(format!("[{index}]"));
            self.cursor
                .push_announcement(number(index), frame, &mut self.queue);
        }
        due.is_some()
    }

    /// Publishes chunks of these lengths together.
    fn publish(&mut self, lens: &[u64]) {
        let chunks: Vec<_> = lens
            .iter()
            .map(|len| {
                let first = self.published + 1;
                self.published += len;
                chunk(first, self.published)
            })
            .collect();
        self.log.extend(&chunks);
    }

    /// Writes until the socket has accepted `room` bytes or everything has been written.
    fn write(&mut self, room: usize) {
        self.socket.room = room;
        loop {
            let mut writer = SocketWriter {
                socket: &mut self.socket,
                queue: &mut self.queue,
                budget: &mut WriteBudget::long(),
                sent: &mut self.sent,
            };
            match self.cursor.write(&self.log, &mut writer).unwrap() {
                WriteOutcome::Done | WriteOutcome::Blocked => return,
                WriteOutcome::Yield => {}
                WriteOutcome::MissedAnnouncement => assert!(self.push_due_announcement()),
                WriteOutcome::NotInLog(_) if self.push_due_announcement() => {}
                WriteOutcome::NotInLog(_)
                    if self.published - self.cursor.last().get() > Self::LAG_MAX =>
                {
                    let to = self.log.next().previous();
                    self.gaps.push((self.cursor.last().next().get(), to.get()));
                    self.cursor.skip_to(to);
                }
                WriteOutcome::NotInLog(to) => {
                    let chunk = chunk(self.cursor.last().next().get(), to.get());
                    self.cursor.push_chunk(&chunk, &mut self.queue);
                }
            }
        }
    }

    /// The bytes and the number of publications that the viewer should have got: everything except the gaps.
    fn expected(&self, joined_after: u64) -> (Vec<u8>, u64) {
        let is_in_gap = |n: &u64| self.gaps.iter().any(|(from, to)| (*from..=*to).contains(n));
        let sent = (joined_after + 1..=self.published).filter(|n| !is_in_gap(n));
        let sent: Vec<_> = sent.collect();
        let bytes = sent.iter().flat_map(|n| encode(*n, *n)).collect();
        (bytes, sent.len() as u64)
    }
}

#[test]
fn chunks_that_arrived_together_take_one_call() {
    let mut fixture = CursorFixture::new(0, 1);
    fixture.publish(&[1, 1, 1]);
    fixture.write(usize::MAX);
    fixture.publish(&[2]);
    fixture.write(usize::MAX);
    assert_eq!(fixture.socket.calls, 2);
    fixture.publish(&[1]);
    fixture.publish(&[1]);
    fixture.publish(&[1]);
    fixture.write(usize::MAX);
    assert_eq!(fixture.socket.calls, 3);
    assert_eq!(fixture.socket.taken, encode(1, 8));
}

#[test]
fn a_queued_frame_overtakes_the_log_but_never_splits_a_frame() {
    let mut fixture = CursorFixture::new(0, 1);
    fixture.publish(&[1, 1]);
    fixture.write(1);
    fixture.queue.push("close".into());
    fixture.socket.room = usize::MAX;
    let mut writer = SocketWriter {
        socket: &mut fixture.socket,
        queue: &mut fixture.queue,
        budget: &mut WriteBudget::live(),
        sent: &mut fixture.sent,
    };
    assert_eq!(writer.write_queued().unwrap(), WriteOutcome::Done);
    assert_eq!(fixture.socket.taken, b"1.close");
    assert_eq!(fixture.sent.publications, 1);
    fixture.write(usize::MAX);
    assert_eq!(fixture.socket.taken, b"1.close2.");
}

#[test]
fn cursors_that_share_a_connection_never_split_each_others_frames() {
    for room in 1..10 {
        let mut fixture = CursorFixture::new(0, 1);
        let (mut other_log, mut other) = (
            FrameLog::new(Seq::saturating(1), AnnouncementNumber::NONE),
            LogCursor::new(Seq::ZERO, false, AnnouncementNumber::NONE),
        );
        let mut frame = chunk(1, 1);
        frame.bytes = Bytes::from("other.").into();
        other_log.extend(&[frame]);
        fixture.publish(&[3]);
        fixture.write(room);
        fixture.socket.room = usize::MAX;
        let mut writer = SocketWriter {
            socket: &mut fixture.socket,
            queue: &mut fixture.queue,
            budget: &mut WriteBudget::live(),
            sent: &mut fixture.sent,
        };
        let outcome = other.write(&other_log, &mut writer).unwrap();
        assert_eq!(outcome, WriteOutcome::Done);
        fixture.write(usize::MAX);
        assert_eq!(fixture.socket.taken, b"1.2.3.other.");
        assert_eq!(fixture.sent.publications, 4);
    }
}

#[test]
fn only_viewers_that_have_the_previous_publication_get_a_jump() {
    for (has_last, expected) in [(true, &b"jump 5."[..]), (false, b"5.")] {
        let mut fixture = CursorFixture::new(4, 5);
        fixture.cursor = LogCursor::new(Seq::saturating(4), has_last, AnnouncementNumber::NONE);
        let mut jump = chunk(5, 5);
        (jump.jump_len, jump.bytes) = (5, Bytes::from("jump 5.").into());
        fixture.log.extend(&[jump]);
        fixture.write(usize::MAX);
        assert_eq!(fixture.socket.taken, expected);
    }
}

#[test]
fn an_appended_frame_counts_as_no_publication_and_may_be_written_in_part() {
    for room in 1..20 {
        let mut fixture = CursorFixture::new(0, 1);
        let mut one = chunk(1, 2);
        one.append(b"viewers.");
        fixture.log.extend(&[one, chunk(3, 3)]);
        fixture.write(room);
        fixture.write(usize::MAX);
        assert_eq!(fixture.socket.taken, b"1.2.viewers.3.");
        let bytes = fixture.socket.taken.len() as u64;
        let publications = 3;
        assert_eq!(
            fixture.sent,
            SentTotals {
                bytes,
                publications
            }
        );
    }
}

#[test]
fn a_viewer_that_has_a_part_of_a_chunk_does_not_get_its_appended_frame() {
    let mut fixture = CursorFixture::new(1, 1);
    let mut one = chunk(1, 2);
    one.append(b"viewers.");
    fixture.log.extend(&[one]);
    fixture.published = 2;
    fixture.write(usize::MAX);
    assert_eq!(fixture.socket.taken, b"2.");
}

#[derive(Debug, Clone)]
enum ScriptStep {
    Publish(Vec<u64>),
    Announce,
    Write(usize),
}

fn steps() -> impl Strategy<Value = Vec<ScriptStep>> {
    let publish = prop::collection::vec(1_u64..6, 1..5).prop_map(ScriptStep::Publish);
    // Occasionally so much that the log drops what a blocked viewer needs.
    let flood = Just(ScriptStep::Publish(vec![100; 15]));
    let write = (0_usize..200).prop_map(ScriptStep::Write);
    let announce = Just(ScriptStep::Announce);
    let step = prop_oneof![6 => publish, 1 => flood, 6 => write, 2 => announce];
    prop::collection::vec(step, 0..60)
}

proptest! {
    /// However much the socket accepts at a time, each publication arrives once and in order, or is covered by a gap.
    #[test]
    fn no_hole_and_no_repeat(steps in steps(), behind in 0_u64..10, log_start in 11_u64..20) {
        let joined_after = log_start - 1 - behind;
        let mut fixture = CursorFixture::new(joined_after, log_start);
        for step in steps {
            match step {
                ScriptStep::Publish(lens) => fixture.publish(&lens),
                ScriptStep::Announce => fixture.announce(),
                ScriptStep::Write(room) => fixture.write(room),
            }
        }
        fixture.write(usize::MAX);
        let (bytes, count) = fixture.expected(joined_after);
        let taken = std::mem::take(&mut fixture.socket.taken);
        prop_assert_eq!(fixture.sent, SentTotals { bytes: taken.len() as u64, publications: count });
        let (records, announcements) = split(&taken);
        prop_assert_eq!(&records, &bytes);
        // Each once, in order, and not before the publications that were sent before it.
        let indices: Vec<_> = announcements.iter().map(|(index, _)| *index).collect();
        prop_assert_eq!(indices, (0..fixture.announcements.len()).collect::<Vec<_>>());
        for (index, last) in announcements {
            let after = fixture.announcements[index];
            let in_gap = |(from, to): &(u64, u64)| (*from..=*to).contains(&after);
            prop_assert!(after <= last.max(joined_after) || fixture.gaps.iter().any(in_gap));
        }
    }
}

/// What a viewer was sent, as the bytes of the publications, and each announcement with the last publication before it.
fn split(taken: &[u8]) -> (Vec<u8>, Vec<(usize, u64)>) {
    let text = std::str::from_utf8(taken).unwrap();
    let (mut records, mut announcements, mut last) = (String::new(), Vec::new(), 0);
    for token in text.split_inclusive(['.', ']']) {
        match token.strip_prefix('[') {
            Some(index) => announcements.push((index.trim_end_matches(']').parse().unwrap(), last)),
            None => {
                last = token.trim_end_matches('.').parse().unwrap();
                records.push_str(token);
            }
        }
    }
    (records.into_bytes(), announcements)
}

#[test]
fn an_announcement_goes_out_with_the_publications_around_it_in_one_call() {
    let mut fixture = CursorFixture::new(0, 1);
    fixture.publish(&[1]);
    fixture.announce();
    fixture.publish(&[1]);
    fixture.write(usize::MAX);
    assert_eq!(fixture.socket.taken, b"1.[0]2.");
    assert_eq!(fixture.socket.calls, 1);
}

#[test]
fn a_viewer_that_joined_with_an_announcement_is_not_sent_it_again() {
    let mut fixture = CursorFixture::new(0, 1);
    fixture.cursor = LogCursor::new(Seq::ZERO, false, number(0));
    fixture.publish(&[1]);
    fixture.announce();
    fixture.publish(&[1]);
    fixture.announce();
    fixture.write(usize::MAX);
    assert_eq!(fixture.socket.taken, b"1.2.[1]");
}

#[test]
fn a_viewer_without_the_previous_publication_gets_the_announcement_but_not_the_jump_after_it() {
    for (has_last, expected) in [(true, &b"[0]jump 1."[..]), (false, b"[0]1.")] {
        let mut fixture = CursorFixture::new(0, 1);
        fixture.cursor = LogCursor::new(Seq::ZERO, has_last, AnnouncementNumber::NONE);
        fixture.announce();
        let mut jump = chunk(1, 1);
        (jump.jump_len, jump.bytes) = (5, Bytes::from("jump 1.").into());
        fixture.log.extend(&[jump]);
        fixture.write(usize::MAX);
        assert_eq!(fixture.socket.taken, expected);
    }
}
