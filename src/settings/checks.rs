//! What must be true between several values outside of the topics.
//!
//! Each value alone has been checked where it was read.

use std::net::IpAddr;

use super::error::{Fault, Faults};
use super::nearest;
use super::origin::Origin;
use super::strict::TopicTable;
use super::table::Table;

/// The default topic must be one of the file's.
pub(super) fn default_topic(server: &Table<'_>, tables: &[TopicTable], faults: &mut Faults) {
    let Some(wanted) = server.text("default_topic") else {
        return;
    };
    let names = tables.iter().map(|table| table.name.as_str());
    if tables.is_empty() || names.clone().any(|name| name == wanted) {
        return;
    }
    let problem = format!("no topic `{wanted}` in the file");
    let remedy = nearest::remedy(&wanted, names);
    faults.push(Fault::new(
        server.origin("default_topic"),
        server.key("default_topic"),
        problem,
        remedy,
    ));
}

/// Two listeners cannot share a port on one address; port 0 never collides.
pub(super) fn ports(server: &Table<'_>, ops: &Table<'_>, faults: &mut Faults) {
    let listener = |table: &Table<'_>| {
        Some((
            table.parsed::<IpAddr>("host")?,
            table.number::<u16>("port")?,
        ))
    };
    let (Some((host, port)), Some((ops_host, ops_port))) = (listener(server), listener(ops)) else {
        return;
    };
    let is_wanted = ops.switch("enabled").unwrap_or(false);
    if !is_wanted
        || port == 0
        || port != ops_port
        || !(covers(host, ops_host) || covers(ops_host, host))
    {
        return;
    }
    // The one that was typed is the one to change.
    let (table, name, other) = match ops.origin("port") {
        Origin::Default => (server, "server.port", "ops.port"),
        _ => (ops, "ops.port", "server.port"),
    };
    let problem = format!("`{port}` is also `{other}`, on the same host");
    faults.push(Fault::new(
        table.origin("port"),
        name,
        problem,
        "choose another port for one of them",
    ));
}

/// Whether a listener on `host` also takes what is sent to `other`: the unspecified IPv6 address takes both families.
fn covers(host: IpAddr, other: IpAddr) -> bool {
    host == other || (host.is_unspecified() && (host.is_ipv6() || other.is_ipv4()))
}
