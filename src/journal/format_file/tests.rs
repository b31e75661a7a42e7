use proptest::prelude::*;

use super::*;

/// 2026-01-01T00:00:00Z.
const T0: i64 = 1_767_225_600_000_000;

fn past(looping: bool) -> Checkpoint {
    let len = NonZeroU64::new(1_000).unwrap();
    let mut timeline = Timeline::new(Micros::new(T0), "59.94".parse().unwrap(), len, looping);
    timeline.change_rate(
        "0.001".parse().unwrap(),
        Author::configuration(),
        Seq::saturating(70),
        Micros::new(T0 + 2_000_000),
    );
    Checkpoint {
        dataset_sha256: [7; 32],
        epoch: timeline.epoch(&[7; 32]).unwrap(),
        version: 2,
        timeline,
        seq: Seq::saturating(71),
    }
}

fn pasts() -> Checkpoints {
    let names = ["ecg", "a.b-c_d"].map(|name| name.parse().unwrap());
    names.into_iter().zip([past(true), past(false)]).collect()
}

/// A journal of `version` with `body` and a correct checksum.
fn journal_of_version(version: &str, body: &str) -> Vec<u8> {
    format!("{MAGIC} {version} {}\n{body}", checksum(body.as_bytes())).into_bytes()
}

/// A journal with `body` and a correct checksum.
fn journal(body: &str) -> Vec<u8> {
    journal_of_version("2", body)
}

/// The body of an intact journal.
fn text() -> String {
    let text = String::from_utf8(encode(&pasts())).unwrap();
    text.split_once('\n').unwrap().1.to_owned()
}

#[test]
fn decoding_reverses_encoding() {
    assert_eq!(decode(&encode(&pasts())), Ok(pasts()));
    assert_eq!(decode(&encode(&Checkpoints::new())), Ok(Checkpoints::new()));
    assert_eq!(decode(&journal(&text())), Ok(pasts()));
}

#[test]
fn a_journal_cut_anywhere_is_damaged() {
    let whole = encode(&pasts());
    for len in 0..whole.len() {
        assert!(decode(&whole[..len]).is_err(), "{len} bytes");
    }
}

/// The same checkpoints as version 1 wrote them.
fn first_version() -> Vec<u8> {
    let topics: BTreeMap<_, _> = pasts()
        .iter()
        .map(|(name, past)| (name.to_string(), TopicEntry::from_checkpoint(past)))
        .collect();
    journal_of_version("1", &serde_json::to_string_pretty(&topics).unwrap())
}

#[test]
fn a_journal_of_the_first_version_is_read() {
    assert_eq!(decode(&first_version()), Ok(pasts()));
}

#[test]
fn a_journal_with_a_byte_changed_anywhere_is_damaged() {
    for whole in [encode(&pasts()), first_version()] {
        for (at, bit) in (0..whole.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            let damage = decode(&flipped).unwrap_err();
            assert!(!matches!(damage, Damage::Newer(_)), "byte {at}");
        }
    }
}

#[test]
fn a_journal_of_a_later_version_is_distinguished_from_a_damaged_one() {
    for body in [
        "{\"version\": 3}",
        "{\n  \"topics\": [{\"of\": \"a kind to come\"}],\n  \"version\": 3\n}\n",
    ] {
        assert_eq!(
            decode(&journal_of_version("3", body)),
            Err(Damage::Newer(3))
        );
        for version in ["0", "1", "2", "4", "03", "+3", "x", ""] {
            let damage = decode(&journal_of_version(version, body)).unwrap_err();
            assert!(!matches!(damage, Damage::Newer(_)), "{version}: {damage}");
        }
        let torn = [journal_of_version("3", body), b"torn".to_vec()].concat();
        assert_eq!(decode(&torn), Err(Damage::Checksum));
    }
    // A damaged version in the first line is never taken for a later one.
    for whole in [encode(&pasts()), first_version()] {
        let whole = String::from_utf8(whole).unwrap();
        let (head, rest) = whole.split_at(MAGIC.len() + 1);
        for version in ["0", "3", "9", "20", "x"] {
            let other = format!("{head}{version}{}", &rest[1..]);
            let damage = Damage::VersionMismatch(version.to_owned());
            assert_eq!(decode(other.as_bytes()), Err(damage));
        }
    }
}

#[test]
fn a_hub_of_the_first_version_recognises_this_version_as_later() {
    // It checks the first word, parses the number, and checks the checksum of what follows the first line.
    let bytes = encode(&pasts());
    let text = str::from_utf8(&bytes).unwrap();
    let (head, body) = text.split_once('\n').unwrap();
    assert_eq!(head, format!("{MAGIC} 2 {}", checksum(body.as_bytes())));
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
            "\"seq0\": 9000",
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
        let body = text().replacen(from, to, 1);
        assert_ne!(body, text(), "{from}");
        let damage = decode(&journal(&body)).unwrap_err().to_string();
        assert!(damage.contains(problem), "{damage:?}, not {problem:?}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_the_decoder(bytes in proptest::collection::vec(any::<u8>(), 0..300), body in ".{0,200}") {
        prop_assert!(decode(&bytes).is_err());
        _ = decode(&journal(&body));
    }
}
