//! `Outgoing`: what one viewer is sent, and how far it is: a place in the log, and its own frames.
//!
//! Pure but for the writing: anything that can be written to is a socket here.

use std::io::{self, IoSlice, Write};

use bytes::Bytes;

use super::log::{Entry, Following, Log, Unit};
use super::outbox::{Outbox, Tally};
use crate::protocol::Seq;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// The last publication the viewer has, or that is in its outbox.
    last: Seq,
    /// Whether the viewer has `last` itself, and so is told of a jump behind it.
    has_last: bool,
    /// Made when there is something to put into it, and gone with its last frame.
    outbox: Option<Box<Outbox>>,
}

/// Why writing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// The viewer has everything.
    All,
    /// The socket takes more, but others wait as well.
    Enough,
    /// The socket takes no more for now.
    Blocked,
    /// Publications up to this one are owed that are in no unit of the log.
    Apart(Seq),
}

impl Outgoing {
    /// System calls for one viewer before the others get their turn.
    const CALLS_MAX: usize = 16;
    /// Entries given to one system call.
    const ENTRIES_PER_CALL_MAX: usize = 64;

    /// Everything after `last`, which the viewer has or not.
    pub(super) fn after(last: Seq, has_last: bool) -> Self {
        Self {
            last,
            has_last,
            outbox: None,
        }
    }

    /// The last publication the viewer has, or that is in its outbox.
    pub(super) const fn last(&self) -> Seq {
        self.last
    }

    /// Adds a frame that holds no publication.
    pub(super) fn push(&mut self, frame: Bytes) {
        self.outbox().push(frame);
    }

    /// Adds the unit that follows.
    pub(super) fn push_unit(&mut self, unit: &Unit) {
        let count = unit.last.get() - self.last.get();
        let skip = if self.has_last { 0 } else { unit.jump_len };
        self.outbox().push_holding(unit.bytes.slice(skip..), count);
        (self.last, self.has_last) = (unit.last, true);
    }

    /// Leaves out everything up to `last`.
    pub(super) fn skip_to(&mut self, last: Seq) {
        (self.last, self.has_last) = (last, false);
    }

    /// Whether all frames of the viewer's own have gone.
    pub(super) fn is_outbox_empty(&self) -> bool {
        self.outbox.is_none()
    }

    fn outbox(&mut self) -> &mut Outbox {
        self.outbox.get_or_insert_default()
    }

    fn empty_outbox(&mut self, socket: &mut impl Write, tally: &mut Tally) -> io::Result<()> {
        if let Some(outbox) = &mut self.outbox {
            outbox.write(socket, tally)?;
            self.outbox = None;
        }
        Ok(())
    }

    /// Gives `socket` the viewer's own frames and no publications.
    ///
    /// # Errors
    /// The connection is lost.
    pub(super) fn write_own(
        &mut self,
        socket: &mut impl Write,
        tally: &mut Tally,
    ) -> io::Result<Written> {
        blocked_or(self.empty_outbox(socket, tally).map(|()| Written::All))
    }

    /// Gives `socket` what the viewer is owed: one system call for whatever came in one go.
    ///
    /// # Errors
    /// The connection is lost.
    pub(super) fn write(
        &mut self,
        log: &Log,
        socket: &mut impl Write,
        tally: &mut Tally,
    ) -> io::Result<Written> {
        blocked_or(self.write_until_blocked(log, socket, tally))
    }

    fn write_until_blocked(
        &mut self,
        log: &Log,
        socket: &mut impl Write,
        tally: &mut Tally,
    ) -> io::Result<Written> {
        for _ in 0..Self::CALLS_MAX {
            self.empty_outbox(socket, tally)?;
            match log.after(self.last) {
                Following::Live => return Ok(Written::All),
                Following::Apart(to) => return Ok(Written::Apart(to)),
                Following::At {
                    entry,
                    skip,
                    jump_len,
                } => {
                    let skip = skip + if self.has_last { 0 } else { jump_len };
                    self.write_entries(log, entry, skip, socket, tally)?;
                }
            }
        }
        Ok(Written::Enough)
    }

    fn write_entries(
        &mut self,
        log: &Log,
        entry: usize,
        skip: usize,
        socket: &mut impl Write,
        tally: &mut Tally,
    ) -> io::Result<()> {
        let taken = if let Some(newest) = log.newest(entry) {
            socket.write(&newest.bytes()[skip..])?
        } else {
            let mut slices = [IoSlice::new(&[]); Self::ENTRIES_PER_CALL_MAX];
            let mut len = 0;
            for (slice, entry) in slices.iter_mut().zip(log.entries_from(entry)) {
                let skip = if len == 0 { skip } else { 0 };
                *slice = IoSlice::new(&entry.bytes()[skip..]);
                len += 1;
            }
            socket.write_vectored(&slices[..len])?
        };
        if taken == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        tally.bytes += taken as u64;
        self.advance(log.entries_from(entry), skip, taken, tally);
        Ok(())
    }

    /// Moves on by `taken` bytes, counted from byte `skip` of the first of `entries`.
    fn advance<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a Entry>,
        skip: usize,
        taken: usize,
        tally: &mut Tally,
    ) {
        let mut at = skip + taken;
        for entry in entries {
            if at < entry.bytes().len() {
                let cut = entry.cut(at, self.last);
                let begun = cut
                    .begun
                    .as_ref()
                    .map_or(0, |(_, publications)| *publications);
                tally.publications += cut.last.get() - self.last.get() - begun;
                self.move_to(cut.last);
                if let Some((rest, publications)) = cut.begun {
                    self.outbox().push_holding(rest, publications);
                }
                return;
            }
            tally.publications += entry.last().get() - self.last.get();
            self.move_to(entry.last());
            at -= entry.bytes().len();
            if at == 0 {
                return;
            }
        }
    }

    fn move_to(&mut self, last: Seq) {
        if last > self.last {
            (self.last, self.has_last) = (last, true);
        }
    }
}

fn blocked_or(result: io::Result<Written>) -> io::Result<Written> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Written::Blocked),
        // A signal came in between; the same place is tried again.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Written::Enough),
        result => result,
    }
}

#[cfg(test)]
mod tests;
