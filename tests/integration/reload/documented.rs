//! The reference file and the handbook say for each key when it takes effect; both say what the schema says.

use tickcast::settings::{Reload, SCHEMA};

use super::super::support::hub::root;

fn is_known(name: &str) -> bool {
    let mut keys = SCHEMA.into_iter().flat_map(|(_, keys)| keys);
    keys.any(|key| key.name == name)
}

/// Each key of the reference file with the comment above it, preceded by that of its table.
fn reference() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("config/tickcast.toml")).unwrap();
    let mut keys = Vec::new();
    let (mut header, mut of_table) = (String::new(), String::new());
    let mut comment = String::new();
    for line in text.lines() {
        // A key whose default depends on something else is commented out.
        let (bare, is_comment) = match line.strip_prefix("# ") {
            Some(bare) => (bare, true),
            None => (line, false),
        };
        let key = bare.split_once(" = ").map(|(name, _)| name);
        let key = key.filter(|name| !is_comment || is_known(name));
        // A table that the sample does not have is commented out as well.
        if let Some(name) = bare
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            name.clone_into(&mut header);
            of_table = std::mem::take(&mut comment);
        } else if let Some(key) = key {
            let key = format!("{header}.{key}");
            keys.push((key, format!("{of_table}{}", std::mem::take(&mut comment))));
        } else if is_comment {
            comment.push_str(bare);
            comment.push(' ');
        } else {
            comment.clear();
        }
    }
    keys
}

#[test]
fn the_reference_file_says_which_keys_need_a_restart() {
    let reference = reference();
    let documented: Vec<_> = reference.iter().map(|(key, _)| key.as_str()).collect();
    let in_schema: Vec<_> = SCHEMA
        .into_iter()
        .flat_map(|(header, keys)| {
            let header = header.replace("NAME", "ecg").replace("FIELD", "value");
            keys.iter()
                .map(move |key| (format!("{header}.{}", key.name), key.reload))
        })
        .collect();
    let names: Vec<_> = in_schema.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(documented, names);
    for ((key, comment), (_, reload)) in reference.iter().zip(&in_schema) {
        let says = match comment.split_once("Needs a restart") {
            None => Reload::Live,
            Some((_, condition)) if condition.starts_with(" if ") => Reload::LiveInNewSegment,
            Some(_) => Reload::Restart,
        };
        assert_eq!(says, *reload, "{key}: {comment}");
    }
}

/// The keys in the first cell of a row of the handbook's table, such as `server.host`, `port`: the table of the first
/// is that of all.
fn keys_of_row(cell: &str) -> Vec<String> {
    let names: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
    let Some((table, _)) = names.first().and_then(|first| first.rsplit_once('.')) else {
        return Vec::new();
    };
    let key = |name: &&str| match name.rsplit_once('.') {
        Some(_) => (*name).to_owned(),
        None => format!("{table}.{name}"),
    };
    names.iter().map(key).collect()
}

#[test]
fn the_handbook_says_which_keys_need_a_restart() {
    let text = std::fs::read_to_string(root().join("docs/handbook/lifecycle.md")).unwrap();
    let (_, table) = text.split_once("| key | on SIGHUP |\n|---|---|\n").unwrap();
    let rows = table.lines().map_while(|line| line.strip_prefix("| "));
    let documented: Vec<_> = rows
        .flat_map(|row| {
            let (keys, effect) = row.split_once(" | ").unwrap();
            let reload = match effect {
                effect if effect.starts_with("at a restart") => Reload::Restart,
                effect if effect.contains("at a restart if") => Reload::LiveInNewSegment,
                _ => Reload::Live,
            };
            keys_of_row(keys).into_iter().map(move |key| (key, reload))
        })
        .collect();
    for (header, keys) in SCHEMA {
        for key in keys {
            let dotted = format!("{header}.{}", key.name);
            let is_named = |name: &str| {
                name == dotted
                    || name.strip_suffix(".*") == Some(header)
                    || (["topics.NAME.about", "topics.NAME.fields"].contains(&name)
                        && header.starts_with(name))
            };
            let says: Vec<_> = documented
                .iter()
                .filter(|(name, _)| is_named(name))
                .map(|(_, reload)| *reload)
                .collect();
            assert_eq!(says, [key.reload], "{dotted}");
        }
    }
}
