//! `Blocks`: pieces of the history as the viewers of a form are sent them.
//!
//! Whatever was due can be computed anew, so nothing has to be kept; the pieces asked for last are, so that those who
//! come back together share their bytes. All pieces but the first that a viewer gets begin at the same places.

use std::collections::VecDeque;

use super::encoder::Encoder;
use super::joiner::Form;
use super::log::Unit;
use crate::hub::Topic;
use crate::protocol::Seq;

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// The one asked for last in front.
    kept: VecDeque<(Form, Unit)>,
    len: usize,
}

impl Blocks {
    /// Bytes kept: what thousands of viewers that join at once are sent within a second. Long records are in the
    /// dataset's memory and do not count; a block has at most 160 KiB besides them.
    const LEN_MAX: usize = 512 * 1024;
    /// Blocks kept: few, because each lookup goes through them.
    const COUNT_MAX: usize = 64;

    /// The piece that begins with `first`, and ends with `to` at the latest; `None` for what is never due.
    pub(super) fn get(
        &mut self,
        topic: &Topic,
        form: Form,
        (first, to): (Seq, Seq),
        encoder: &mut Encoder,
    ) -> Option<Unit> {
        let last = topic.cut(first, to);
        let is_it = |(of, unit): &(Form, Unit)| (*of, unit.first, unit.last) == (form, first, last);
        let block = match self.kept.iter().position(is_it) {
            Some(at) => self.kept.remove(at)?,
            None => {
                let unit = encoder.block(topic, form, first, last)?;
                self.len += unit.bytes.own_len();
                (form, unit)
            }
        };
        let unit = block.1.clone();
        self.kept.push_front(block);
        self.trim();
        Some(unit)
    }

    fn trim(&mut self) {
        while self.len > Self::LEN_MAX || self.kept.len() > Self::COUNT_MAX {
            let Some((_, unit)) = self.kept.pop_back() else {
                return;
            };
            self.len -= unit.bytes.own_len();
        }
    }
}
