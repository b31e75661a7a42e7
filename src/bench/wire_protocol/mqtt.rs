//! The client side of MQTT 3.1.1 for a subscriber at QoS 0.
//!
//! Keep-alive is disabled, so the viewer sends nothing after the opening.

use super::{ParseResult, ServerEvent, ServerFault};

/// The DISCONNECT packet (section 3.14).
pub(super) const DISCONNECT: [u8; 2] = [0xE0, 0];

// Packet types: the upper half of the fixed header's first byte (section 2.2.1).
const CONNACK: u8 = 2;
const PUBLISH: u8 = 3;
const SUBACK: u8 = 9;
const PINGRESP: u8 = 13;

/// The longest topic filter in bytes; its length field has 16 bits.
const TOPIC_LEN_MAX: usize = 32 * 1024;

/// Connects with a unique client id and subscribes, without waiting for the CONNACK in between.
pub(super) fn opening(topic: &str, number: usize) -> Vec<u8> {
    let client = format!("tickcast-bench-{}-{number}", std::process::id());
    // Protocol name and level, a clean session, no keep-alive.
    let mut connect = b"\x00\x04MQTT\x04\x02\x00\x00".to_vec();
    put_text(&mut connect, &client);
    // Packet 1, one filter, QoS 0.
    let mut subscribe = vec![0, 1];
    put_text(&mut subscribe, topic);
    subscribe.push(0);
    let mut bytes = Vec::new();
    put_packet(&mut bytes, 0x10, &connect);
    put_packet(&mut bytes, 0x82, &subscribe);
    bytes
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let text = &text.as_bytes()[..text.len().min(TOPIC_LEN_MAX)];
    bytes.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
    bytes.extend_from_slice(text);
}

fn put_packet(bytes: &mut Vec<u8>, first: u8, content: &[u8]) {
    bytes.push(first);
    let mut len = content.len();
    // Seven bits per byte, lowest first; the top bit marks that more follow (section 2.2.3).
    loop {
        let low = u8::try_from(len % 128).unwrap_or(0);
        len /= 128;
        bytes.push(if len > 0 { low | 0x80 } else { low });
        if len == 0 {
            break;
        }
    }
    bytes.extend_from_slice(content);
}

pub(super) fn next_event(bytes: &[u8]) -> ParseResult<'_> {
    let Some((start, len)) = parse_header(bytes)? else {
        return Ok(None);
    };
    let Some(content) = bytes.get(start..start + len) else {
        return Ok(None);
    };
    let event = match (bytes[0] >> 4, content) {
        (CONNACK, [_, 0]) | (PINGRESP, _) => ServerEvent::Nothing,
        (CONNACK, [_, code]) => return Err(ServerFault::Refused(format!("CONNACK code {code}"))),
        (SUBACK, [_, _, 0..=2]) => ServerEvent::Joined,
        (SUBACK, _) => return Err(ServerFault::Refused("the subscription".to_owned())),
        (PUBLISH, content) => ServerEvent::Message(payload(bytes[0], content)?),
        _ => {
            return Err(ServerFault::Malformed(
                "an unknown packet of an MQTT server",
            ));
        }
    };
    Ok(Some((start + len, event)))
}

/// The offset and length of the packet's content; `None` while the header is incomplete.
fn parse_header(bytes: &[u8]) -> Result<Option<(usize, usize)>, ServerFault> {
    let mut len = 0;
    for (at, byte) in bytes.iter().skip(1).enumerate() {
        if at == 4 {
            return Err(ServerFault::Malformed("a length of more than four bytes"));
        }
        len |= usize::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(Some((at + 2, len)));
        }
    }
    Ok(None)
}

/// The payload of a PUBLISH packet: the content without the topic and, above QoS 0, the packet id (section 3.3.2).
fn payload(first: u8, content: &[u8]) -> Result<&[u8], ServerFault> {
    let number_len = if first & 0b0110 == 0 { 0 } else { 2 };
    content
        .split_first_chunk()
        .and_then(|(len, rest)| rest.get(usize::from(u16::from_be_bytes(*len)) + number_len..))
        .ok_or(ServerFault::Malformed("a publication without its topic"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::bench_target::WireProtocol;
    use crate::bench::wire_protocol::test_support::assert_events;

    #[test]
    fn a_subscriber_joins_and_receives_publications() {
        let mut bytes = b"\x20\x02\x00\x00\x90\x03\x00\x01\x00".to_vec();
        put_packet(&mut bytes, 0x30, b"\x00\x03a/b{\"i\":1}");
        put_packet(
            &mut bytes,
            0x32,
            &[b"\x00\x03a/b\x00\x07", &[b'x'; 200][..]].concat(),
        );
        let long = "x".repeat(200);
        assert_events(WireProtocol::Mqtt, &bytes, &["Joined", r#"{"i":1}"#, &long]);
    }

    #[test]
    fn a_refusal_is_reported_with_its_code() {
        assert_events(
            WireProtocol::Mqtt,
            b"\x20\x02\x00\x05",
            &["refused: CONNACK code 5"],
        );
        assert_events(
            WireProtocol::Mqtt,
            b"\x90\x03\x00\x01\x80",
            &["refused: the subscription"],
        );
    }

    #[test]
    fn the_opening_follows_the_standard() {
        let bytes = opening("a", 7);
        let client = format!("tickcast-bench-{}-7", std::process::id());
        let len = u8::try_from(client.len()).unwrap();
        let mut expected = vec![0x10, 12 + len];
        expected.extend(b"\x00\x04MQTT\x04\x02\x00\x00\x00");
        expected.push(len);
        expected.extend(client.as_bytes());
        expected.extend(b"\x82\x06\x00\x01\x00\x01a\x00");
        assert_eq!(bytes, expected);
    }
}
