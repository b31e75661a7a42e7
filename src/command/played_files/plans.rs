//! [`Plans`]: how the files of `play` are played, one plan each, and together.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::super::Failure;
use super::super::in_words::{duration, stamp};
use super::groups::{PlayedGroup, groups};
use super::time_plan::{TimePlan, TimeWishes};
use crate::cli::PlayArgs;
use crate::clock;
use crate::protocol::{Micros, Rate, Speed};
use crate::settings::{self, Settings, SettingsError, SettingsErrors, ValueOrigin, quoted};
use crate::source::{self, Dataset, ReadOptions, RecordSource as _, TimeCandidate, parse_instant};

/// How each of the files is played.
#[derive(Debug, Default)]
pub(super) struct Plans {
    made: OnceLock<Made>,
    /// What was loaded for the plans, until the hub takes it.
    loaded: Mutex<Option<Vec<Dataset>>>,
}

#[derive(Debug)]
struct Made {
    /// In the order of the files.
    files: Vec<TimePlan>,
    /// When each of them begins, if not now.
    starts: Vec<Option<Micros>>,
    /// The player of each of them, if it plays others, too.
    players: Vec<Option<String>>,
}

/// Where in a recording to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlayFrom {
    /// This long after its first record.
    Offset(Duration),
    /// At this instant, as its records have it.
    Instant(Micros),
}

impl PlayFrom {
    /// Parses the value of `--from`.
    fn parse(text: &str) -> Result<Self, Failure> {
        let offset = settings::parse_duration(text).ok().map(Self::Offset);
        let instant = || parse_instant(text).map(Self::Instant);
        offset.or_else(instant).ok_or_else(|| {
            Failure::Usage(format!(
                "`--from {text}` is neither a time such as `90s` or `5m`, nor an instant such as `2024-02-29T12:30:00Z`; use \
                 one of them"
            ))
        })
    }
}

impl Plans {
    /// Makes the plans, unless they have been made. `plain` are the settings without any time.
    pub(super) fn make(
        &self,
        args: &PlayArgs,
        plain: impl FnOnce() -> Result<Settings, Failure>,
    ) -> Result<(), Failure> {
        if self.made.get().is_some() {
            return Ok(());
        }
        let wishes = TimeWishes {
            given: args.reading.time.clone().map(|key| TimeCandidate {
                key,
                unit: args.reading.time_unit,
                is_certain: true,
            }),
            may_guess: args.rate.is_none() && !args.reading.no_time,
            speed: args.speed,
        };
        let mut errors = SettingsErrors::default();
        let (mut files, mut datasets) = (Vec::new(), Vec::new());
        let plain = plain()?;
        let folder = index_folder();
        for topic in &plain.topics {
            let options = ReadOptions::from(topic).with_index_folder(folder.as_deref());
            match TimePlan::new(&topic.dataset, &options, &wishes) {
                Ok((plan, dataset)) => {
                    files.push(plan);
                    datasets.push(dataset);
                }
                Err(error) => errors.0.push(SettingsError::new(
                    &ValueOrigin::Default,
                    "",
                    error.to_string(),
                    error.remedy(),
                )),
            }
        }
        if !errors.0.is_empty() {
            return Err(errors.into());
        }
        let groups = groups(&files);
        let starts = starts(args, &files, &datasets, &groups)?;
        let player = |group: &PlayedGroup| plain.topics[group.leader].name.as_str().to_owned();
        let players = groups
            .iter()
            .map(|group| group.as_ref().map(player))
            .collect();
        *self.loaded.lock().unwrap_or_else(PoisonError::into_inner) = Some(datasets);
        // Two threads do not make plans at once: the first ones are made before there are others.
        _ = self.made.set(Made {
            files,
            starts,
            players,
        });
        Ok(())
    }

    /// The plans in the order of the files; none before they are made.
    pub(super) fn files(&self) -> &[TimePlan] {
        self.made.get().map_or(&[], |made| &made.files)
    }

    /// Whether several are played by one clock.
    pub(super) fn are_together(&self) -> bool {
        let made = self.made.get();
        made.is_some_and(|made| made.players.iter().any(Option::is_some))
    }

