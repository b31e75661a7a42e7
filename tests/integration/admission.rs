//! Connection limits: per address, in total, and for incomplete request heads.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use super::support::{Hub, Project, RawClient, TIMEOUT};

/// A hub with these lines in `[server]`.
fn hub(server: &str) -> Hub {
    let project = Project::new("", "[1]");
    project.write("tickcast.toml", &toml(server));
    project.start()
}

fn toml(server: &str) -> String {
    format!(
        "[server]\nport = 0\ndrain = \"0s\"\n{server}\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n"
    )
}

/// Connects from 127.0.0.`host`.
fn connect_from(host: u8, address: &str) -> RawClient {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let from = SocketAddr::from((Ipv4Addr::new(127, 0, 0, host), 0));
    socket.bind(&from.into()).unwrap();
    let to: SocketAddr = address.parse().unwrap();
    socket.connect(&to.into()).unwrap();
    RawClient::from(TcpStream::from(socket))
}

const KEEP_ALIVE: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Sends a request on a keep-alive connection; returns the response head.
fn request_again(connection: &mut RawClient) -> String {
    connection.send(KEEP_ALIVE);
    let head = connection.read_head();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(connection.read_through(b"ok\n").as_deref(), Some("ok\n"));
    head
}

/// Waits for the hub to close the connection; returns whether it does so without sending anything.
fn is_closed(connection: &mut RawClient) -> bool {
    let mut socket = connection.socket();
    socket.set_read_timeout(Some(TIMEOUT)).unwrap();
    match socket.read(&mut [0]) {
        Ok(len) => len == 0,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn connections_per_address_are_limited_and_other_addresses_are_served() {
    let mut hub = hub("max_connections_per_ip = 2");
    let mut first = connect_from(2, hub.public());
    request_again(&mut first);
    let (mut second, head) = {
        let mut viewer = connect_from(2, hub.public());
        viewer.send(RawClient::handshake(hub.public(), "").as_bytes());
        let head = viewer.read_head();
        (viewer, head)
    };
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(is_closed(&mut connect_from(2, hub.public())));
    let refused = hub.event("accept.refused");
    assert_eq!(
        (
            &refused["listener"],
            &refused["remote"],
            &refused["connections_max"]
        ),
        (&"public".into(), &"127.0.0.2".into(), &2.into())
    );
    request_again(&mut connect_from(3, hub.public()));
    // Existing connections are not affected, and a reload lifts the limit.
    request_again(&mut first);
    second.read_frame();
    std::fs::write(
        hub.project().path("tickcast.toml"),
        toml("max_connections_per_ip = 0"),
    )
    .unwrap();
    hub.signal("-HUP");
    hub.event("config.reloaded");
    for _ in 0..5 {
        request_again(&mut connect_from(2, hub.public()));
    }
}

#[test]
fn clients_of_a_trusted_proxy_are_counted_by_their_own_network() {
    let hub = hub("max_connections_per_ip = 1\ntrusted_proxies = [\"127.0.0.0/8\"]");
    let join = |client: &str| {
        let header = format!("x-forwarded-for: {client}\r\n");
        RawClient::upgrade(hub.public(), &header)
    };
    let (viewer, head) = join("2001:db8::1");
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let refused = RawClient::request(
        hub.public(),
        "GET",
        "/healthz",
        "x-forwarded-for: 2001:db8::2\r\n",
    );
    refused.expect_problem(429);
    assert!(
        String::from_utf8_lossy(&refused.body).contains("connections_per_ip_exceeded"),
        "{:?}",
        refused.body
    );
    let (_other, head) = join("2001:db8:0:1::1");
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    // The proxy itself is not counted, and can send requests of several clients on one connection.
    let mut connection = RawClient::connect(hub.public());
    for _ in 0..3 {
        request_again(&mut connection);
    }
    drop(viewer);
}

#[test]
fn ipv6_viewers_of_one_network_share_max_viewers_per_ip() {
    let hub = hub("max_viewers_per_ip = 1\ntrusted_proxies = [\"127.0.0.0/8\"]");
    let join =
        |client: &str| RawClient::upgrade(hub.public(), &format!("x-forwarded-for: {client}\r\n"));
    let (_viewer, head) = join("2001:db8::1");
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let (_refused, head) = join("2001:db8::ffff:1");
    assert!(head.starts_with("HTTP/1.1 429"), "{head}");
    let (_other, head) = join("2001:db8:0:1::1");
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
}

#[test]
fn probes_are_answered_while_many_operations_connections_are_idle_or_slow() {
    let hub = hub("");
    let mut idle: Vec<_> = (0..64).map(|_| RawClient::connect(hub.ops())).collect();
    for connection in &mut idle {
        request_again(connection);
    }
    let slow: Vec<_> = (0..64)
        .map(|_| {
            let mut connection = RawClient::connect(hub.ops());
            connection.send(b"GET /healthz HTTP/1.1\r\nx: ");
            connection
        })
        .collect();
    for _ in 0..100 {
        assert_eq!(RawClient::get(hub.ops(), "/healthz").status, 200);
    }
    drop((idle, slow));
}

#[test]
fn probes_are_answered_while_many_operations_clients_do_not_read() {
    const SCRAPE: &[u8] = b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let hub = hub("");
    let unread: Vec<_> = (0..64)
        .map(|_| {
            let mut connection = RawClient::connect(hub.ops());
            connection.shrink_receive_buffer();
            // More than the kernel's socket buffers hold.
            connection.send(&SCRAPE.repeat(200));
            connection
        })
        .collect();
    for _ in 0..10 {
        assert_eq!(RawClient::get(hub.ops(), "/healthz").status, 200);
    }
    drop(unread);
}

#[test]
fn viewers_survive_a_flood_of_idle_connections() {
    let hub = hub("max_viewers = 2\nmax_connections_per_ip = 0");
    let (mut viewer, head) = RawClient::upgrade(hub.public(), "");
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let mut first = connect_from(2, hub.public());
    request_again(&mut first);
    // More than the limit of 514 connections.
    let _crowd: Vec<_> = (0..600)
        .map(|_| {
            let mut connection = connect_from(2, hub.public());
            request_again(&mut connection);
            connection
        })
        .collect();
    assert!(is_closed(&mut first));
    request_again(&mut connect_from(3, hub.public()));
    viewer.read_frame();
}

#[test]
fn the_oldest_unfinished_heads_are_dropped_when_too_many_bytes_are_held() {
    let hub = hub("header_timeout = \"5m\"");
    // 9 MB of unfinished heads, where 8 MiB may be held.
    let mut endless: Vec<_> = (0..600_u16)
        .map(|n| {
            let mut connection = connect_from(u8::try_from(n % 200 + 10).unwrap(), hub.public());
            let head = format!("GET /healthz HTTP/1.1\r\nx: {}", "a".repeat(15_000));
            connection.send(head.as_bytes());
            connection
        })
        .collect();
    assert!(is_closed(&mut endless[0]));
    let newest = endless.last_mut().unwrap();
    newest.send(b"\r\nhost: localhost\r\n\r\n");
    assert!(newest.read_head().starts_with("HTTP/1.1 200"));
    request_again(&mut connect_from(2, hub.public()));
}

#[test]
fn a_connection_is_closed_after_its_thousandth_response_which_announces_it() {
    let hub = hub("");
    let mut connection = RawClient::connect(hub.public());
    for _ in 1..1_000 {
        assert!(!request_again(&mut connection).contains("connection: close"));
    }
    assert!(request_again(&mut connection).contains("connection: close"));
    assert!(is_closed(&mut connection));
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let hub = hub("");
    let mut connection = RawClient::connect(hub.public());
    let half = KEEP_ALIVE.len() / 2;
    connection.send(&[KEEP_ALIVE, KEEP_ALIVE, &KEEP_ALIVE[..half]].concat());
    for _ in 0..2 {
        assert!(connection.read_head().starts_with("HTTP/1.1 200"));
        assert_eq!(connection.read_through(b"ok\n").as_deref(), Some("ok\n"));
    }
    connection.send(&KEEP_ALIVE[half..]);
    assert!(connection.read_head().starts_with("HTTP/1.1 200"));
    assert_eq!(connection.read_through(b"ok\n").as_deref(), Some("ok\n"));
    // Also after a HEAD, and after a 404.
    connection.send(b"HEAD / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    connection.send(b"HEAD /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n");
    connection.send(KEEP_ALIVE);
    assert!(connection.read_head().starts_with("HTTP/1.1 200"));
    assert!(connection.read_head().starts_with("HTTP/1.1 404"));
    assert!(connection.read_head().starts_with("HTTP/1.1 200"));
}
