//! Strategies for viewers' frames: mostly valid messages with control frames between them, sometimes arbitrary frames.

use std::fmt;

use proptest::prelude::*;

/// A viewer's frame, valid or not.
#[derive(Clone)]
pub(super) struct ViewerFrame {
    pub(super) is_final: bool,
    /// RSV1 to RSV3, at their position in the first byte.
    pub(super) reserved: u8,
    pub(super) opcode: u8,
    pub(super) mask: Option<[u8; 4]>,
    /// Bytes of the extended length: 0, 2 or 8; more if the length requires it.
    pub(super) len_len: usize,
    pub(super) payload: Vec<u8>,
}

/// Shows the length and the first bytes.
impl fmt::Debug for ViewerFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes();
        write!(f, "{} bytes: ", bytes.len())?;
        bytes
            .iter()
            .take(32)
            .try_for_each(|byte| write!(f, "{byte:02x} "))
    }
}

impl ViewerFrame {
    pub(super) fn new(opcode: u8, payload: &[u8]) -> Self {
        Self {
            is_final: true,
            reserved: 0,
            opcode,
            mask: Some([1, 2, 3, 4]),
            len_len: 0,
            payload: payload.to_vec(),
        }
    }

    pub(super) fn not_final(self) -> Self {
        Self {
            is_final: false,
            ..self
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let len = self.payload.len();
        let mut bytes = vec![u8::from(self.is_final) << 7 | self.reserved | self.opcode];
        let masked = u8::from(self.mask.is_some()) << 7;
        match (self.len_len, u8::try_from(len), u16::try_from(len)) {
            (0, Ok(len @ 0..=125), _) => bytes.push(masked | len),
            (0 | 2, _, Ok(len)) => {
                bytes.push(masked | 126);
                bytes.extend(len.to_be_bytes());
            }
            _ => {
                bytes.push(masked | 127);
                bytes.extend((len as u64).to_be_bytes());
            }
        }
        let mask = self.mask.unwrap_or_default();
        bytes.extend(self.mask.into_iter().flatten());
        bytes.extend(
            self.payload
                .iter()
                .zip(mask.iter().cycle())
                .map(|(a, b)| a ^ b),
        );
        bytes
    }
}

/// A sequence of frames.
pub(super) fn frames() -> impl Strategy<Value = Vec<ViewerFrame>> {
    let group = prop_oneof![
        6 => message_frames(),
        3 => control_frame().prop_map(|frame| vec![frame]),
        1 => any_frame().prop_map(|frame| vec![frame]),
    ];
    let with_encoding = (
        group,
        any::<[u8; 4]>(),
        prop_oneof![4 => Just(0_usize), 1 => Just(2), 1 => Just(8)],
    );
    prop::collection::vec(with_encoding, 0..8).prop_map(|groups| {
        let apply_encoding = |(frames, mask, len_len): (Vec<ViewerFrame>, _, _)| {
            frames.into_iter().map(move |frame| ViewerFrame {
                mask: frame.mask.map(|_| mask),
                len_len,
                ..frame
            })
        };
        groups.into_iter().flat_map(apply_encoding).collect()
    })
}

/// A data message of up to twenty frames, with control frames between them.
fn message_frames() -> impl Strategy<Value = Vec<ViewerFrame>> {
    let count = prop_oneof![4 => Just(1_usize), 4 => 2_usize..5, 1 => 14_usize..20];
    let fragment = || (payload(), prop::option::weighted(0.2, control_frame()));
    let fragments = count.prop_flat_map(move |count| prop::collection::vec(fragment(), count));
    let opcode = prop_oneof![9 => Just(1_u8), 1 => Just(2)];
    (opcode, fragments).prop_map(|(opcode, fragments)| {
        let count = fragments.len();
        let mut frames = Vec::new();
        for (index, (payload, control)) in fragments.into_iter().enumerate() {
            frames.push(ViewerFrame {
                is_final: index + 1 == count,
                ..ViewerFrame::new(if index == 0 { opcode } else { 0 }, &payload)
            });
            frames.extend(control.filter(|_| index + 1 < count));
        }
        frames
    })
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => "[ -~é€😀]{0,40}".prop_map(String::into_bytes),
        2 => ("[é€😀]{1,4}", 0_usize..4).prop_map(|(text, cut)| text.as_bytes()[cut.min(text.len())..].to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (1000_usize..1050).prop_map(|len| vec![b'a'; len]),
        1 => (120_usize..130).prop_map(|len| vec![b'a'; len]),
        1 => Just(vec![b'a'; 70_000]),
    ]
}

fn control_frame() -> impl Strategy<Value = ViewerFrame> {
    let code = prop_oneof![
        8 => Just(1000_u16),
        4 => 990_u16..1020,
        1 => prop_oneof![Just(2999_u16), Just(3000), Just(3999), Just(4000), Just(4999), Just(5000)],
        1 => any::<u16>(),
    ];
    let reason = prop_oneof![4 => Just(vec![]), 2 => "[a-zé]{0,40}".prop_map(String::into_bytes), 1 => payload()];
    let close =
        (code, reason).prop_map(|(code, reason)| [&code.to_be_bytes()[..], &reason].concat());
    prop_oneof![
        8 => prop::collection::vec(any::<u8>(), 0..126).prop_map(|payload| ViewerFrame::new(9, &payload)),
        4 => prop::collection::vec(any::<u8>(), 0..126).prop_map(|payload| ViewerFrame::new(10, &payload)),
        1 => payload().prop_map(|payload| ViewerFrame::new(9, &payload)),
        1 => prop_oneof![close, prop::collection::vec(any::<u8>(), 0..3)]
            .prop_map(|payload| ViewerFrame::new(8, &payload)),
    ]
}

fn any_frame() -> impl Strategy<Value = ViewerFrame> {
    let reserved = prop_oneof![6 => Just(0_u8), 1 => Just(0x40), 1 => Just(0x20), 1 => Just(0x10)];
    let mask = prop_oneof![5 => Just(Some([0; 4])), 1 => Just(None)];
    (any::<bool>(), reserved, 0_u8..16, mask, payload()).prop_map(
        |(is_final, reserved, opcode, mask, payload)| ViewerFrame {
            is_final,
            reserved,
            mask,
            ..ViewerFrame::new(opcode, &payload)
        },
    )
}
