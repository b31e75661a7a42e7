//! `SharedBytes`: bytes ready to be sent. Long records are in them as references to the dataset's memory, so a message
//! that is kept (in a log, in a block of the history, for a viewer that does not read) holds no copy of them.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

/// Clones share everything.
#[derive(Debug, Clone)]
pub struct SharedBytes(Kind);

#[derive(Debug, Clone)]
enum Kind {
    One(Bytes),
    Several(Arc<Several>),
}

#[derive(Debug)]
struct Several {
    /// In their order, none of them empty.
    parts: Vec<Bytes>,
    /// Of all parts together.
    len: usize,
    /// Bytes that exist for this message alone.
    own_len: usize,
}

/// Puts [`SharedBytes`] together from bytes that are copied and records that are shared.
#[derive(Debug)]
pub struct Builder<'a> {
    text: &'a Bytes,
    parts: Vec<Bytes>,
    /// Copied since the last part.
    buffer: BytesMut,
    parts_len: usize,
    shared_len: usize,
}

impl SharedBytes {
    /// The shortest record that is shared, in bytes. Copying a shorter one costs less than one more piece in each
    /// system call.
    pub const SHARED_LEN_MIN: usize = 16 * 1024;

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Kind::One(bytes) => bytes.len(),
            Kind::Several(several) => several.len,
        }
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that exist for this message alone; the rest is the dataset's, which is in memory anyway.
    #[must_use]
    pub fn own_len(&self) -> usize {
        match &self.0 {
            Kind::One(bytes) => bytes.len(),
            Kind::Several(several) => several.own_len,
        }
    }

    /// The bytes, if they are in one piece.
    #[must_use]
    pub fn as_one(&self) -> Option<&Bytes> {
        match &self.0 {
            Kind::One(bytes) => Some(bytes),
            Kind::Several(_) => None,
        }
    }

    /// The pieces, in their order.
    #[must_use]
    pub fn parts(&self) -> &[Bytes] {
        match &self.0 {
            Kind::One(bytes) => std::slice::from_ref(bytes),
            Kind::Several(several) => &several.parts,
        }
    }

    /// Bytes `start` to `end`, piece by piece.
    pub fn pieces(&self, start: usize, end: usize) -> impl Iterator<Item = Bytes> {
        let mut at = 0;
        self.parts().iter().filter_map(move |part| {
            let (from, to) = (start.max(at), end.min(at + part.len()));
            let piece = (from < to).then(|| part.slice(from - at..to - at));
            at += part.len();
            piece
        })
    }

    /// All bytes in one piece; a copy if they are not.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Kind::One(bytes) => bytes.clone(),
            Kind::Several(several) => several.parts.concat().into(),
        }
    }

    /// The same with `more` behind it.
    #[must_use]
    pub fn with(&self, more: &[u8]) -> Self {
        match &self.0 {
            Kind::One(bytes) => Bytes::from([&bytes[..], more].concat()).into(),
            Kind::Several(several) => {
                let mut parts = several.parts.clone();
                parts.push(Bytes::copy_from_slice(more));
                Self(Kind::Several(Arc::new(Several {
                    parts,
                    len: several.len + more.len(),
                    own_len: several.own_len + more.len(),
                })))
            }
        }
    }
}

impl From<Bytes> for SharedBytes {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::One(bytes))
    }
}

impl From<Vec<u8>> for SharedBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl PartialEq for SharedBytes {
    fn eq(&self, other: &Self) -> bool {
        let bytes = |of: &Self| of.parts().iter().flatten().copied().collect::<Vec<_>>();
        self.len() == other.len() && bytes(self) == bytes(other)
    }
}

impl Eq for SharedBytes {}

