//! `config/demo.toml`: its recordings are what the script beside them makes, and they can be played.

use std::fs;
use std::process::Command;

use sha2::{Digest, Sha256};

use super::support::hub::root;
use super::support::skip;

const SCRIPT: &str = "config/demo/make_demo.py";

/// The recordings, with the SHA-256 of what the script makes.
const RECORDINGS: [(&str, &str); 2] = [
    (
        "config/demo/station.csv",
        "5d31210baadabfcecd00902231642542d398dab3603c94fc340feebce8911436",
    ),
    (
        "config/demo/ride.mcap",
        "6703c6139fc4b76107b0bd1a49ca6b255e893d1fcba49c3a08b182a467fa377c",
    ),
];

#[test]
fn the_recordings_are_small_and_have_not_been_edited() {
    for (name, digest) in RECORDINGS {
        let bytes = fs::read(root().join(name)).unwrap();
        assert!(bytes.len() <= 100_000, "{name}: {}", bytes.len());
        let found = data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes));
        assert_eq!(found, digest, "{name}");
    }
}

#[test]
fn the_script_makes_the_recordings_byte_for_byte() {
    let mut python = Command::new("python3");
    let check = python
        .args([SCRIPT, "--check"])
        .current_dir(root())
        .output();
    match check {
        Ok(check) => {
            let error = String::from_utf8_lossy(&check.stderr).into_owned();
            assert!(check.status.success(), "{error}");
        }
        Err(_) => skip("`python3` is missing"),
    }
}

#[test]
fn every_topic_of_the_demo_can_be_played() {
    let state = tempfile::tempdir().unwrap();
    let check = Command::new(env!("CARGO_BIN_EXE_tickcast"))
        .args(["check", "--config", "config/demo.toml"])
        .current_dir(root())
        .env("STATE_DIRECTORY", state.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[check.stdout, check.stderr].concat()).into_owned();
    assert!(check.status.success(), "{said}");
    for topic in ["ecg", "station", "bike", "gps"] {
        assert!(said.contains(topic), "{topic}: {said}");
    }
}
