use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// 2026-01-01T00:00:00Z.
const T0: i64 = 1_767_225_600_000_000;

/// A checkpoint with a change of the rate, as versions 1 and 2 could have it.
fn checkpoint(looping: bool) -> Checkpoint {
    let len = NonZeroU64::new(1_000).unwrap();
    let mut timeline = Timeline::new(Micros::new(T0), "59.94".parse().unwrap(), len, looping);
    timeline.change_rate(
        "0.001".parse().unwrap(),
        Author::configuration(),
        crate::protocol::Seq::saturating(70),
        Micros::new(T0 + 2_000_000),
    );
    Checkpoint {
        dataset_sha256: [7; 32],
        epoch: timeline.epoch(&[7; 32]).unwrap(),
        timeline,
        version: 2,
        seq: crate::protocol::Seq::saturating(71),
    }
}

fn checkpoints() -> Checkpoints {
    let names = ["ecg", "a.b-c_d"].map(|name| name.parse().unwrap());
    let checkpoints = [checkpoint(true), checkpoint(false)];
    names.into_iter().zip(checkpoints).collect()
}

/// The topics in the body of versions 1 and 2.
fn topics() -> Value {
    let topic = |checkpoint: &Checkpoint| {
        let segment = |segment: &Segment| {
            json!({
                "seq0": segment.seq0.get(), "t0": segment.t0.get(), "index0": segment.index0,
                "rate": segment.rate.unwrap().to_string(),
            })
        };
        let segments: Vec<_> = checkpoint.timeline.segments().iter().map(segment).collect();
        json!({
            "sha256": HEXLOWER.encode(&checkpoint.dataset_sha256), "records": 1000,
            "loop": checkpoint.timeline.is_looping(), "epoch": checkpoint.epoch.as_str(),
            "seq": checkpoint.seq.get(), "segments": segments,
        })
    };
    let checkpoints = checkpoints();
    let entries = checkpoints
        .iter()
        .map(|(name, past)| (name.to_string(), topic(past)));
    Value::Object(entries.collect())
}

/// A file of `version` with `body` and a correct checksum.
fn file(version: &str, body: &str) -> Vec<u8> {
    format!("{MAGIC} {version} {}\n{body}", checksum(body.as_bytes())).into_bytes()
}

/// The body of an intact file of version 2.
fn body() -> String {
    format!("{:#}\n", json!({"version": 2, "topics": topics()}))
}

/// Intact files of all versions.
fn files() -> [Vec<u8>; 3] {
    let first = format!("{:#}\n", topics());
    [file("1", &first), file("2", &body()), FormatFile::encode()]
}

#[test]
fn files_of_all_versions_are_read() {
    let [first, second, third] = files();
    let old = Ok(FormatFile::Checkpoints(checkpoints()));
    assert_eq!(FormatFile::decode(&first), old);
    assert_eq!(FormatFile::decode(&second), old);
    assert_eq!(FormatFile::decode(&third), Ok(FormatFile::Entries));
}

#[test]
fn a_file_cut_anywhere_is_damaged() {
    for whole in files() {
        for len in 0..whole.len() {
            assert!(FormatFile::decode(&whole[..len]).is_err(), "{len} bytes");
        }
    }
}

#[test]
fn a_file_with_a_byte_changed_anywhere_is_damaged() {
    for whole in files() {
        for (at, bit) in (0..whole.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            let damage = FormatFile::decode(&flipped).unwrap_err();
            assert!(!matches!(damage, Damage::Newer(_)), "byte {at}");
        }
    }
}

#[test]
fn a_file_of_a_later_version_is_distinguished_from_a_damaged_one() {
    for body in [
        "{\"version\": 4}",
        "{\n  \"topics\": [{\"of\": \"a kind to come\"}],\n  \"version\": 4\n}\n",
    ] {
        assert_eq!(FormatFile::decode(&file("4", body)), Err(Damage::Newer(4)));
        for version in ["0", "1", "2", "3", "5", "04", "+4", "x", ""] {
            let damage = FormatFile::decode(&file(version, body)).unwrap_err();
            assert!(!matches!(damage, Damage::Newer(_)), "{version}: {damage}");
        }
        let torn = [file("4", body), b"torn".to_vec()].concat();
        assert_eq!(FormatFile::decode(&torn), Err(Damage::Checksum));
    }
    // A damaged version in the first line is never taken for a later one.
    for whole in files() {
        let whole = String::from_utf8(whole).unwrap();
        let (head, rest) = whole.split_at(MAGIC.len() + 1);
        for version in ["0", "4", "9", "20", "x"] {
            let other = format!("{head}{version}{}", &rest[1..]);
            let damage = Damage::VersionMismatch(version.to_owned());
            assert_eq!(FormatFile::decode(other.as_bytes()), Err(damage));
        }
    }
}

#[test]
fn hubs_of_versions_1_and_2_recognise_this_version_as_later() {
    // Version 1 checks the first word, parses the number, and checks the checksum of what follows the first line;
    // version 2 also compares the number with `version` in the body.
    let bytes = FormatFile::encode();
    let text = str::from_utf8(&bytes).unwrap();
    let (head, body) = text.split_once('\n').unwrap();
    assert_eq!(head, format!("{MAGIC} 3 {}", checksum(body.as_bytes())));
    assert_eq!(stamped_version(body.as_bytes()), Some(3));
}

#[test]
fn invalid_values_are_rejected_even_if_the_checksum_matches() {
    for (from, to, problem) in [
        ("\"ecg\"", "\"Ecg\"", "topic `Ecg`: not a topic name"),
        (
            "\"sha256\": \"0707",
            "\"sha256\": \"07",
            "is not a SHA-256 digest",
        ),
        (
            "\"sha256\": \"07",
            "\"sha256\": \"08",
            "is not the epoch of its timeline",
        ),
        (
            "\"loop\": false",
            "\"loop\": true",
            "is not the epoch of its timeline",
        ),
        (
            "\"seq\": 71",
            "\"seq\": 1001",
            "publication 1001 is beyond the end of its timeline",
        ),
        (
            "\"seq\": 71",
            "\"seq\": 9007199254740992",
            "is beyond the largest seq",
        ),
        ("\"seq\": 71", "\"seq\": -1", "invalid value: integer `-1`"),
        (
            "\"records\": 1000",
            "\"records\": 0",
            "expected a nonzero u64",
        ),
        (
            "\"records\": 1000",
            "\"records\": 70",
            "segment 2 begins beyond the end",
        ),
        (
            "\"seq0\": 71",
            "\"seq0\": 700",
            "segment 2 begins too early",
        ),
        ("\"seq0\": 1,", "\"seq0\": 0,", "begins with publication 0"),
        (
            "\"rate\": \"0.001\"",
            "\"rate\": \"0\"",
            "rate `0`: outside 0.001 to 10000",
        ),
        (
            "\"rate\": \"0.001\"",
            "\"pace\": \"0.001\"",
            "unknown field `pace`",
        ),
        ("\"index0\": 70,", "", "missing field `index0`"),
    ] {
        let changed = body().replacen(from, to, 1);
        assert_ne!(changed, body(), "{from}");
        let damage = FormatFile::decode(&file("2", &changed))
            .unwrap_err()
            .to_string();
        assert!(damage.contains(problem), "{damage:?}, not {problem:?}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_the_decoder(bytes in proptest::collection::vec(any::<u8>(), 0..300), body in ".{0,200}") {
        prop_assert!(FormatFile::decode(&bytes).is_err());
        _ = FormatFile::decode(&file("2", &body));
    }
}
