//! Helpers for the tests of `Settings::load`: a file in a temporary folder, and its error messages.

use super::*;

/// The smallest valid file, three lines long.
pub(super) const MINIMAL: &str = "[topics.ecg]\ndataset = \"d.json\"\nrate = 100\n";

/// Loads `toml` from `x.toml` in a temporary folder; paths in messages begin with `x.toml`.
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
    Settings::load(&file, env, &overrides).map_err(|errors| errors.to_string().replace(&prefix, ""))
}

/// The first line of every error, without the excerpts.
pub(super) fn errors(
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

/// The errors of a file with a valid topic and `line`, the fifth of the file, in `section`.
pub(super) fn errors_in_section(section: &str, line: &str) -> Vec<String> {
    errors(&format!("{MINIMAL}[{section}]\n{line}\n"), &[], &[])
}

/// The errors of a topic with the extra `line`, the fourth of the file.
pub(super) fn errors_in_topic(line: &str) -> Vec<String> {
    errors(&format!("{MINIMAL}{line}\n"), &[], &[])
}

/// The errors of `VARIABLE=value` with a valid file.
pub(super) fn errors_of_variable(assignment: &str) -> Vec<String> {
    errors(MINIMAL, &[assignment.split_once('=').unwrap()], &[])
}

/// Checks a table in which each invalid line is followed by its error message, indented.
pub(super) fn assert_each_error(errors_of: impl Fn(&str) -> Vec<String>, table: &str) {
    let lines: Vec<&str> = table.lines().filter(|line| !line.is_empty()).collect();
    for case in lines.chunks(2) {
        let [line, error] = case else {
            panic!("no error for {case:?}")
        };
        assert_eq!(errors_of(line), [error.trim_start()]);
    }
}
