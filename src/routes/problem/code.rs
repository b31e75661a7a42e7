//! The stable problem codes: the member `code` of a problem document.
//!
//! They are part of the public interface: a code never changes its name or its status. `docs/handbook/problems.md`
//! describes them and `web/public/openapi.yaml` lists them; tests compare both with this list.

use warp::http::StatusCode;

/// Declares [`ProblemCode`] from one list, so that every code has a name and a status.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal, $status:ident;)+) => {
        /// The machine-readable cause of a problem; `detail` explains it to people.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(in crate::routes) enum ProblemCode {
            $($(#[$doc])* $code,)+
        }

        impl ProblemCode {
            #[cfg(test)]
            pub(in crate::routes) const ALL: &[Self] = &[$(Self::$code),+];

            /// The name on the wire.
            pub(in crate::routes) const fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)+
                }
            }

            /// The status that always goes with it.
            pub(in crate::routes) const fn status(self) -> StatusCode {
                match self {
                    $(Self::$code => StatusCode::$status,)+
                }
            }
        }
    };
}

codes! {
    /// A parameter's value cannot be parsed.
    ParameterInvalid = "parameter_invalid", BAD_REQUEST;
    /// The path has no such parameter.
    ParameterUnknown = "parameter_unknown", BAD_REQUEST;
    /// A parameter is given more than once.
    ParameterRepeated = "parameter_repeated", BAD_REQUEST;
    /// A parameter is given without another one that it requires.
    ParameterMissing = "parameter_missing", BAD_REQUEST;
    /// The parameters exclude each other.
    ParametersConflict = "parameters_conflict", BAD_REQUEST;
    /// No record has a number in this field.
    FieldNotNumeric = "field_not_numeric", BAD_REQUEST;
    /// `Accept` allows none of the formats.
    FormatNotAcceptable = "format_not_acceptable", BAD_REQUEST;
    /// A position is not `<epoch>:<seq>`.
    PositionInvalid = "position_invalid", BAD_REQUEST;
    /// None of the offered subprotocols is supported.
    SubprotocolUnknown = "subprotocol_unknown", BAD_REQUEST;
    /// `Sec-WebSocket-Extensions` cannot be parsed.
    ExtensionsInvalid = "extensions_invalid", BAD_REQUEST;
    /// `Sec-WebSocket-Key` is missing or malformed.
    WebsocketKeyInvalid = "websocket_key_invalid", BAD_REQUEST;
    /// The request target is neither a path nor an absolute URL.
    TargetInvalid = "target_invalid", BAD_REQUEST;
    /// The HTTP/1.1 request has no `Host`.
    HostMissing = "host_missing", BAD_REQUEST;
    /// The request has more than one `Host`.
    HostRepeated = "host_repeated", BAD_REQUEST;
    /// `Host`, or `X-Forwarded-Host` from a trusted proxy, is malformed.
    HostInvalid = "host_invalid", BAD_REQUEST;
    /// The hub does not accept this host name.
    HostForbidden = "host_forbidden", FORBIDDEN;
    /// Pages from this origin may not connect.
    OriginForbidden = "origin_forbidden", FORBIDDEN;
    /// The path does not exist.
    PathNotFound = "path_not_found", NOT_FOUND;
    /// The topic does not exist.
    TopicNotFound = "topic_not_found", NOT_FOUND;
    /// The path does not support this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED;
    /// A viewer of bare records requested some that can no longer be sent.
    PositionNotRecoverable = "position_not_recoverable", GONE;
    /// The request has a body.
    BodyNotAllowed = "body_not_allowed", PAYLOAD_TOO_LARGE;
    /// The path requires a WebSocket upgrade.
    UpgradeRequired = "upgrade_required", UPGRADE_REQUIRED;
    /// The requested WebSocket version is not 13.
    WebsocketVersionUnsupported = "websocket_version_unsupported", UPGRADE_REQUIRED;
    /// The address has as many viewers as `server.max_viewers_per_ip` allows.
    ViewersPerIpExceeded = "viewers_per_ip_exceeded", TOO_MANY_REQUESTS;
    /// The client behind a proxy has as many connections as `server.max_connections_per_ip` allows.
    ConnectionsPerIpExceeded = "connections_per_ip_exceeded", TOO_MANY_REQUESTS;
    /// The address has reached its share of concurrent history responses.
    HistoryShareTaken = "history_share_taken", TOO_MANY_REQUESTS;
    /// The metrics could not be written.
    InternalError = "internal_error", INTERNAL_SERVER_ERROR;
    /// The hub has `server.max_viewers` viewers.
    HubFull = "hub_full", SERVICE_UNAVAILABLE;
    /// The hub is draining and accepts no viewers.
    HubDraining = "hub_draining", SERVICE_UNAVAILABLE;
    /// The hub stopped before the response was complete.
    HubStopping = "hub_stopping", SERVICE_UNAVAILABLE;
    /// The records of the topic cannot be read.
    RecordsUnreadable = "records_unreadable", SERVICE_UNAVAILABLE;
    /// The topic has stopped, because its dataset was changed.
    TopicStopped = "topic_stopped", SERVICE_UNAVAILABLE;
    /// `/readyz`: the hub is starting, draining or at a standstill.
    NotReady = "not_ready", SERVICE_UNAVAILABLE;
    /// The hub has reached its limit of concurrent history responses.
    HistoryBusy = "history_busy", SERVICE_UNAVAILABLE;
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDBOOK: &str = include_str!("../../../docs/handbook/problems.md");
    const OPENAPI: &str = include_str!("../../../web/public/openapi.yaml");

    fn listed() -> Vec<(u16, &'static str)> {
        let entry = |code: &ProblemCode| (code.status().as_u16(), code.name());
        ProblemCode::ALL.iter().map(entry).collect()
    }

    #[test]
    fn every_code_has_a_unique_name_in_snake_case() {
        let mut names: Vec<_> = ProblemCode::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|two| two[0] != two[1]), "{names:?}");
        let is_plain = |name: &&str| {
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        assert!(names.iter().all(is_plain), "{names:?}");
    }

    /// Both are in the same order: by status, then by declaration.
    #[test]
    fn the_handbook_describes_every_code_with_its_status_and_no_other() {
        let rows = HANDBOOK
            .lines()
            .filter(|line| line.starts_with("| 4") || line.starts_with("| 5"));
        let described: Vec<_> = rows
            .map(|row| {
                let cells: Vec<_> = row.split('|').map(str::trim).collect();
                let (status, code) = (cells[1].parse().unwrap(), cells[2].trim_matches('`'));
                assert!(!cells[3].is_empty() && !cells[4].is_empty(), "{row}");
                (status, code)
            })
            .collect();
        assert_eq!(described, listed());
    }

    #[test]
    fn the_api_document_lists_every_code_and_no_other() {
        let (_, rest) = OPENAPI
            .split_once("# Every code, as `docs/handbook/problems.md` describes them.")
            .unwrap();
        let items = rest.lines().skip(2).map(str::trim);
        let codes: Vec<_> = items.map_while(|item| item.strip_prefix("- ")).collect();
        let names: Vec<_> = listed().into_iter().map(|(_, name)| name).collect();
        assert_eq!(codes, names);
    }
}
