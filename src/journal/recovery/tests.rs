use proptest::prelude::*;
use sha2::Digest;

use super::*;
use crate::journal::entries_file::CompactContent;
use crate::journal::entry::topic_entries;
use crate::journal::tests::{checkpoint, checkpoints, paused, with_change};

/// Appends entries to the content of a file, as [`super::super::entries_file::EntriesFile`] does.
struct Lines {
    format: EntryLines,
    bytes: Vec<u8>,
    next: u64,
}

impl Lines {
    /// A compact file with `checkpoints`.
    fn new(checkpoints: &Checkpoints) -> Self {
        let bytes = CompactContent::new(checkpoints).bytes;
        let head = bytes.split_inclusive(|&byte| byte == b'\n').next().unwrap();
        Self {
            format: EntryLines::from_head(head).unwrap(),
            bytes,
            next: 2,
        }
    }

    fn append(&mut self, entry: &Entry) -> u64 {
        let number = self.next;
        self.bytes.extend(self.format.encode(number, entry));
        self.next += 1;
        number
    }

    /// Appends a proposal and its commit.
    fn change(&mut self, old: &Checkpoints, new: &Checkpoints) {
        let proposal = self.append(&propose(old, new));
        self.append(&Entry::Commit(proposal));
    }

    fn recover(&self) -> Result<Checkpoints, Damage> {
        recover(&self.bytes)
    }
}

fn propose(old: &Checkpoints, new: &Checkpoints) -> Entry {
    let between = old
        .iter()
        .map(|(name, old)| ProposedSegments::between(name, old, &new[name]));
    Entry::Propose(between.collect())
}

/// The same checkpoints with the last publication `seq` of the topic `ecg`.
fn at(checkpoints: &Checkpoints, seq: u64) -> Checkpoints {
    let mut changed = checkpoints.clone();
    let ecg = changed.get_mut(&"ecg".parse().unwrap()).unwrap();
    ecg.seq = crate::protocol::Seq::saturating(seq);
    changed
}

fn newest(seq: u64) -> Entry {
    Entry::Seq(BTreeMap::from([("ecg".to_owned(), seq)]))
}

/// The same checkpoints with one more change of each timeline.
fn changed(checkpoints: &Checkpoints, rate: &str) -> Checkpoints {
    let change = |(name, old): (&TopicName, &Checkpoint)| (name.clone(), with_change(old, rate));
    checkpoints.iter().map(change).collect()
}

#[test]
fn what_was_written_is_read_back() {
    let old = checkpoints();
    let mut lines = Lines::new(&old);
    assert_eq!(lines.recover(), Ok(old.clone()));
    assert_eq!(
        Lines::new(&Checkpoints::new()).recover(),
        Ok(Checkpoints::new())
    );
    lines.append(&newest(90));
    let old = at(&old, 90);
    assert_eq!(lines.recover(), Ok(old.clone()));
    let new = changed(&old, "7");
    lines.change(&old, &new);
    assert_eq!(lines.recover(), Ok(new.clone()));
    // A topic that begins again, and a paused one.
    let mut more = new.clone();
    more.insert("ecg".parse().unwrap(), checkpoint(false));
    more.insert("paused".parse().unwrap(), paused());
    lines.append(&Entry::Topics(topic_entries(&more)));
    assert_eq!(lines.recover(), Ok(more));
}

#[test]
fn a_proposal_without_its_commit_means_nothing() {
    let old = checkpoints();
    let new = changed(&old, "7");
    let mut lines = Lines::new(&old);
    lines.append(&propose(&old, &new));
    assert_eq!(lines.recover(), Ok(old.clone()));
    lines.append(&newest(90));
    assert_eq!(lines.recover(), Ok(at(&old, 90)));
    // Not even a later commit makes it count.
    lines.append(&Entry::Commit(2));
    let damage = lines.recover().unwrap_err().to_string();
    assert_eq!(damage, "entry 4 commits no proposal");
}

#[test]
fn segments_that_were_dropped_are_not_read_back() {
    let old = checkpoints();
    let mut new = changed(&changed(&old, "7"), "8");
    for checkpoint in new.values_mut() {
        let timeline = &checkpoint.timeline;
        let kept = timeline.segments()[2..].to_vec();
        checkpoint.timeline =
            Timeline::from_segments(kept, timeline.len(), timeline.is_looping()).unwrap();
    }
    let mut lines = Lines::new(&old);
    lines.change(&old, &new);
    assert_eq!(lines.recover(), Ok(new));
}

/// A file with two seqs and a change, and what it has after each entry.
fn history() -> (Lines, Vec<(usize, Checkpoints)>) {
    let mut state = checkpoints();
    let mut lines = Lines::new(&state);
    let mut history = vec![(lines.bytes.len(), state.clone())];
    for (seq, rate) in [(90, "7"), (95, "59.94")] {
        lines.append(&newest(seq));
        state = at(&state, seq);
        history.push((lines.bytes.len(), state.clone()));
        let new = changed(&state, rate);
        lines.change(&state, &new);
        state = new;
        history.push((lines.bytes.len(), state.clone()));
    }
    (lines, history)
}

#[test]
fn a_file_cut_anywhere_has_what_was_appended_completely() {
    let (lines, history) = history();
    for len in 0..=lines.bytes.len() {
        let found = recover(&lines.bytes[..len]);
        match history.iter().rev().find(|(end, _)| *end <= len) {
            Some((_, expected)) => assert_eq!(found.as_ref(), Ok(expected), "{len} bytes"),
            // The first entry was complete before the file got its name.
            None => assert!(found.is_err(), "{len} bytes"),
        }
    }
}

