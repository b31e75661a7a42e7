use proptest::prelude::*;

use super::*;

/// 2026-01-01T00:00:00Z.
const T0: i64 = 1_767_225_600_000_000;

fn past(looping: bool) -> Past {
    let len = NonZeroU64::new(1_000).unwrap();
    let mut timeline = Timeline::begin(Micros::new(T0), "59.94".parse().unwrap(), len, looping);
    timeline.change_rate(
        "0.001".parse().unwrap(),
        Seq::saturating(70),
        Micros::new(T0 + 2_000_000),
    );
    Past {
        dataset_sha256: [7; 32],
        epoch: timeline.epoch(&[7; 32]),
        timeline,
        seq: Seq::saturating(71),
    }
}

fn pasts() -> Pasts {
    let names = ["ecg", "a.b-c_d"].map(|name| name.parse().unwrap());
    names.into_iter().zip([past(true), past(false)]).collect()
}

/// A journal with `body`, sealed.
fn sealed(body: &str) -> Vec<u8> {
    format!("{NAME} 1 {}\n{body}", checksum(body.as_bytes())).into_bytes()
}

/// The body of a whole journal.
fn text() -> String {
    let text = String::from_utf8(encode(&pasts())).unwrap();
    text.split_once('\n').unwrap().1.to_owned()
}

#[test]
fn what_is_encoded_is_decoded() {
    assert_eq!(decode(&encode(&pasts())), Ok(pasts()));
    assert_eq!(decode(&encode(&Pasts::new())), Ok(Pasts::new()));
    assert_eq!(decode(&sealed(&text())), Ok(pasts()));
}

#[test]
fn a_journal_cut_anywhere_is_damaged() {
    let whole = encode(&pasts());
    for len in 0..whole.len() {
        assert!(decode(&whole[..len]).is_err(), "{len} bytes");
    }
}

#[test]
fn a_journal_with_a_byte_changed_anywhere_is_damaged() {
    let whole = encode(&pasts());
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        assert!(decode(&flipped).is_err(), "byte {at}");
    }
}

#[test]
fn a_journal_of_another_version_is_told_apart_from_a_damaged_one() {
    let newer = String::from_utf8(encode(&pasts())).unwrap();
    let of_version = |version: &str| newer.replacen(" 1 ", &format!(" {version} "), 1);
    assert_eq!(decode(of_version("2").as_bytes()), Err(Damage::Newer(2)));
    for (version, other) in [("0", ""), ("x", ""), ("2", "torn")] {
        let text = of_version(version) + other;
        let damage = Damage::Version(version.to_owned());
        assert_eq!(decode(text.as_bytes()), Err(damage));
    }
}

#[test]
fn values_that_cannot_be_are_not_believed_whatever_the_checksum_says() {
    for (from, to, problem) in [
        ("\"ecg\"", "\"Ecg\"", "topic `Ecg`: not a topic name"),
        ("\"sha256\": \"0707", "\"sha256\": \"07", "is no SHA-256"),
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
            "publication 1001 lies beyond its end",
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
            "\"seq0\": 1",
            "segment 2 does not begin after",
        ),
        (
            "\"seq0\": 1,",
            "\"seq0\": 0,",
            "does not begin with publication 1",
        ),
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
        let damage = decode(&sealed(&body)).unwrap_err().to_string();
        assert!(damage.contains(problem), "{damage:?}, not {problem:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_bring_the_decoder_down(bytes in proptest::collection::vec(any::<u8>(), 0..300), body in ".{0,200}") {
        prop_assert!(decode(&bytes).is_err());
        _ = decode(&sealed(&body));
    }
}
