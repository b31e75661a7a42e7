//! The limit on open files (`RLIMIT_NOFILE`), and how many viewers and connections fit into it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many file descriptors the process may have open.
#[derive(Debug, Clone, Copy)]
pub(super) struct FdLimit {
    max: usize,
}

impl FdLimit {
    /// Descriptors that are not for viewers: other connections, listeners, lanes, the journal, the log.
    const RESERVE: usize = 640;

    /// Connections in that reserve: clients that fetch the page, call the API or are being upgraded.
    const SPARE_CONNECTIONS: usize = 512;

    /// Raises the soft limit to the hard limit.
    pub(super) fn raise() -> Self {
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        // If that fails, the old limit stays.
        let granted = setrlimit(Resource::Nofile, raised).map_or(limit, |()| raised);
        let max = granted.current.map(|max| usize::try_from(max).ok());
        Self {
            max: max.flatten().unwrap_or(usize::MAX),
        }
    }

    /// Returns how many of `wanted` viewers fit, one descriptor each; logs a warning if that is fewer.
    pub(super) fn cap_viewers(self, wanted: usize) -> usize {
        let viewers_max = self.viewer_limit(wanted);
        if viewers_max < wanted {
            tracing::warn!(
                event = "files.limit",
                open_files_max = self.max,
                viewers_max,
                "the limit on open files is too low for `server.max_viewers`; raise it (`ulimit -Hn`, or `LimitNOFILE=` of the service)"
            );
        }
        viewers_max
    }

    /// Returns how many connections the public listener may have, `wanted` viewers included, so that the rest of the
    /// hub keeps the descriptors that it needs. If the limit is low, viewers get at most half of it, a quarter is for
    /// the rest of the hub, and a quarter for clients that receive a response saying that the hub is full.
    pub(super) fn connection_limit(self, wanted: usize) -> usize {
        let others = Self::RESERVE - Self::SPARE_CONNECTIONS;
        let most = self.max.saturating_sub(others).max(self.max / 4 * 3);
        let all = self
            .viewer_limit(wanted)
            .saturating_add(Self::SPARE_CONNECTIONS);
        all.min(most).max(1)
    }

    /// `wanted`, but at most what the reserve leaves, or half of the limit if that is more.
    fn viewer_limit(self, wanted: usize) -> usize {
        let available = self.max.saturating_sub(Self::RESERVE);
        wanted.min(available.max(self.max / 2)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_are_capped_by_the_limit_and_by_what_is_wanted() {
        let viewers = |max, wanted| FdLimit { max }.viewer_limit(wanted);
        assert_eq!(viewers(65_536, 15_000), 15_000);
        assert_eq!(viewers(15_640, 15_000), 15_000);
        assert_eq!(viewers(15_639, 15_000), 14_999);
        assert_eq!(viewers(1_024, 15_000), 512);
        assert_eq!(viewers(1_024, 10), 10);
        assert_eq!(viewers(1, 10), 1);
        assert_eq!(viewers(usize::MAX, 10), 10);
    }

    #[test]
    fn connections_leave_the_rest_of_the_reserve_free() {
        let connections = |max, wanted| FdLimit { max }.connection_limit(wanted);
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
