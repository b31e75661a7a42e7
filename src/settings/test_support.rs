//! What the tests of `Settings::load` share: a file in a fresh folder, and what is told of it.

use super::*;

/// The smallest good file, three lines long.
pub(super) const ONE: &str = "[topics.ecg]\ndataset = \"d.json\"\nrate = 100\n";

/// Loads `toml` as `dir/x.toml` of a fresh folder; paths in messages begin at `x.toml`.
pub(super) fn load(
    toml: &str,
    env: &[(&str, &str)],
    flags: &[(&str, &str, &str)],
) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.toml");
    std::fs::write(&file, toml).unwrap();
    let env = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let flag = |(key, text, flag): &(&str, &str, &str)| {
        ((*key).to_owned(), (*text).to_owned(), (*flag).to_owned())
    };
    let overrides = Overrides {
        values: flags.iter().map(flag).collect(),
    };
    let prefix = format!("{}/", folder.path().display());
    Settings::load(&file, env, &overrides).map_err(|faults| faults.to_string().replace(&prefix, ""))
}

/// The first lines of all faults, without the excerpts.
pub(super) fn faults(
    toml: &str,
    env: &[(&str, &str)],
    flags: &[(&str, &str, &str)],
) -> Vec<String> {
    let text = load(toml, env, flags)
        .map(|settings| format!("{settings:?}"))
        .unwrap_err();
    text.lines()
        .filter(|line| !line.starts_with("    "))
        .map(str::to_owned)
        .collect()
}

/// The faults of a file with `line` in `section`, beside a good topic; the line is the fifth.
pub(super) fn in_section(section: &str, line: &str) -> Vec<String> {
    faults(&format!("{ONE}[{section}]\n{line}\n"), &[], &[])
}

/// The faults of a topic with `line`, its fourth.
pub(super) fn in_topic(line: &str) -> Vec<String> {
    faults(&format!("{ONE}{line}\n"), &[], &[])
}

/// The faults of one `VARIABLE=value` over a good file.
pub(super) fn of_assignment(assignment: &str) -> Vec<String> {
    faults(ONE, &[assignment.split_once('=').unwrap()], &[])
}

/// Checks a table in which each faulty line is followed by what is told of it, indented.
pub(super) fn each_is_told(faults_of: impl Fn(&str) -> Vec<String>, table: &str) {
    let lines: Vec<&str> = table.lines().filter(|line| !line.is_empty()).collect();
    for case in lines.chunks(2) {
        let [line, told] = case else {
            panic!("no fault for {case:?}")
        };
        assert_eq!(faults_of(line), [told.trim_start()]);
    }
}
