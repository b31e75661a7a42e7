use proptest::prelude::*;

use super::*;

fn seq(n: u64) -> Seq {
    Seq::saturating(n)
}

/// A chunk of publications `first` to `last`, one per millisecond.
fn chunk(first: u64, last: u64, bytes: &[u8]) -> Chunk {
    Chunk {
        first: seq(first),
        last: seq(last),
        t: Micros::new(i64::try_from(last * 1_000).unwrap()),
        jump_len: 0,
        announcement: None,
        bytes: bytes.to_vec().into(),
    }
}

fn log() -> FrameLog {
    FrameLog::new(seq(1), AnnouncementNumber::NONE)
}

fn at(entry: usize, skip: usize) -> LogLookup {
    LogLookup::At {
        entry,
        skip,
        jump_len: 0,
    }
}

#[test]
fn chunks_that_arrived_together_form_one_entry_that_can_be_entered_between_chunks() {
    let mut log = log();
    log.extend(&[chunk(1, 1, b"a"), chunk(2, 2, b"bb"), chunk(3, 3, b"ccc")]);
    log.extend(&[chunk(4, 4, b"d")]);
    assert_eq!(log.after(seq(0), AnnouncementNumber::NONE), at(0, 0));
    assert_eq!(log.after(seq(1), AnnouncementNumber::NONE), at(0, 1));
    assert_eq!(log.after(seq(2), AnnouncementNumber::NONE), at(0, 3));
    assert_eq!(log.after(seq(3), AnnouncementNumber::NONE), at(1, 0));
    assert_eq!(
        log.after(seq(4), AnnouncementNumber::NONE),
        LogLookup::CaughtUp
    );
    assert_eq!(
        log.after(seq(9), AnnouncementNumber::NONE),
        LogLookup::CaughtUp
    );
    let bytes: Vec<_> = log
        .entries_from(0)
        .map(|entry| entry.bytes().to_bytes())
        .collect();
    assert_eq!(bytes, [&b"abbccc"[..], b"d"]);
}

#[test]
fn positions_inside_a_chunk_or_before_the_log_are_not_in_the_log() {
    let mut log = FrameLog::new(seq(5), AnnouncementNumber::NONE);
    log.extend(&[
        chunk(5, 7, b"five to seven"),
        chunk(8, 9, b"eight and nine"),
    ]);
    assert_eq!(
        log.after(seq(2), AnnouncementNumber::NONE),
        LogLookup::NotInLog(seq(4))
    );
    assert_eq!(
        log.after(seq(5), AnnouncementNumber::NONE),
        LogLookup::NotInLog(seq(7))
    );
    assert_eq!(
        log.after(seq(8), AnnouncementNumber::NONE),
        LogLookup::NotInLog(seq(9))
    );
}

#[test]
fn entries_older_than_five_seconds_are_dropped_except_the_newest_256() {
    let mut log = log();
    for n in 1..=10_000 {
        log.extend(&[chunk(n, n, b"x")]);
    }
    assert_eq!(
        log.after(seq(4_998), AnnouncementNumber::NONE),
        LogLookup::NotInLog(seq(4_999))
    );
    assert_eq!(log.after(seq(4_999), AnnouncementNumber::NONE), at(0, 0));
    let mut log = self::log();
    for n in 1..=1_000 {
        let mut chunk = chunk(n, n, b"x");
        chunk.t = Micros::new(i64::try_from(n).unwrap() * 1_000_000);
        log.extend(&[chunk]);
    }
    assert_eq!(log.oldest(), seq(1_001 - FrameLog::PUBLICATIONS_MIN));
}

