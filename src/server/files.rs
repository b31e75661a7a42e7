//! Open files: as many as the system grants, and how many viewers they are enough for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many files the process may have open.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenFiles {
    max: usize,
}

impl OpenFiles {
    /// Files that are no viewers: connections that are not yet or never will be, listeners, lanes, the journal, the log.
    const RESERVE: usize = 640;

    /// Connections among them: those that fetch the page, call the API or are being upgraded.
    const CONNECTIONS_SPARE: usize = 512;

    /// Raises the limit as far as the process may.
    pub(super) fn raise() -> Self {
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        // Refused, what was granted is what there is.
        let granted = setrlimit(Resource::Nofile, raised).map_or(limit, |()| raised);
        let max = granted.current.map(|max| usize::try_from(max).ok());
        Self {
            max: max.flatten().unwrap_or(usize::MAX),
        }
    }

    /// How many of `wanted` viewers there can be, told when it is not all of them. Each is an open file.
    pub(super) fn cap(self, wanted: usize) -> usize {
        let viewers_max = self.seats(wanted);
        if viewers_max < wanted {
            tracing::warn!(
                event = "files.limit",
                open_files_max = self.max,
                viewers_max,
                "the limit of open files is too low for `server.max_viewers`; raise it (`ulimit -Hn`, or `LimitNOFILE` of the service)"
            );
        }
        viewers_max
    }

    /// How many connections there can be at the public listener, `wanted` viewers included: whoever connects, the rest of
    /// the hub has the files it needs. Where there are few, that is a quarter of them, and another one is for those who
    /// are told that all seats are taken.
    pub(super) fn connections(self, wanted: usize) -> usize {
        let others = Self::RESERVE - Self::CONNECTIONS_SPARE;
        let most = self.max.saturating_sub(others).max(self.max / 4 * 3);
        let all = self.seats(wanted).saturating_add(Self::CONNECTIONS_SPARE);
        all.min(most).max(1)
    }

    /// What the reserve leaves, and half of the files where that is more.
    fn seats(self, wanted: usize) -> usize {
        let left = self.max.saturating_sub(Self::RESERVE);
        wanted.min(left.max(self.max / 2)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_are_as_many_as_files_allow_and_not_more_than_wanted() {
        let seats = |max, wanted| OpenFiles { max }.seats(wanted);
        assert_eq!(seats(65_536, 15_000), 15_000);
        assert_eq!(seats(15_640, 15_000), 15_000);
        assert_eq!(seats(15_639, 15_000), 14_999);
        assert_eq!(seats(1_024, 15_000), 512);
        assert_eq!(seats(1_024, 10), 10);
        assert_eq!(seats(1, 10), 1);
        assert_eq!(seats(usize::MAX, 10), 10);
    }

    #[test]
    fn connections_leave_the_rest_of_the_reserve_alone() {
        let connections = |max, wanted| OpenFiles { max }.connections(wanted);
        assert_eq!(connections(65_536, 15_000), 15_512);
        assert_eq!(connections(15_640, 15_000), 15_512);
        assert_eq!(connections(15_639, 15_000), 15_511);
        assert_eq!(connections(1_024, 15_000), 896);
        assert_eq!(connections(1_024, 10), 522);
        assert_eq!(connections(200, 15_000), 150);
        assert_eq!(connections(1, 10), 1);
        assert_eq!(connections(usize::MAX, usize::MAX), usize::MAX - 128);
    }
}
