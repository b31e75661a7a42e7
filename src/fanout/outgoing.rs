//! `Outgoing`: what one viewer is sent, and how far it is: a place in the log, and its own frames.
//!
//! Pure but for the writing: anything that can be written to is a socket here.

use std::io::{self, Write};

use bytes::Bytes;

use super::allowance::{Allowance, Slices};
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
    /// The socket takes more, but others wait as well, or what follows is long.
    Enough,
    /// The socket takes no more for now.
    Blocked,
    /// Publications up to this one are owed that are in no unit of the log.
    Apart(Seq),
}

impl Outgoing {
    /// System calls for one viewer before the others get their turn.
    const CALLS_MAX: usize = 16;

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
        let pieces = unit.bytes.pieces(skip, unit.bytes.len()).collect();
        self.push_pieces(pieces, count);
        (self.last, self.has_last) = (unit.last, true);
    }

    /// Adds the pieces of a frame that holds this number of `publications`.
    fn push_pieces(&mut self, pieces: Vec<Bytes>, publications: u64) {
        let outbox = self.outbox();
        let end = pieces.len();
        for (n, piece) in (1..).zip(pieces) {
            outbox.push_holding(piece, if n == end { publications } else { 0 });
        }
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

    /// Whether the outbox is empty now.
    fn empty_outbox(
        &mut self,
        socket: &mut impl Write,
        allowance: &mut Allowance,
        tally: &mut Tally,
    ) -> io::Result<bool> {
        if let Some(outbox) = &mut self.outbox {
            if !outbox.write(socket, allowance, tally)? {
                return Ok(false);
            }
            self.outbox = None;
        }
        Ok(true)
    }

    /// Gives `socket` the viewer's own frames and no publications.
    ///
    /// # Errors
    /// The connection is lost.
    pub(super) fn write_own(
        &mut self,
        socket: &mut impl Write,
        allowance: &mut Allowance,
        tally: &mut Tally,
    ) -> io::Result<Written> {
        let is_empty = self.empty_outbox(socket, allowance, tally);
        blocked_or(is_empty.map(|is_empty| {
            if is_empty {
                Written::All
            } else {
                Written::Enough
            }
        }))
    }

    /// Gives `socket` what the viewer is owed: one system call for whatever came in one go.
    ///
    /// # Errors
    /// The connection is lost.
    pub(super) fn write(
        &mut self,
        log: &Log,
        socket: &mut impl Write,
        allowance: &mut Allowance,
        tally: &mut Tally,
    ) -> io::Result<Written> {
        blocked_or(self.write_until_blocked(log, socket, allowance, tally))
    }

    fn write_until_blocked(
        &mut self,
        log: &Log,
        socket: &mut impl Write,
        allowance: &mut Allowance,
        tally: &mut Tally,
    ) -> io::Result<Written> {
        for _ in 0..Self::CALLS_MAX {
            if !self.empty_outbox(socket, allowance, tally)? {
                return Ok(Written::Enough);
            }
            match log.after(self.last) {
                Following::Live => return Ok(Written::All),
                Following::Apart(to) => return Ok(Written::Apart(to)),
                Following::At {
                    entry,
                    skip,
                    jump_len,
                } => {
                    let skip = skip + if self.has_last { 0 } else { jump_len };
                    if !self.write_entries(log, entry, skip, socket, allowance, tally)? {
                        return Ok(Written::Enough);
                    }
                }
            }
        }
        Ok(Written::Enough)
    }

    /// Writes from byte `skip` of `entry` on in one system call; false when that has to wait.
    fn write_entries(
        &mut self,
        log: &Log,
        entry: usize,
        skip: usize,
        socket: &mut impl Write,
        allowance: &mut Allowance,
        tally: &mut Tally,
    ) -> io::Result<bool> {
        let newest = log.newest(entry);
        let first = log.entries_from(entry).next();
        let len = first.map_or(0, |first| first.bytes().len() - skip);
        let Some(most) = allowance.next(len) else {
            return Ok(false);
        };
        let taken = match newest.and_then(|newest| newest.bytes().as_one()) {
            // What nearly all are sent nearly always.
            Some(bytes) if len <= most => match socket.write(&bytes[skip..])? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                taken => taken,
            },
            _ => slices_from(log, entry, skip, most).write(socket)?,
        };
        allowance.spend(taken);
        tally.bytes += taken as u64;
        self.advance(log.entries_from(entry), skip, taken, tally);
        Ok(true)
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
                    self.push_pieces(rest, publications);
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

/// At most `most` bytes of the log from byte `skip` of `entry` on: whole entries, or a part of the first.
fn slices_from(log: &Log, entry: usize, mut skip: usize, most: usize) -> Slices<'_> {
    let mut slices = Slices::default();
    for entry in log.entries_from(entry) {
        if slices.len() > 0 && slices.len() + entry.bytes().len() > most {
            break;
        }
        for part in entry.bytes().parts() {
            let skipped = skip.min(part.len());
            skip -= skipped;
            if skipped < part.len() && !slices.push(&part[skipped..], most) {
                return slices;
            }
        }
    }
    slices
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