    /// The datasets that were loaded for the plans, once.
    pub(super) fn take_datasets(&self) -> Option<Vec<Dataset>> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.take()
    }

    /// The lines of the configuration that say when the records of the file at `index` are due.
    pub(super) fn lines(&self, index: usize, args: &PlayArgs) -> Vec<String> {
        let mut lines = Vec::new();
        let made = self.made.get();
        let column = made.and_then(|made| made.files[index].column.as_ref());
        match column {
            Some(column) => {
                lines.push(format!("time = {}", quoted(&column.facts.key)));
                lines.push(format!("time_unit = {}", quoted(column.facts.unit.name())));
            }
            None => lines.push(format!("rate = {}", rate_of(args))),
        }
        if args.speed != Speed::NORMAL {
            lines.push(format!("speed = {}", args.speed));
        }
        if args.once {
            lines.push("loop = false".to_owned());
        }
        if let Some(player) = made.and_then(|made| made.players[index].as_ref()) {
            lines.push(format!("player = {}", quoted(player)));
        }
        if let Some(start) = made.and_then(|made| made.starts[index]) {
            let start = jiff::Timestamp::from_microsecond(start.get());
            let start = start.expect("a time before now is between the years that it has");
            lines.push(format!("start = {}", quoted(&start.to_string())));
        }
        lines
    }
}

/// The rate of files that are not played by their time. Ten records per second: slow enough to follow, and fast enough to
/// see that something moves.
fn rate_of(args: &PlayArgs) -> Rate {
    let default = Rate::from_millionths(10_000_000).expect("a rate within range");
    args.rate.unwrap_or(default)
}

/// The folder in which `play` keeps the indexes of large files, although it keeps no state. `None` if there is no place for
/// it.
pub(super) fn index_folder() -> Option<PathBuf> {
    let state = settings::user_state_folder(std::env::vars_os())?;
    Some(source::index_folder(&state.join("play")))
}

/// When each file begins, so that it is at the place that `--from` names now.
fn starts(
    args: &PlayArgs,
    files: &[TimePlan],
    datasets: &[Dataset],
    groups: &[Option<PlayedGroup>],
) -> Result<Vec<Option<Micros>>, Failure> {
    let Some(from) = &args.from else {
        return Ok(vec![None; files.len()]);
    };
    let from = PlayFrom::parse(from)?;
    let now = clock::wall_now();
    let start = |(index, file): (usize, &TimePlan)| {
        let position = position(from, groups[index], file, &datasets[index], args)?;
        let played = position.as_nanos() * 1_000 / u128::from(args.speed.thousandths());
        let played = Duration::from_nanos(u64::try_from(played).unwrap_or(u64::MAX));
        Ok(Some(now.before(played)))
    };
    files.iter().enumerate().map(start).collect()
}

/// How long after the beginning of a file, or of its group, `from` is.
fn position(
    from: PlayFrom,
    group: Option<PlayedGroup>,
    file: &TimePlan,
    dataset: &Dataset,
    args: &PlayArgs,
) -> Result<Duration, Failure> {
    let usage = |problem: String| Failure::Usage(format!("{}: {problem}", file.path.display()));
    let Some(column) = &file.column else {
        let PlayFrom::Offset(offset) = from else {
            let text = "`--from` names an instant, but the file is not played by its time; name a time after the first \
                        record, such as `--from 90s`, or the column with `--time`";
            return Err(usage(text.to_owned()));
        };
        let records = u128::from(dataset.count().get()) * 1_000_000_000_000;
        let micros = records / u128::from(rate_of(args).millionths());
        let length = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX));
        return within(offset, length).map_err(usage);
    };
    let summary = &column.facts.summary;
    let origin = group.map_or(summary.first, |group| group.origin);
    let end = group.map_or(summary.last, |group| group.end);
    match from {
        PlayFrom::Offset(offset) => within(offset, end.since(origin)).map_err(usage),
        PlayFrom::Instant(instant) if (origin..=end).contains(&instant) => {
            Ok(instant.since(origin))
        }
        PlayFrom::Instant(_) => {
            let [from, to] = [origin, end].map(|end| stamp(end, column.facts.unit));
            Err(usage(format!(
                "`--from` is not in the recording; it is from {from} to {to}"
            )))
        }
    }
}

/// `offset`, if it is not beyond the end of a recording of this `length`.
fn within(offset: Duration, length: Duration) -> Result<Duration, String> {
    if offset <= length {
        return Ok(offset);
    }
    let length = duration(length);
    Err(format!(
        "`--from` is beyond the end; the recording has {length}"
    ))
}
