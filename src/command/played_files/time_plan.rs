//! [`TimePlan`]: whether a file is played by the time stamps of its records, and by which.
//!
//! Without `--time`, `--no-time` and `--rate` that is guessed, and used only if the picture moves by it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::in_words::interval;
use super::super::time_facts::TimeFacts;
use crate::protocol::Speed;
use crate::settings::{Pace, TimeSettings};
use crate::source::{
    Dataset, DatasetError, NoteKind, ReadOptions, RecordSource as _, TimeCandidate, densest,
    guess_time,
};

/// How a file is played.
#[derive(Debug, Clone)]
pub(in crate::command) struct TimePlan {
    pub(in crate::command) path: PathBuf,
    /// The column of the stamps; `None`: the file is played at a rate.
    pub(in crate::command) column: Option<TimeColumnPlan>,
    /// Why a column that looks like a time is not used.
    unused: Option<Unused>,
}

/// The column by which a file is played.
#[derive(Debug, Clone)]
pub(in crate::command) struct TimeColumnPlan {
    pub(in crate::command) facts: TimeFacts,
    /// Whether the column was guessed.
    is_guessed: bool,
    /// How many stamps have no time zone.
    without_zone: u64,
}

/// What the command line says about the time.
#[derive(Debug, Clone)]
pub(in crate::command) struct TimeWishes {
    /// `--time` and `--time-unit`.
    pub(in crate::command) given: Option<TimeCandidate>,
    /// Whether a column may be guessed.
    pub(in crate::command) may_guess: bool,
    pub(in crate::command) speed: Speed,
}

/// A column that looks like a time, and is not used.
#[derive(Debug, Clone)]
struct Unused {
    /// What is wrong with it.
    why: String,
    /// How to use it nevertheless, if that is possible.
    remedy: Option<String>,
    /// What it is, if all of its stamps could be read.
    facts: Option<Box<TimeFacts>>,
}

/// Candidates that are tried: each costs reading the whole file.
const TRIED_MAX: usize = 3;
const OTHER_COLUMN: &str = "`--time COLUMN` to play by another column";
/// A picture with fewer changes does not look as if it moved.
const INTERVAL_MAX: Duration = Duration::from_secs(2);

impl TimePlan {
    /// Plans the file at `path`, which is read as `options` say, and loads it.
    pub(in crate::command) fn new(
        path: &Path,
        options: &ReadOptions,
        wishes: &TimeWishes,
    ) -> Result<(Self, Dataset), DatasetError> {
        if let Some(given) = &wishes.given {
            let (column, dataset) = load(path, options, given)?;
            if let Err((problem, remedy)) = check_density(&column, &dataset, wishes.speed) {
                let path = path.to_owned();
                return Err(DatasetError::Unusable {
                    path,
                    problem,
                    remedy,
                });
            }
            return Ok((Self::by_time(path, column), dataset));
        }
        let mut unused = None;
        if wishes.may_guess {
            let guess = guess_time(path, options)?;
            for candidate in guess.candidates.iter().take(TRIED_MAX) {
                match try_out(path, options, candidate, wishes.speed) {
                    Ok((mut column, dataset)) => {
                        column.is_guessed = true;
                        return Ok((Self::by_time(path, column), dataset));
                    }
                    Err(why) => unused = unused.or(Some(why)),
                }
            }
            unused = unused.or(guess.rejected.map(Unused::because));
        }
        let plan = Self {
            path: path.to_owned(),
            column: None,
            unused,
        };
        Ok((plan, Dataset::load(path, options)?))
    }

    fn by_time(path: &Path, column: TimeColumnPlan) -> Self {
        Self {
            path: path.to_owned(),
            column: Some(column),
            unused: None,
        }
    }

    /// Whether there is anything to say about the time in it.
    pub(in crate::command) const fn is_remarkable(&self) -> bool {
        self.column.is_some() || self.unused.is_some()
    }

    /// The time of the records, whether they are played by it or not.
    pub(in crate::command) fn facts(&self) -> Option<&TimeFacts> {
        let unused = self.unused.as_ref();
        let other = || unused.and_then(|unused| unused.facts.as_deref());
        let used = self.column.as_ref().map(|column| &column.facts);
        used.or_else(other)
    }
}

impl Unused {
    const fn because(why: String) -> Self {
        Self {
            why,
            remedy: None,
            facts: None,
        }
    }
}

