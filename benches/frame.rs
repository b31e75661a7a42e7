//! Frames: hearing a viewer's ping, and deflating a batch for all viewers.
//!
//! The baseline in the same run is the plain frame: one allocation and one copy.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tickcast::protocol::frame::{self, Decoder, Deflater};

const PING: &[u8] = br#"{"type":"ping","id":1234567890}"#;
const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// `PING` as a viewer sends it.
fn masked_ping() -> Vec<u8> {
    let len = u8::try_from(PING.len()).expect("a short message");
    let mut bytes = vec![0x81, 0x80 | len];
    bytes.extend(MASK);
    bytes.extend(PING.iter().zip(MASK.iter().cycle()).map(|(a, b)| a ^ b));
    bytes
}

/// A batch of the first `len` records of the dataset in the repository.
fn batch(len: usize) -> Vec<u8> {
    let dataset = include_str!("../measurements.json");
    let records: Vec<_> = dataset
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| line.trim_end_matches(','))
        .take(len)
        .collect();
    assert_eq!(records.len(), len);
    let records = records.join(",");
    format!(
        r#"{{"type":"batch","seq":18902678401,"t":1767225600000000,"dt":10000,"data":[{records}]}}"#
    )
    .into_bytes()
}

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    let ping = masked_ping();
    group.bench_function("baseline: allocate and copy", |b| {
        b.iter(|| black_box(&ping).clone());
    });
    group.bench_function("a masked ping", |b| {
        let mut decoder = Decoder::default();
        b.iter(|| {
            decoder.feed(black_box(&ping));
            decoder.message()
        });
    });
    group.finish();
}

fn deflate(c: &mut Criterion) {
    let mut group = c.benchmark_group("deflate");
    // Five records are too short to be deflated: what that costs is the judgement.
    for len in [5, 50, 256] {
        let message = batch(len);
        group.throughput(Throughput::Bytes(message.len() as u64));
        group.bench_function(format!("baseline: {len} records, plain"), |b| {
            b.iter(|| frame::text(black_box(&message)));
        });
        group.bench_function(format!("{len} records"), |b| {
            let mut deflater = Deflater::default();
            b.iter(|| deflater.text(black_box(&message)));
        });
    }
    group.finish();
}

criterion_group!(benches, decode, deflate);
criterion_main!(benches);
