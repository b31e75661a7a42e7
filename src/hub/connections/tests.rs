//! Which connections get a place, and which lose theirs.

use std::net::IpAddr;

use super::*;

fn connections(open: usize, per_network: usize) -> Connections {
    Connections::new(ConnectionLimits {
        open,
        others: open,
        per_network,
    })
}

fn network(last: u8) -> ClientNetwork {
    ClientNetwork::from(IpAddr::from([192, 0, 2, last]))
}

/// A connection that waits in `phase`.
fn waiting(connections: &Connections, phase: Phase) -> (ConnectionPermit, Watch) {
    let permit = connections.open(None).unwrap();
    let mut watch = connections.watch();
    watch.enter(phase);
    (permit, watch)
}

/// Whether `watch` was asked to end.
fn is_told(mut watch: Watch) -> bool {
    watch.leave();
    watch.is_ending()
}

#[test]
fn network_gets_as_many_connections_as_the_limit_and_others_are_not_concerned() {
    let connections = connections(10, 2);
    let first = connections.open(Some(network(1))).unwrap();
    let second = connections.client(network(1)).unwrap();
    assert!(connections.open(Some(network(1))).is_none());
    assert!(connections.client(network(1)).is_none());
    let _other = connections.open(Some(network(2))).unwrap();
    let _uncounted = connections.open(None).unwrap();
    drop(first);
    let _third = connections.open(Some(network(1))).unwrap();
    drop(second);
    let _fourth = connections.client(network(1)).unwrap();
    assert!(connections.client(network(1)).is_none());
}

#[test]
fn network_without_connections_is_forgotten_and_a_limit_of_0_is_none() {
    let connections = connections(10, 0);
    drop([(); 5].map(|()| connections.open(Some(network(1))).unwrap()));
    assert!(connections.0.state().by_network.is_empty());
    assert_eq!(connections.0.state().open, 0);
}

#[test]
fn longest_idle_connection_ends_first_then_the_oldest_head() {
    let connections = connections(4, 0);
    let later = Instant::now() + 2 * NEWCOMER;
    let head = waiting(&connections, Phase::Head);
    let young_head = waiting(&connections, Phase::Head);
    let idle = waiting(&connections, Phase::Idle);
    let busy = connections.open(None).unwrap();
    assert_eq!(connections.0.state().make_room(later), Room::None);
    assert!(is_told(idle.1));
    drop(idle.0);
    assert_eq!(connections.0.state().make_room(later), Room::Free);
    let newcomer = connections.open(None).unwrap();
    assert_eq!(connections.0.state().make_room(later), Room::None);
    assert!(is_told(head.1));
    assert!(!is_told(young_head.1));
    drop((head.0, newcomer, busy));
}

#[test]
fn connection_that_was_just_accepted_outlasts_idle_ones_old_heads_and_answers_that_stand_still() {
    for (phase, age) in [
        (Phase::Idle, Duration::ZERO),
        (Phase::Head, 2 * NEWCOMER),
        (Phase::Answer, STANDSTILL),
    ] {
        let connections = connections(2, 0);
        let old = waiting(&connections, phase);
        let now = Instant::now() + age;
        let newcomer = waiting(&connections, Phase::Accepted);
        for waiter in connections.0.state().waiting[Phase::Accepted.index()].values_mut() {
            waiter.since = now;
        }
        assert_eq!(connections.0.state().make_room(now), Room::None);
        assert!(is_told(old.1));
        assert!(!is_told(newcomer.1));
    }
}

#[test]
fn connection_that_is_busy_or_a_viewer_does_not_end() {
    let connections = connections(2, 0);
    let busy = connections.open(None).unwrap();
    let mut watch = connections.watch();
    watch.enter(Phase::Idle);
    watch.leave();
    let (viewer, viewers_watch) = waiting(&connections, Phase::Idle);
    viewer.become_viewer();
    drop(viewers_watch);
    assert_eq!(connections.0.state().make_room(Instant::now()), Room::None);
    assert!(!is_told(watch));
    drop(busy);
    assert_eq!(connections.0.state().make_room(Instant::now()), Room::Free);
    assert_eq!(connections.0.state().others, 0);
}

#[test]
fn viewers_free_their_place_among_the_others() {
    let connections = Connections::new(ConnectionLimits {
        open: 10,
        others: 1,
        per_network: 0,
    });
    let viewer = connections.open(None).unwrap();
    assert_eq!(connections.0.state().make_room(Instant::now()), Room::None);
    viewer.become_viewer();
    assert_eq!(connections.0.state().make_room(Instant::now()), Room::Free);
}

#[test]
fn places_are_kept_free_before_the_last_one_is_taken() {
    let connections = connections(64, 0);
    let mut open: Vec<_> = (0..49)
        .map(|_| waiting(&connections, Phase::Idle))
        .collect();
    assert_eq!(
        connections.0.state().make_room(Instant::now()),
        Room::Cleared
    );
    // A connection that ends counts as free, so only one ends for each new one.
    assert_eq!(connections.0.state().make_room(Instant::now()), Room::Free);
    assert!(is_told(open.remove(0).1));
    assert!(!is_told(open.remove(0).1));
}

#[test]
fn head_that_is_unfinished_longest_ends_when_the_budget_is_used_up() {
    let connections = connections(4_096, 0);
    let len = UNFINISHED_BYTES_MAX / 512;
    let mut heads: Vec<_> = (0..512)
        .map(|_| {
            let mut head = waiting(&connections, Phase::Idle);
            head.1.hold(len);
            head
        })
        .collect();
    assert_eq!(connections.0.state().ending, 0);
    let mut newcomer = waiting(&connections, Phase::Idle);
    newcomer.1.hold(1);
    assert_eq!(connections.0.state().ending, 1);
    assert!(is_told(heads.remove(0).1));
    assert!(!is_told(newcomer.1));
    drop(heads);
    let state = connections.0.state();
    assert_eq!((state.unfinished_bytes, state.ending), (0, 0));
}

#[test]
fn answer_ends_for_a_newcomer_only_when_it_stands_still() {
    let connections = connections(1, 0);
    let now = Instant::now();
    let (_permit, watch) = waiting(&connections, Phase::Answer);
    let mut state = connections.0.state();
    assert_eq!(state.make_room(now), Room::None);
    assert_eq!(state.ending, 0);
    state.make_room(now + 2 * STANDSTILL);
    assert_eq!(state.ending, 1);
    drop(state);
    assert!(is_told(watch));
}
