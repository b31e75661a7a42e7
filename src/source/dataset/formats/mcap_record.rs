//! The records of an MCAP file of which the data consists: channels, messages and chunks. <https://mcap.dev/spec>
//!
//! Every length in a record is checked before it is used; a record that lies about one is [`Damaged`].

/// The kinds of records that are read; others are skipped.
pub(super) const FOOTER: u8 = 0x02;
pub(super) const CHANNEL: u8 = 0x04;
pub(super) const MESSAGE: u8 = 0x05;
pub(super) const CHUNK: u8 = 0x06;
pub(super) const DATA_END: u8 = 0x0f;

/// In bytes: the kind of a record, and the length of its content.
pub(super) const HEADER_LEN: usize = 9;

/// What a record's content cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged;

/// A source of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChannelRecord {
    pub(super) id: u16,
    pub(super) topic: String,
    /// How the messages are encoded, such as `json`.
    pub(super) encoding: String,
}

/// One message.
#[derive(Debug, Clone, Copy)]
pub(super) struct MessageRecord<'a> {
    pub(super) channel: u16,
    /// In nanoseconds, usually since the Unix epoch.
    pub(super) log_time: u64,
    pub(super) data: &'a [u8],
}

/// Records that are compressed together.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkRecord<'a> {
    /// In bytes, of the records after expansion.
    pub(super) expanded_len: u64,
    /// CRC-32 of the records after expansion; 0 if it was not computed.
    pub(super) checksum: u32,
    /// The name of the compression; empty: none.
    pub(super) compression: &'a str,
    pub(super) data: &'a [u8],
}

/// The kind of a record, and the length of its content, from its header.
pub(super) fn split_header(header: [u8; HEADER_LEN]) -> (u8, u64) {
    let [kind, len @ ..] = header;
    (kind, u64::from_le_bytes(len))
}

impl ChannelRecord {
    pub(super) fn parse(content: &[u8]) -> Result<Self, Damaged> {
        let mut unread = Unread(content);
        let id = unread.u16()?;
        let _schema = unread.u16()?;
        Ok(Self {
            id,
            topic: unread.text()?.to_owned(),
            encoding: unread.text()?.to_owned(),
        })
    }
}

impl<'a> MessageRecord<'a> {
    pub(super) fn parse(content: &'a [u8]) -> Result<Self, Damaged> {
        let mut unread = Unread(content);
        let channel = unread.u16()?;
        let _sequence = unread.u32()?;
        let log_time = unread.u64()?;
        let _publish_time = unread.u64()?;
        Ok(Self {
            channel,
            log_time,
            data: unread.0,
        })
    }
}

impl<'a> ChunkRecord<'a> {
    pub(super) fn parse(content: &'a [u8]) -> Result<Self, Damaged> {
        let mut unread = Unread(content);
        let (_start_time, _end_time) = (unread.u64()?, unread.u64()?);
        Ok(Self {
            expanded_len: unread.u64()?,
            checksum: unread.u32()?,
            compression: unread.text()?,
            data: {
                let len = unread.u64()?;
                unread.bytes(len)?
            },
        })
    }
}

/// Calls `visit` with the offset, the kind and the content of each record in `records`.
pub(super) fn for_each_record<'a, E: From<Damaged>>(
    records: &'a [u8],
    mut visit: impl FnMut(usize, u8, &'a [u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut rest = Unread(records);
    while !rest.0.is_empty() {
        let offset = records.len() - rest.0.len();
        let (kind, content) = rest.record()?;
        visit(offset, kind, content)?;
    }
    Ok(())
}

/// The content of the record at `offset` of `records`.
pub(super) fn record_at(records: &[u8], offset: usize) -> Result<&[u8], Damaged> {
    let rest = records.get(offset..).ok_or(Damaged)?;
    Unread(rest).record().map(|(_, content)| content)
}

/// What has not been read of a record.
struct Unread<'a>(&'a [u8]);

impl<'a> Unread<'a> {
    fn record(&mut self) -> Result<(u8, &'a [u8]), Damaged> {
        let (kind, len) = split_header(self.array()?);
        Ok((kind, self.bytes(len)?))
    }

    fn bytes(&mut self, len: u64) -> Result<&'a [u8], Damaged> {
        let len = usize::try_from(len).map_err(|_| Damaged)?;
        let (bytes, rest) = self.0.split_at_checked(len).ok_or(Damaged)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Damaged)?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn u16(&mut self) -> Result<u16, Damaged> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, Damaged> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Damaged> {
        self.array().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Result<&'a str, Damaged> {
        let len = self.u32()?;
        std::str::from_utf8(self.bytes(u64::from(len))?).map_err(|_| Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_beyond_the_record_is_damage() {
        let channel = b"\x07\x00\x00\x00\x04\x00\x00\x00/imu\x04\x00\x00\x00json\x00\x00\x00\x00";
        let parsed = ChannelRecord::parse(channel).unwrap();
        assert_eq!((parsed.id, parsed.topic.as_str()), (7, "/imu"));
        assert_eq!(parsed.encoding, "json");
        for end in 0..channel.len() - 4 {
            assert_eq!(ChannelRecord::parse(&channel[..end]), Err(Damaged), "{end}");
        }
        let mut lies = channel.to_vec();
        lies[4..8].copy_from_slice(&[0xff; 4]);
        assert_eq!(ChannelRecord::parse(&lies), Err(Damaged));
    }
}
