//! Plain words: a type name means one thing, and the phrases that made this code hard to read do not come back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::support::hub::root;

/// Phrases that read like a riddle, with what to write instead. Matched as whole words, whatever their case.
const AVOIDED: &[(&str, &str)] = &[
    ("whoever", "the noun: viewer, client, operator, reader"),
    ("whomever", "the noun: viewer, client, operator, reader"),
    ("nobody", "the noun: no viewer, no client"),
    ("somebody", "the noun: a viewer, a client"),
    ("those who", "the noun: viewers, clients"),
    ("one that there is", "the noun"),
    ("is told", "is sent, is notified; the log reports"),
    ("are told", "are sent, are notified; the log reports"),
    ("there is none", "is missing, not found"),
    ("is no more", "no longer exists"),
    ("so many", "the quantity"),
    ("anew", "again"),
    ("by and by", "gradually"),
    ("see the head of this file", "what the item is"),
];

/// Exempts its line from [`AVOIDED`]; a reason follows it.
const EXEMPTION: &str = "plain-words:";

/// The files below `folder` with one of `extensions`, in order.
pub(crate) fn files(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            if path.is_dir() && !["target", "node_modules", "dist"].contains(&&*name) {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extensions.iter().any(|known| extension == *known))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The path below the root of the repository.
pub(crate) fn short(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// The name that `line` gives to a type with one of `keywords`.
fn type_name<'a>(line: &'a str, keywords: &[&str]) -> Option<&'a str> {
    let words = [
        "export ",
        "default ",
        "declare ",
        "abstract ",
        "pub ",
        "pub(crate) ",
        "pub(super) ",
    ];
    let mut rest = line.trim_start();
    loop {
        let before = rest;
        for word in words {
            rest = rest.strip_prefix(word).unwrap_or(rest);
        }
        if let Some((path, after)) = rest
            .strip_prefix("pub(in ")
            .and_then(|rest| rest.split_once(") "))
        {
            assert!(!path.is_empty());
            rest = after;
        }
        if rest == before {
            break;
        }
    }
    let rest = keywords
        .iter()
        .find_map(|keyword| rest.strip_prefix(keyword)?.strip_prefix(' '))?;
    let end = rest
        .find(|char: char| !char.is_alphanumeric() && char != '_')
        .unwrap_or(rest.len());
    Some(&rest[..end]).filter(|name| name.starts_with(char::is_uppercase))
}

/// Type names that two places below `folder` define, with those places.
fn defined_twice(folder: &str, extension: &str, keywords: &[&str]) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files(folder, &[extension]) {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            // What an `impl` block names `type` is not a new type: it is indented, and has a value.
            let is_associated = line.starts_with(' ') && line.trim_start().starts_with("type ");
            if let Some(name) = type_name(line, keywords).filter(|_| !is_associated) {
                let place = format!("{}:{number}", short(&path));
                places.entry(name.to_owned()).or_default().push(place);
            }
        }
    }
    assert!(places.len() > 50, "{folder}: too few types were found");
    places.retain(|_, places| places.len() > 1);
    let lines = places.into_iter();
    lines
        .map(|(name, places)| format!("{name}: {}", places.join(", ")))
        .collect()
}

#[test]
fn no_type_name_of_the_crate_is_defined_twice() {
    let twice = defined_twice("src", "rs", &["struct", "enum", "trait", "union", "type"]);
    assert!(twice.is_empty(), "defined twice:\n{}", twice.join("\n"));
}

#[test]
fn no_type_name_of_the_page_is_defined_twice() {
    let twice = defined_twice("web/src", "ts", &["class", "interface", "enum", "type"]);
    assert!(twice.is_empty(), "defined twice:\n{}", twice.join("\n"));
}

#[test]
fn no_two_source_files_share_a_name() {
    for (folder, extension) in [("src", "rs"), ("web/src", "ts")] {
        let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for path in files(folder, &[extension]) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if !name.ends_with("tests.rs") {
                places.entry(name).or_default().push(path);
            }
        }
        assert!(places.len() > 50, "{folder}: too few files were found");
        places.retain(|_, places| places.len() > 1);
        assert!(places.is_empty(), "{places:#?}");
    }
}

#[test]
fn comments_and_texts_are_in_plain_words() {
    let mut found = Vec::new();
    let folders = [
        "src",
        "web/src",
        "web/tests",
        "tests",
        "benches",
        "docs",
        "config",
        "deploy",
    ];
    let kinds = [
        "rs", "ts", "py", "sh", "md", "toml", "yaml", "yml", "css", "html",
    ];
    let top = [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "BENCHMARKS.md",
        "Makefile",
    ];
    let paths = folders.iter().flat_map(|folder| files(folder, &kinds));
    for path in paths.chain(top.iter().map(|name| root().join(name))) {
        if path.ends_with("tests/integration/vocabulary.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            if line.contains(EXEMPTION) {
                continue;
            }
            let lower = line.to_lowercase().replace('_', " ");
            for (phrase, instead) in AVOIDED {
                if has_words(&lower, phrase) {
                    found.push(format!(
                        "{}:{number}: \"{phrase}\"; write {instead}",
                        short(&path)
                    ));
                }
            }
        }
    }
    assert!(
        found.is_empty(),
        "{} lines:\n{}",
        found.len(),
        found.join("\n")
    );
}

/// Whether `phrase` stands in `text` as whole words.
fn has_words(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let is_letter = |char: char| char.is_alphanumeric();
        !text[..at].ends_with(is_letter) && !text[at + phrase.len()..].starts_with(is_letter)
    })
}

#[test]
fn phrases_are_found_as_whole_words_alone() {
    assert!(has_words("for whoever reads", "whoever"));
    assert!(!has_words("a canew", "anew") && !has_words("anewer", "anew"));
}
