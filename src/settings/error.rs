//! `Fault`: one thing wrong with the configuration, its place and the way out; `Faults`: all of them.
//!
//! Only tells; what is wrong is decided elsewhere, here and outside of `settings` (a dataset that is not there).

use std::fmt;

use super::origin::Origin;

/// One thing that is wrong, whose it is, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    origin: Origin,
    key: String,
    problem: String,
    remedy: String,
}

/// Everything that is wrong, in the order of the file, then of the environment and the flags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Fault {
    /// A fault of the value that `origin` gave to `key`; the remedy is an imperative.
    #[must_use]
    pub fn new(
        origin: &Origin,
        key: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            origin: origin.clone(),
            key: key.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// Who gave the faulty value.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The dotted key; empty when the fault is of the file as a whole.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Faults of the file come in its order, before all others, which keep theirs.
    fn rank(&self) -> (bool, usize, usize) {
        match &self.origin {
            Origin::File { line, column, .. } => (false, *line, *column),
            Origin::Default | Origin::Environment { .. } | Origin::Flag { .. } => (true, 0, 0),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.origin != Origin::Default {
            write!(f, "{}: ", self.origin)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}; {}", self.problem, self.remedy)?;
        match &self.origin {
            Origin::File {
                line,
                column,
                source,
                ..
            } if *line > 0 => excerpt(f, source, *column),
            _ => Ok(()),
        }
    }
}

/// Enough of a line to see the mistake; a data file given by mistake may be a single line of megabytes.
const EXCERPT_CHARS: usize = 100;
/// How much of it stands before the caret.
const EXCERPT_BEFORE: usize = 60;

fn excerpt(f: &mut fmt::Formatter<'_>, source: &str, column: usize) -> fmt::Result {
    let skipped = column.saturating_sub(EXCERPT_BEFORE + 1);
    // A tab stays a tab above and below, so that the caret meets its column; nothing else may steer a terminal.
    let visible = |c: char| {
        if c.is_control() && c != '\t' {
            '\u{fffd}'
        } else {
            c
        }
    };
    let shown: String = source
        .chars()
        .skip(skipped)
        .take(EXCERPT_CHARS)
        .map(visible)
        .collect();
    let margin: String = source
        .chars()
        .skip(skipped)
        .take(column.saturating_sub(skipped + 1))
        .map(|c| if c == '\t' { c } else { ' ' })
        .collect();
    write!(f, "\n    {shown}\n    {margin}^")
}

impl std::error::Error for Fault {}

impl Faults {
    pub(super) fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(super) fn sorted(mut self) -> Self {
        self.0.sort_by_key(Fault::rank);
        self
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: usize, column: usize, source: &str) -> Origin {
        Origin::File {
            path: "x.toml".into(),
            line,
            column,
            source: source.into(),
        }
    }

    #[test]
    fn a_fault_of_the_file_shows_the_line_with_a_caret() {
        let fault = Fault::new(
            &at(2, 8, "\trate =\t0\u{1b}"),
            "rate",
            "too low",
            "use more",
        );
        assert_eq!(
            fault.to_string(),
            "x.toml:2:8: rate: too low; use more\n    \trate =\t0\u{fffd}\n    \t      ^"
        );
    }

    #[test]
    fn a_very_long_line_is_shown_around_the_caret() {
        let fault = Fault::new(&at(1, 1_001, &"x".repeat(5_000)), "", "bad", "mend it");
        let lines: Vec<String> = fault.to_string().lines().map(str::to_owned).collect();
        assert_eq!(
            (lines[1].len(), lines[2].len()),
            (4 + EXCERPT_CHARS, 4 + EXCERPT_BEFORE + 1)
        );
    }

    #[test]
    fn faults_outside_the_file_name_the_variable_the_flag_or_nothing() {
        let variable = Origin::Environment {
            variable: "TICKCAST__A".into(),
        };
        assert_eq!(
            Fault::new(&variable, "a", "bad", "mend it").to_string(),
            "TICKCAST__A: a: bad; mend it"
        );
        let flag = Origin::Flag { flag: "--a".into() };
        assert_eq!(
            Fault::new(&flag, "a", "bad", "mend it").to_string(),
            "--a: a: bad; mend it"
        );
        assert_eq!(
            Fault::new(&Origin::Default, "", "bad", "mend it").to_string(),
            "bad; mend it"
        );
        assert_eq!(
            Fault::new(&at(0, 0, ""), "a", "bad", "mend it").to_string(),
            "x.toml: a: bad; mend it"
        );
    }

    #[test]
    fn faults_come_in_the_order_of_the_file() {
        let flag = Origin::Flag { flag: "--a".into() };
        let fault = |origin: &Origin| Fault::new(origin, "", "bad", "mend it");
        let faults = Faults(vec![
            fault(&flag),
            fault(&at(3, 1, "c")),
            fault(&at(2, 9, "b")),
        ])
        .sorted();
        let text = faults.to_string();
        let firsts: Vec<&str> = text.lines().filter(|line| !line.starts_with(' ')).collect();
        assert_eq!(
            firsts,
            [
                "x.toml:2:9: bad; mend it",
                "x.toml:3:1: bad; mend it",
                "--a: bad; mend it"
            ]
        );
    }
}
