//! The cost of the log, which all viewers of a form share: adding what came, and asking what follows a place.
//!
//! The baseline in the same run is the least that adding can cost, a push to a queue; a place is asked for once for
//! each viewer and flush, next to a system call of some two microseconds.

use std::collections::VecDeque;
use std::hint::black_box;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use tickcast::fanout::{Log, Unit};
use tickcast::protocol::{Micros, Seq};

fn unit(n: u64) -> Unit {
    let seq = Seq::saturating(n);
    let t = Micros::new(i64::try_from(n).expect("a small number") * 10_000);
    Unit {
        first: seq,
        last: seq,
        t,
        jump_len: 0,
        bytes: Bytes::from_static(&[b'x'; 62]).into(),
    }
}

/// A log of a hundred records a second that has been full for a while.
fn log() -> Log {
    let mut log = Log::begin(Seq::saturating(1));
    for n in 1..=5_000 {
        log.extend(&[unit(n)]);
    }
    log
}

fn extend(c: &mut Criterion) {
    let mut group = c.benchmark_group("log/extend");
    group.bench_function("baseline: push to a queue", |b| {
        let mut queue: VecDeque<Unit> = (1..=1_000).map(unit).collect();
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
    group.bench_function("a hundred records that came in one go", |b| {
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
        group.bench_function(name, |b| b.iter(|| log.after(black_box(place))));
    }
    group.finish();
}

criterion_group!(benches, extend, after);
criterion_main!(benches);
