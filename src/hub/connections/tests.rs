//! Which connections are accepted, and which are evicted.

use std::net::IpAddr;

use super::connection_table::{INCOMPLETE_HEAD_BYTES_MAX, NEWCOMER_GRACE, STALLED_AFTER};
use super::*;

fn connections(open: usize, per_network: usize) -> Connections {
    Connections::new(ConnectionLimits {
        open,
        non_viewers: open,
        per_network,
    })
}

fn network(last: u8) -> ClientNetwork {
    ClientNetwork::from(IpAddr::from([192, 0, 2, last]))
}

/// A connection that waits in `phase`.
fn waiting(connections: &Connections, phase: Phase) -> (ConnectionPermit, EvictionWatch) {
    let permit = connections.open(None).unwrap();
    let mut watch = connections.watch();
    watch.enter(phase);
    (permit, watch)
}

/// Whether the connection of `watch` was evicted.
fn is_evicted(mut watch: EvictionWatch) -> bool {
    watch.leave();
    watch.is_evicted()
}

#[test]
fn network_gets_as_many_connections_as_the_limit_and_other_networks_are_not_affected() {
    let connections = connections(10, 2);
    let first = connections.open(Some(network(1))).unwrap();
    let second = connections.count_client(network(1)).unwrap();
    assert!(connections.open(Some(network(1))).is_none());
    assert!(connections.count_client(network(1)).is_none());
    let _other = connections.open(Some(network(2))).unwrap();
    let _uncounted = connections.open(None).unwrap();
    drop(first);
    let _third = connections.open(Some(network(1))).unwrap();
    drop(second);
    let _fourth = connections.count_client(network(1)).unwrap();
    assert!(connections.count_client(network(1)).is_none());
}

#[test]
fn network_without_connections_is_forgotten_and_a_limit_of_0_means_no_limit() {
    let connections = connections(10, 0);
    drop([(); 5].map(|()| connections.open(Some(network(1))).unwrap()));
    assert!(connections.0.lock_table().by_network.is_empty());
    assert_eq!(connections.0.lock_table().open, 0);
}

#[test]
fn longest_idle_connection_is_evicted_first_then_the_oldest_head() {
    let connections = connections(4, 0);
    let later = Instant::now() + 2 * NEWCOMER_GRACE;
    let head = waiting(&connections, Phase::Head);
    let young_head = waiting(&connections, Phase::Head);
    let idle = waiting(&connections, Phase::Idle);
    let busy = connections.open(None).unwrap();
    assert_eq!(connections.0.lock_table().make_room(later), Capacity::Full);
    assert!(is_evicted(idle.1));
    drop(idle.0);
    assert_eq!(connections.0.lock_table().make_room(later), Capacity::Free);
    let newcomer = connections.open(None).unwrap();
    assert_eq!(connections.0.lock_table().make_room(later), Capacity::Full);
    assert!(is_evicted(head.1));
    assert!(!is_evicted(young_head.1));
    drop((head.0, newcomer, busy));
}

#[test]
fn connection_that_was_just_accepted_outlasts_idle_ones_old_heads_and_stalled_responses() {
    for (phase, age) in [
        (Phase::Idle, Duration::ZERO),
        (Phase::Head, 2 * NEWCOMER_GRACE),
        (Phase::Response, STALLED_AFTER),
    ] {
        let connections = connections(2, 0);
        let old = waiting(&connections, phase);
        let now = Instant::now() + age;
        let newcomer = waiting(&connections, Phase::Accepted);
        for waiter in connections.0.lock_table().waiting[Phase::Accepted.index()].values_mut() {
            waiter.since = now;
        }
        assert_eq!(connections.0.lock_table().make_room(now), Capacity::Full);
        assert!(is_evicted(old.1));
        assert!(!is_evicted(newcomer.1));
    }
}

#[test]
fn connection_that_is_busy_or_a_viewer_is_not_evicted() {
    let connections = connections(2, 0);
    let busy = connections.open(None).unwrap();
    let mut watch = connections.watch();
    watch.enter(Phase::Idle);
    watch.leave();
    let (viewer, viewers_watch) = waiting(&connections, Phase::Idle);
    viewer.mark_viewer();
    drop(viewers_watch);
    assert_eq!(
        connections.0.lock_table().make_room(Instant::now()),
        Capacity::Full
    );
    assert!(!is_evicted(watch));
    drop(busy);
    assert_eq!(
        connections.0.lock_table().make_room(Instant::now()),
        Capacity::Free
    );
    assert_eq!(connections.0.lock_table().non_viewers, 0);
}

#[test]
fn viewer_does_not_count_towards_the_limit_for_other_connections() {
    let connections = Connections::new(ConnectionLimits {
        open: 10,
        non_viewers: 1,
        per_network: 0,
    });
    let viewer = connections.open(None).unwrap();
    assert_eq!(
        connections.0.lock_table().make_room(Instant::now()),
        Capacity::Full
    );
    viewer.mark_viewer();
    assert_eq!(
        connections.0.lock_table().make_room(Instant::now()),
        Capacity::Free
    );
}

#[test]
fn connection_is_evicted_before_the_listener_is_full() {
    let connections = connections(64, 0);
    let mut open: Vec<_> = (0..49)
        .map(|_| waiting(&connections, Phase::Idle))
        .collect();
    assert_eq!(
        connections.0.lock_table().make_room(Instant::now()),
        Capacity::Evicting
    );
    // An evicted connection counts as free, so each new one evicts only one.
    assert_eq!(
        connections.0.lock_table().make_room(Instant::now()),
        Capacity::Free
    );
    assert!(is_evicted(open.remove(0).1));
    assert!(!is_evicted(open.remove(0).1));
}

#[test]
fn oldest_incomplete_head_is_evicted_when_the_budget_is_used_up() {
    let connections = connections(4_096, 0);
    let len = INCOMPLETE_HEAD_BYTES_MAX / 512;
    let mut heads: Vec<_> = (0..512)
        .map(|_| {
            let mut head = waiting(&connections, Phase::Idle);
            head.1.set_head_bytes(len);
            head
        })
        .collect();
    assert_eq!(connections.0.lock_table().evicting, 0);
    let mut newcomer = waiting(&connections, Phase::Idle);
    newcomer.1.set_head_bytes(1);
    assert_eq!(connections.0.lock_table().evicting, 1);
    assert!(is_evicted(heads.remove(0).1));
    assert!(!is_evicted(newcomer.1));
    drop(heads);
    let table = connections.0.lock_table();
    assert_eq!((table.incomplete_head_bytes, table.evicting), (0, 0));
}

#[test]
fn response_is_evicted_for_a_new_connection_only_if_it_is_stalled() {
    let connections = connections(1, 0);
    let now = Instant::now();
    let (_permit, watch) = waiting(&connections, Phase::Response);
    let mut table = connections.0.lock_table();
    assert_eq!(table.make_room(now), Capacity::Full);
    assert_eq!(table.evicting, 0);
    table.make_room(now + 2 * STALLED_AFTER);
    assert_eq!(table.evicting, 1);
    drop(table);
    assert!(is_evicted(watch));
}
