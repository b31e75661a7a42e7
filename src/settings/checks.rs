//! Checks that involve several values outside of the topics.
//!
//! Each value has been checked on its own in `validate`.

use std::net::IpAddr;

use super::section::Section;
use super::settings_error::{SettingsError, SettingsErrors};
use super::suggest;
use super::validate::TopicTable;
use super::value_origin::ValueOrigin;

/// Checks that the default topic is one of the file's topics.
pub(super) fn check_default_topic(
    server: &Section<'_>,
    tables: &[TopicTable],
    errors: &mut SettingsErrors,
) {
    let Some(wanted) = server.text("default_topic") else {
        return;
    };
    let names = tables.iter().map(|table| table.name.as_str());
    if tables.is_empty() || names.clone().any(|name| name == wanted) {
        return;
    }
    let problem = format!("no topic `{wanted}` in the file");
    let remedy = suggest::did_you_mean(&wanted, names);
    errors.push(SettingsError::new(
        server.origin("default_topic"),
        server.key("default_topic"),
        problem,
        remedy,
    ));
}

/// Checks that the two listeners do not share an address and port; port 0 never collides.
pub(super) fn check_ports(server: &Section<'_>, ops: &Section<'_>, errors: &mut SettingsErrors) {
    let listener = |table: &Section<'_>| {
        Some((
            table.parsed::<IpAddr>("host")?,
            table.number::<u16>("port")?,
        ))
    };
    let (Some((host, port)), Some((ops_host, ops_port))) = (listener(server), listener(ops)) else {
        return;
    };
    let is_wanted = ops.boolean("enabled").unwrap_or(false);
    if !is_wanted
        || port == 0
        || port != ops_port
        || !(covers(host, ops_host) || covers(ops_host, host))
    {
        return;
    }
    // Report the port that was set explicitly.
    let (table, name, other) = match ops.origin("port") {
        ValueOrigin::Default => (server, "server.port", "ops.port"),
        _ => (ops, "ops.port", "server.port"),
    };
    let problem = format!("`{port}` is also `{other}`, on the same host");
    errors.push(SettingsError::new(
        table.origin("port"),
        name,
        problem,
        "choose another port for one of them",
    ));
}

/// Whether a listener on `host` also accepts connections to `other`. The unspecified IPv6 address covers both families.
fn covers(host: IpAddr, other: IpAddr) -> bool {
    host == other || (host.is_unspecified() && (host.is_ipv6() || other.is_ipv4()))
}
