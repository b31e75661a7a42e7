//! Benchmarks of WebSocket frames: decoding a viewer's ping, and compressing a batch once for all viewers.
//!
//! The baseline of each group is one allocation and one copy of the same bytes.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tickcast::protocol::websocket::{self, Decoder, Deflater};

const PING: &[u8] = br#"{"type":"ping","id":1234567890}"#;
const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// `PING` as a masked frame, as a viewer sends it.
fn masked_ping() -> Vec<u8> {
    let len = u8::try_from(PING.len()).expect("a short message");
    let mut bytes = vec![0x81, 0x80 | len];
    bytes.extend(MASK);
    bytes.extend(PING.iter().zip(MASK.iter().cycle()).map(|(a, b)| a ^ b));
    bytes
}

/// A `batch` message with the first `len` records of `measurements.json`.
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
            decoder.next_message()
        });
    });
    group.finish();
}

fn deflate(c: &mut Criterion) {
    let mut group = c.benchmark_group("deflate");
    // A batch of five records is below the threshold for compression, so this measures the cost of that check.
    for len in [5, 50, 256] {
        let message = batch(len);
        group.throughput(Throughput::Bytes(message.len() as u64));
        group.bench_function(format!("baseline: {len} records, plain"), |b| {
            b.iter(|| websocket::text_frame(black_box(&message)));
        });
        group.bench_function(format!("{len} records"), |b| {
            let mut deflater = Deflater::default();
            b.iter(|| deflater.text_frame(black_box(&message)));
        });
    }
    group.finish();
}

criterion_group!(benches, decode, deflate);
criterion_main!(benches);
