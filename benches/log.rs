//! Benchmarks of the log that all viewers with one encoding share: appending, and looking up what follows a position.
//!
//! The baseline for appending is a push to a queue. A lookup happens once per viewer and flush, next to a system call
//! that takes about two microseconds.

use std::collections::VecDeque;
use std::hint::black_box;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use tickcast::fanout::{Chunk, FrameLog};
use tickcast::hub::AnnouncementNumber;
use tickcast::protocol::{Micros, Seq};

fn unit(n: u64) -> Chunk {
    let seq = Seq::saturating(n);
    let t = Micros::new(i64::try_from(n).expect("a small number") * 10_000);
    Chunk {
        first: seq,
        last: seq,
        t,
        jump_len: 0,
        announcement: None,
        bytes: Bytes::from_static(&[b'x'; 62]).into(),
    }
}

/// A log at a hundred records a second that has reached its capacity.
fn log() -> FrameLog {
    let mut log = FrameLog::new(Seq::saturating(1), AnnouncementNumber::NONE);
    for n in 1..=5_000 {
        log.extend(&[unit(n)]);
    }
    log
}

fn extend(c: &mut Criterion) {
    let mut group = c.benchmark_group("log/extend");
    group.bench_function("baseline: push to a queue", |b| {
        let mut queue: VecDeque<Chunk> = (1..=1_000).map(unit).collect();
        let one = unit(1);
        b.iter(|| {
            queue.push_back(black_box(&one).clone());
            queue.pop_front()
        });
    });
    group.bench_function("one record", |b| {
        let (mut log, mut n) = (log(), 5_000);
        b.iter(|| {
            n += 1;
            log.extend(black_box(&[unit(n)]));
        });
    });
    let hundred: Vec<_> = (5_001..=5_100).map(unit).collect();
    group.bench_function("a hundred records at once", |b| {
        b.iter_batched_ref(
            log,
            |log| log.extend(black_box(&hundred)),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn after(c: &mut Criterion) {
    let log = log();
    let mut group = c.benchmark_group("log/after");
    for (name, place) in [("the newest", 4_999), ("eight seconds behind", 4_200)] {
        let place = Seq::saturating(place);
        group.bench_function(name, |b| {
            b.iter(|| log.after(black_box(place), AnnouncementNumber::NONE));
        });
    }
    group.finish();
}

criterion_group!(benches, extend, after);
criterion_main!(benches);