#[test]
fn a_log_stays_within_its_bounds_but_always_keeps_the_newest_entry() {
    let mut log = log();
    for n in 0..200 {
        let mut chunk = chunk(n * 256 + 1, (n + 1) * 256, b"x");
        chunk.t = Micros::new(0);
        log.extend(&[chunk]);
    }
    let kept = log.next().get() - log.oldest().get();
    assert!(kept <= FrameLog::PUBLICATIONS_MAX + 256, "{kept}");
    let record = SharedBytes::from(vec![b'x'; FrameLog::LEN_MAX / 3]);
    let mut log = self::log();
    for n in 1..=9 {
        let mut chunk = chunk(n, n, b"");
        chunk.bytes = record.clone();
        log.extend(&[chunk]);
    }
    assert_eq!(log.oldest(), seq(7));
    let mut chunk = chunk(10, 10, b"");
    chunk.bytes = vec![b'x'; FrameLog::LEN_MAX + 1].into();
    log.extend(&[chunk]);
    assert_eq!(log.oldest(), seq(10));
}

#[test]
fn publications_before_a_hole_are_not_in_the_log() {
    let mut log = log();
    log.extend(&[chunk(1, 1, b"a")]);
    log.extend(&[chunk(5, 5, b"e")]);
    assert_eq!(
        log.after(seq(0), AnnouncementNumber::NONE),
        LogLookup::NotInLog(seq(4))
    );
    let mut log = self::log();
    log.extend(&[chunk(1, 1, b"a"), chunk(5, 5, b"e")]);
    assert_eq!(log.next(), seq(6));
    assert_eq!(
        log.after(seq(2), AnnouncementNumber::NONE),
        LogLookup::NotInLog(seq(4))
    );
    assert_eq!(log.after(seq(4), AnnouncementNumber::NONE), at(0, 0));
}

#[test]
fn the_jump_of_a_chunk_is_found_anywhere_in_an_entry() {
    let mut log = log();
    let jump = |mut chunk: Chunk| {
        chunk.jump_len = 2;
        chunk
    };
    log.extend(&[jump(chunk(1, 1, b"jja")), jump(chunk(2, 2, b"jjb"))]);
    let jump_len = 2;
    let skip = 3;
    let entry = 0;
    assert_eq!(
        log.after(seq(1), AnnouncementNumber::NONE),
        LogLookup::At {
            entry,
            skip,
            jump_len
        }
    );
    assert_eq!(
        log.after(seq(0), AnnouncementNumber::NONE),
        LogLookup::At {
            entry,
            skip: 0,
            jump_len
        }
    );
}

proptest! {
    /// Wherever a write stops, the bytes written and the rest of the started chunk add up to whole chunks.
    #[test]
    fn a_partial_write_loses_nothing(lens in prop::collection::vec(1_usize..20, 1..30), at in 0.0..1.0_f64) {
        let chunks: Vec<_> = (1..)
            .zip(&lens)
            .map(|(n, len)| chunk(n, n, &vec![b'x'; *len]))
            .collect();
        let mut log = log();
        log.extend(&chunks);
        let entry = log.entries_from(0).next().unwrap();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a fraction of a small length"
        )]
        let at = (entry.bytes().len() as f64 * at) as usize;
        let partial = entry.partial_write(at, seq(0));
        let (rest, count) = partial.rest.map_or((0, 0), |rest| (rest.pieces.concat().len(), rest.publications));
        let taken: usize = lens[..usize::try_from(partial.last.get()).unwrap()].iter().sum();
        prop_assert_eq!(taken, at + rest);
        prop_assert_eq!(count, u64::from(rest > 0));
    }
}

#[test]
fn an_announcement_before_a_hole_is_missed_by_viewers_after_it() {
    let mut log = log();
    let number = AnnouncementNumber::NONE.next();
    let announcement = Chunk {
        announcement: Some(number),
        ..chunk(2, 1, b"state")
    };
    log.extend(&[chunk(1, 1, b"a")]);
    log.extend(&[announcement, chunk(9, 9, b"i")]);
    assert_eq!(
        log.after(seq(8), AnnouncementNumber::NONE),
        LogLookup::MissedAnnouncement
    );
    assert_eq!(log.after(seq(8), number), at(0, 0));
    // It is still to come for a viewer that is served from the history.
    assert_eq!(
        log.after(seq(1), AnnouncementNumber::NONE),
        LogLookup::NotInLog(seq(8))
    );
}
