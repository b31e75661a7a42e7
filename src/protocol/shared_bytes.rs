//! [`SharedBytes`]: encoded bytes that share long records with the memory that they were read into. A message that is kept (in a
//! log, in a block of the history, for a viewer that does not read) holds no copy of them.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

/// Immutable bytes in one or more parts. Cloning is cheap: clones share all memory.
#[derive(Debug, Clone)]
pub struct SharedBytes(Repr);

#[derive(Debug, Clone)]
enum Repr {
    Contiguous(Bytes),
    Parts(Arc<Parts>),
}

#[derive(Debug)]
struct Parts {
    /// In order; none is empty.
    parts: Vec<Bytes>,
    /// The sum of the lengths of all parts.
    len: usize,
    /// The number of bytes that are not shared with a record.
    owned_len: usize,
}

/// Builds [`SharedBytes`] from copied bytes and shared records.
#[derive(Debug)]
pub struct SharedBytesBuilder {
    parts: Vec<Bytes>,
    /// The bytes copied since the last part.
    buffer: BytesMut,
    /// The sum of the lengths of `parts`.
    parts_len: usize,
    /// The length of the parts that are shared with a record.
    shared_len: usize,
}

impl SharedBytes {
    /// The shortest record that is shared, in bytes. Copying a shorter one is cheaper than an additional slice in each
    /// system call.
    pub const SHARED_LEN_MIN: usize = 16 * 1024;

    /// The number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Contiguous(bytes) => bytes.len(),
            Repr::Parts(inner) => inner.len,
        }
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of bytes that only this message holds; the rest is shared with records.
    #[must_use]
    pub fn owned_len(&self) -> usize {
        match &self.0 {
            Repr::Contiguous(bytes) => bytes.len(),
            Repr::Parts(inner) => inner.owned_len,
        }
    }

    /// The bytes as one slice, if they are contiguous.
    #[must_use]
    pub fn as_contiguous(&self) -> Option<&Bytes> {
        match &self.0 {
            Repr::Contiguous(bytes) => Some(bytes),
            Repr::Parts(_) => None,
        }
    }

    /// The parts, in order.
    #[must_use]
    pub fn parts(&self) -> &[Bytes] {
        match &self.0 {
            Repr::Contiguous(bytes) => std::slice::from_ref(bytes),
            Repr::Parts(inner) => &inner.parts,
        }
    }

    /// The bytes `start..end`, one slice per part.
    pub fn slices(&self, start: usize, end: usize) -> impl Iterator<Item = Bytes> {
        let mut at = 0;
        self.parts().iter().filter_map(move |part| {
            let (from, to) = (start.max(at), end.min(at + part.len()));
            let slice = (from < to).then(|| part.slice(from - at..to - at));
            at += part.len();
            slice
        })
    }

    /// All bytes as one slice; copies them unless they are contiguous.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Repr::Contiguous(bytes) => bytes.clone(),
            Repr::Parts(inner) => inner.parts.concat().into(),
        }
    }

    /// Returns these bytes followed by a copy of `more`.
    #[must_use]
    pub fn with_suffix(&self, more: &[u8]) -> Self {
        match &self.0 {
            Repr::Contiguous(bytes) => Bytes::from([&bytes[..], more].concat()).into(),
            Repr::Parts(inner) => {
                let mut parts = inner.parts.clone();
                parts.push(Bytes::copy_from_slice(more));
                Self(Repr::Parts(Arc::new(Parts {
                    parts,
                    len: inner.len + more.len(),
                    owned_len: inner.owned_len + more.len(),
                })))
            }
        }
    }
}

impl From<Bytes> for SharedBytes {
    fn from(bytes: Bytes) -> Self {
        Self(Repr::Contiguous(bytes))
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

impl SharedBytesBuilder {
    /// Reserves space for the short ones of `records`, which are copied, and for `more` other bytes.
    #[must_use]
    pub fn new<'r>(records: impl IntoIterator<Item = &'r Bytes>, more: usize) -> Self {
        let copied = records.into_iter().filter(|record| !is_shared(record));
        let len: usize = copied.map(Bytes::len).sum();
        Self {
            parts: Vec::new(),
            buffer: BytesMut::with_capacity(len + more),
            parts_len: 0,
            shared_len: 0,
        }
    }

    /// The number of bytes so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts_len + self.buffer.len()
    }

    /// Whether nothing has been added yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The buffer to which the caller appends bytes that are not records.
    pub const fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Appends a record; shares it if it is long.
    pub fn put_record(&mut self, record: &Bytes) {
        if is_shared(record) {
            self.share(record.clone());
        } else {
            self.buffer.put_slice(record);
        }
    }

    /// Appends slices of other [`SharedBytes`]; shares the long ones.
    pub fn put_slices(&mut self, slices: impl Iterator<Item = Bytes>) {
        for slice in slices {
            self.put_record(&slice);
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

    /// Returns the bytes.
    #[must_use]
    pub fn finish(mut self) -> SharedBytes {
        if self.parts.is_empty() {
            return self.buffer.freeze().into();
        }
        self.end_part();
        SharedBytes(Repr::Parts(Arc::new(Parts {
            len: self.parts_len,
            owned_len: self.parts_len - self.shared_len,
            parts: self.parts,
        })))
    }
}

/// Whether `record` is long enough to be shared.
const fn is_shared(record: &Bytes) -> bool {
    record.len() >= SharedBytes::SHARED_LEN_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEN: usize = SharedBytes::SHARED_LEN_MIN;

    /// A source with records of these lengths, and a message with each record after a `|` and `>` at the end.
    fn message(lens: &[usize]) -> (Bytes, SharedBytes) {
        let text = Bytes::from(vec![b'x'; lens.iter().sum()]);
        let mut at = 0;
        let records: Vec<_> = lens
            .iter()
            .map(|len| {
                at += len;
                text.slice(at - len..at)
            })
            .collect();
        let mut builder = SharedBytesBuilder::new(&records, 64);
        for record in &records {
            builder.buffer().put_u8(b'|');
            builder.put_record(record);
        }
        builder.buffer().put_u8(b'>');
        let message = builder.finish();
        (text, message)
    }

    #[test]
    fn long_records_share_the_memory_of_the_source_and_short_ones_are_copied() {
        let (text, bytes) = message(&[3, LEN, 5, 7, LEN + 1]);
        let lens: Vec<_> = bytes.parts().iter().map(Bytes::len).collect();
        assert_eq!(lens, [5, LEN, 6 + 8 + 1, LEN + 1, 1]);
        assert_eq!(bytes.parts()[1].as_ptr(), text[3..].as_ptr());
        assert_eq!((bytes.owned_len(), bytes.len()), (21, 21 + 2 * LEN + 1));
        assert!(message(&[3, LEN - 1]).1.as_contiguous().is_some());
    }

    #[test]
    fn slices_of_any_range_equal_the_contiguous_bytes() {
        let (_, bytes) = message(&[3, LEN, 5]);
        let whole = bytes.to_bytes();
        for (start, end) in [(0, 5), (2, 9), (5, 5), (4, LEN + 9), (LEN + 6, whole.len())] {
            let slices: Vec<_> = bytes.slices(start, end).collect();
            assert_eq!(slices.concat(), whole[start..end], "{start}..{end}");
        }
        assert_eq!(
            bytes.with_suffix(b"abc").to_bytes(),
            [&whole, &b"abc"[..]].concat()
        );
    }
}
