//! Benchmarks of the pure parts of the hot path: the timeline and its inverse, and the encoding of records.
//!
//! The baseline for encoding is one allocation and one copy of the same bytes.

use std::hint::black_box;
use std::num::NonZeroU64;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use tickcast::protocol::{DueRecord, Flush, Micros, Publication, Rate, Seq};
use tickcast::timeline::Timeline;

const RECORD: &[u8] = br#"{"value":-245}"#;

fn schedule(c: &mut Criterion) {
    let rate = Rate::from_millionths(59_940_000).expect("a rate within range");
    let len = NonZeroU64::new(8_233).expect("not zero");
    let timeline = Timeline::new(Micros::new(1_767_225_600_000_000), rate, len, true);
    let seq = Seq::saturating(18_902_678_401);
    let t = timeline.t(seq).expect("a looping timeline never ends");
    let mut group = c.benchmark_group("timeline");
    group.bench_function("t", |b| b.iter(|| timeline.t(black_box(seq))));
    group.bench_function("due", |b| b.iter(|| timeline.due(black_box(t))));
    group.bench_function("index", |b| b.iter(|| timeline.index(black_box(seq))));
    group.finish();
}

fn encode(c: &mut Criterion) {
    let due = |n: u64| DueRecord {
        seq: Seq::saturating(18_902_678_401 + n),
        t: Micros::new(1_767_225_600_000_000).after(Duration::from_millis(10 * n)),
        record: Bytes::from_static(RECORD),
    };
    let records: Vec<_> = (0..6).map(due).collect();
    let mut group = c.benchmark_group("encode");
    let whole = Publication::encode(&records[0]);
    let bytes = whole.frame().to_bytes().to_vec();
    group.bench_function("baseline: allocate and copy", |b| {
        b.iter(|| black_box(&bytes).clone());
    });
    group.bench_function("publication", |b| {
        b.iter(|| Publication::encode(black_box(&records[0])));
    });
    group.bench_function("flush of one", |b| {
        b.iter(|| Flush::encode(black_box(&records[..1]), None));
    });
    group.bench_function("flush of six", |b| {
        b.iter(|| Flush::encode(black_box(&records), None));
    });
    group.finish();
}

criterion_group!(benches, schedule, encode);
criterion_main!(benches);