impl<'a> Builder<'a> {
    /// Room for `records` and `more` bytes beside them; records that are parts of `text` may be shared with it.
    #[must_use]
    pub fn new<'r>(text: &'a Bytes, records: impl Iterator<Item = &'r [u8]>, more: usize) -> Self {
        let copied = records.filter(|record| !is_shared(text, record));
        let len: usize = copied.map(<[u8]>::len).sum();
        Self {
            text,
            parts: Vec::new(),
            buffer: BytesMut::with_capacity(len + more),
            parts_len: 0,
            shared_len: 0,
        }
    }

    /// How many bytes there are so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts_len + self.buffer.len()
    }

    /// Whether there are no bytes yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The buffer for bytes that are copied.
    pub const fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Adds a record.
    pub fn put(&mut self, record: &[u8]) {
        if is_shared(self.text, record) {
            self.share(self.text.slice_ref(record));
        } else {
            self.buffer.put_slice(record);
        }
    }

    /// Adds pieces of other [`SharedBytes`]; long ones are not copied.
    pub fn put_pieces(&mut self, pieces: impl Iterator<Item = Bytes>) {
        for piece in pieces {
            if piece.len() < SharedBytes::SHARED_LEN_MIN {
                self.buffer.put_slice(&piece);
            } else {
                self.share(piece);
            }
        }
    }

    fn share(&mut self, bytes: Bytes) {
        self.end_part();
        self.shared_len += bytes.len();
        self.parts_len += bytes.len();
        self.parts.push(bytes);
    }

    fn end_part(&mut self) {
        if !self.buffer.is_empty() {
            self.parts_len += self.buffer.len();
            self.parts.push(self.buffer.split().freeze());
        }
    }

    /// What was put together.
    #[must_use]
    pub fn finish(mut self) -> SharedBytes {
        if self.parts.is_empty() {
            return self.buffer.freeze().into();
        }
        self.end_part();
        SharedBytes(Kind::Several(Arc::new(Several {
            len: self.parts_len,
            own_len: self.parts_len - self.shared_len,
            parts: self.parts,
        })))
    }
}

/// Whether `record` is long, and a part of `text`.
fn is_shared(text: &Bytes, record: &[u8]) -> bool {
    let (text, part) = (text.as_ptr_range(), record.as_ptr_range());
    record.len() >= SharedBytes::SHARED_LEN_MIN && text.start <= part.start && part.end <= text.end
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEN: usize = SharedBytes::SHARED_LEN_MIN;

    /// `<` and the records between bars and `>`, of a text that holds records of these lengths.
    fn message(lens: &[usize]) -> (Bytes, SharedBytes) {
        let text = Bytes::from(vec![b'x'; lens.iter().sum()]);
        let mut at = 0;
        let records: Vec<_> = lens
            .iter()
            .map(|len| {
                at += len;
                &text[at - len..at]
            })
            .collect();
        let mut builder = Builder::new(&text, records.iter().copied(), 64);
        for record in &records {
            builder.buffer().put_u8(b'|');
            builder.put(record);
        }
        builder.buffer().put_u8(b'>');
        let message = builder.finish();
        (text, message)
    }

    #[test]
    fn long_records_are_the_texts_own_memory_and_short_ones_are_copied() {
        let (text, bytes) = message(&[3, LEN, 5, 7, LEN + 1]);
        let lens: Vec<_> = bytes.parts().iter().map(Bytes::len).collect();
        assert_eq!(lens, [5, LEN, 6 + 8 + 1, LEN + 1, 1]);
        assert_eq!(bytes.parts()[1].as_ptr(), text[3..].as_ptr());
        assert_eq!((bytes.own_len(), bytes.len()), (21, 21 + 2 * LEN + 1));
        assert!(message(&[3, LEN - 1]).1.as_one().is_some());
    }

    #[test]
    fn any_range_is_what_it_is_in_one_piece() {
        let (_, bytes) = message(&[3, LEN, 5]);
        let whole = bytes.to_bytes();
        for (start, end) in [(0, 5), (2, 9), (5, 5), (4, LEN + 9), (LEN + 6, whole.len())] {
            let pieces: Vec<_> = bytes.pieces(start, end).collect();
            assert_eq!(pieces.concat(), whole[start..end], "{start}..{end}");
        }
        assert_eq!(
            bytes.with(b"abc").to_bytes(),
            [&whole, &b"abc"[..]].concat()
        );
    }
}