/// Loads the file at `path` by the time in `candidate`.
fn load(
    path: &Path,
    options: &ReadOptions,
    candidate: &TimeCandidate,
) -> Result<(TimeColumnPlan, Dataset), DatasetError> {
    let time = TimeSettings {
        key: candidate.key.clone(),
        unit: candidate.unit,
        max_gap: None,
        loop_gap: None,
    };
    let options = ReadOptions {
        time: Some(time.clone()),
        ..options.clone()
    };
    let dataset = Dataset::load(path, &options)?;
    let without_zone = dataset.notes().iter().map(|note| match note.kind {
        NoteKind::WithoutZone { count } => count,
        _ => 0,
    });
    let column = TimeColumnPlan {
        facts: TimeFacts::new(&dataset, &time).expect("every record has a stamp"),
        is_guessed: false,
        without_zone: without_zone.sum(),
    };
    Ok((column, dataset))
}

/// Loads the file by a guessed column, if the picture moves by it.
fn try_out(
    path: &Path,
    options: &ReadOptions,
    candidate: &TimeCandidate,
    speed: Speed,
) -> Result<(TimeColumnPlan, Dataset), Unused> {
    let loaded = load(path, options, candidate);
    let (column, dataset) = loaded.map_err(|error| Unused::because(first_problem(error)))?;
    // A recording keeps its time, however the picture moves.
    let picture = if candidate.is_certain {
        Ok(())
    } else {
        check_picture(&column, speed)
    };
    match picture.and_then(|()| check_density(&column, &dataset, speed)) {
        Ok(()) => Ok((column, dataset)),
        Err((why, remedy)) => Err(Unused {
            why,
            remedy: Some(remedy),
            facts: Some(Box::new(column.facts)),
        }),
    }
}

/// Checks that the picture moves by the time in `column`; otherwise says what is wrong, and the remedy.
fn check_picture(column: &TimeColumnPlan, speed: Speed) -> Result<(), (String, String)> {
    let key = &column.facts.key;
    let Some(typical) = column.facts.summary.typical else {
        let why = format!("`{key}` is the same in all records");
        return Err((why, OTHER_COLUMN.to_owned()));
    };
    let shown = typical.as_nanos() * 1_000 / u128::from(speed.thousandths());
    if shown <= INTERVAL_MAX.as_nanos() {
        return Ok(());
    }
    let why = format!("`{key}` is {} apart", interval(typical));
    Err((why, format!("`--time {}` to play by it", argument(key))))
}

/// Checks that the records of no second are more than a topic may publish; otherwise says so, and the remedy.
fn check_density(
    column: &TimeColumnPlan,
    dataset: &Dataset,
    speed: Speed,
) -> Result<(), (String, String)> {
    let stamps = dataset.stamps().expect("every record has a stamp");
    let most = densest(stamps, Duration::from_secs(1));
    let published = most.saturating_mul(u64::from(speed.thousandths())) / 1_000;
    let max = Pace::PER_SECOND_MAX;
    if published <= max {
        return Ok(());
    }
    let key = &column.facts.key;
    // Rounded down, to two places.
    let slower = max * 100 / most;
    let remedy = if slower > 0 {
        let speed = format!("{}.{:02}", slower / 100, slower % 100);
        format!(
            "`--speed {speed} --time {}` to play by it, but slower",
            argument(key)
        )
    } else {
        "`--rate` to play it at another rate".to_owned()
    };
    let why = format!("{published} records a second in `{key}` are more than {max}");
    Err((why, remedy))
}

/// What is wrong with the first stamp that cannot be used; the file need not be mentioned.
fn first_problem(error: DatasetError) -> String {
    match error {
        DatasetError::Malformed { line, problem, .. } => format!("{problem} (line {line})"),
        other => other.to_string(),
    }
}

/// `text` as an argument of a shell.
fn argument(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:".contains(&byte);
    if text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// One line: how the file is played, and how to play it otherwise.
impl fmt::Display for TimePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Unused { why, remedy, .. }) = &self.unused {
            let remedy = remedy.as_deref().unwrap_or(OTHER_COLUMN);
            return write!(f, "{why}: played at 10 records a second; {remedy}");
        }
        let Some(column) = &self.column else {
            return f.write_str("played at a fixed rate");
        };
        let key = &column.facts.key;
        let written = column.facts.written();
        write!(f, "played by the time in `{key}`, {written}")?;
        if column.without_zone > 0 {
            f.write_str(" taken as UTC")?;
        }
        if let Some(typical) = column.facts.summary.typical {
            write!(f, ", {} apart", interval(typical))?;
        }
        if column.is_guessed {
            f.write_str("; `--no-time` for a fixed rate, `--time COLUMN` for another column")?;
        }
        Ok(())
    }
}