#[test]
fn a_byte_changed_anywhere_is_damage_except_in_the_last_entry() {
    let (lines, history) = history();
    let mut last = lines.bytes[..lines.bytes.len() - 1].iter();
    let last = last.rposition(|&byte| byte == b'\n').unwrap();
    // The last entry is a commit, without which the state is the one before.
    let (_, before) = &history[history.len() - 2];
    for (place, bit) in (0..lines.bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut flipped = lines.bytes.clone();
        flipped[place] ^= 1 << bit;
        let found = recover(&flipped);
        if place < last {
            assert!(found.is_err(), "byte {place}, bit {bit}");
        } else {
            assert_eq!(found.as_ref(), Ok(before), "byte {place}, bit {bit}");
        }
    }
}

#[test]
fn old_data_after_an_interrupted_append_is_not_taken_for_entries() {
    let (mut lines, history) = history();
    let (other, _) = self::history();
    let (_, expected) = history.last().unwrap();
    // A power failure can leave anything there, such as the entries of an older file.
    lines.bytes.extend(&other.bytes[other.bytes.len() / 2..]);
    assert_eq!(lines.recover().as_ref(), Ok(expected));
    lines.bytes.extend([0; 5_000]);
    assert_eq!(lines.recover().as_ref(), Ok(expected));
}

#[test]
fn a_missing_entry_is_damage() {
    let (lines, _) = history();
    let all: Vec<_> = lines.bytes.split_inclusive(|&byte| byte == b'\n').collect();
    for missing in 0..all.len() - 1 {
        let rest: Vec<_> = [&all[..missing], &all[missing + 1..]].concat();
        assert!(recover(&rest.concat()).is_err(), "entry {missing}");
    }
    let doubled = [&all[..3], &all[2..]].concat().concat();
    let damage = recover(&doubled).unwrap_err().to_string();
    assert_eq!(damage, "entry 2 is in the place of entry 3");
}

#[test]
fn entries_of_a_later_version_are_distinguished_from_damaged_ones() {
    let head = "0 {\"version\":4,\"salt\":\"x\",\"kind\":\"to come\"}";
    let sum = data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(head)[..16]);
    let bytes = format!("{sum} {head}\nsomething else");
    assert_eq!(recover(bytes.as_bytes()), Err(Damage::Newer(4)));
}

/// A compact file in which `from` is replaced with `to`, with a correct checksum.
fn edited(from: &str, to: &str) -> Vec<u8> {
    let entry = Entry::Topics(topic_entries(&checkpoints()));
    let json = serde_json::to_string(&entry).unwrap();
    let changed = json.replacen(from, to, 1);
    assert_ne!(changed, json, "{from}");
    let format = EntryLines::new();
    [format.head(), format.encode_json(1, &changed)].concat()
}

#[test]
fn invalid_values_are_rejected_even_if_the_checksum_matches() {
    for (from, to, problem) in [
        ("\"ecg\"", "\"Ecg\"", "topic `Ecg`: not a topic name"),
        (
            "\"sha256\":\"0707",
            "\"sha256\":\"07",
            "is not a SHA-256 digest",
        ),
        ("\"epoch\":\"", "\"epoch\":\"A", "not an epoch"),
        (
            "\"seq\":71",
            "\"seq\":1001",
            "is beyond the end of its timeline",
        ),
        (
            "\"seq\":71",
            "\"seq\":9007199254740992",
            "is beyond the largest seq",
        ),
        (
            "\"records\":1000",
            "\"records\":70",
            "segment 2 begins beyond the end",
        ),
        ("\"seq0\":71", "\"seq0\":700", "segment 2 begins too early"),
        (
            "\"rate\":\"0.001\"",
            "\"rate\":\"0\"",
            "segment 2: rate `0`: outside",
        ),
        (
            "\"rate\":\"0.001\"",
            "\"rate\":null",
            "segment 2 is not played like the dataset",
        ),
        ("\"speed\":\"1\"", "\"speed\":\"17\"", "speed `17`: outside"),
        (
            "\"by\":\"configuration\"",
            "\"by\":\"\"",
            "segment 1: the author of a change",
        ),
        ("\"playing\":true", "\"playing\":1", "invalid type"),
        (
            "\"playing\":true",
            "\"paying\":true",
            "unknown field `paying`",
        ),
        ("\"index0\":70,", "", "missing field `index0`"),
        ("{\"topics\"", "{\"players\"", "unknown variant `players`"),
    ] {
        let damage = recover(&edited(from, to)).unwrap_err();
        assert!(!matches!(damage, Damage::Unplayable(_)), "{damage}");
        let text = damage.to_string();
        assert!(text.contains(problem), "{text:?}, not {problem:?}");
    }
}

#[test]
fn what_only_a_later_version_can_play_is_named_and_is_no_damage() {
    for (from, to, problem) in [
        ("\"speed\":\"1\"", "\"speed\":\"-0.5\"", "its speed is -0.5"),
        (
            "\"show\":false",
            "\"show\":true",
            "it shows a record while it is paused",
        ),
        (
            "\"range\":null",
            "\"range\":{\"from\":0,\"to\":5000000}",
            "it plays only the range from 0 to 5000000 µs",
        ),
    ] {
        let Err(Damage::Unplayable(found)) = recover(&edited(from, to)) else {
            panic!("{to} was read");
        };
        let expected = format!("topic `a.b-c_d`: segment 1: {problem}");
        assert_eq!(found.to_string(), expected);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300), json in ".{0,200}") {
        prop_assert!(recover(&bytes).is_err());
        let format = EntryLines::new();
        _ = recover(&[format.head(), format.encode_json(1, &json), bytes].concat());
    }
}
