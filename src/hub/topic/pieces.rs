//! Where what lies back is cut into pieces, so that those who ask for the same are sent the same bytes.

use super::Topic;
use crate::hub::gather::Gather;
use crate::hub::timeline::Timeline;
use crate::protocol::Seq;

impl Topic {
    /// Pieces end at multiples of this.
    pub const CUT: u64 = 256;

    /// Bytes of records in a piece that begins where one viewer alone stands: it may keep it for as long as it does not
    /// read.
    const OWN_LEN_MAX: usize = 16 * 1024;

    /// Where what goes out in one piece and begins with `first` ends, `last` at the latest. Pieces end at the same
    /// places for all: at jumps, at multiples of 256, and where records are long. One that does not begin at such a
    /// place is short.
    #[must_use]
    pub fn cut(&self, first: Seq, last: Seq) -> Seq {
        let timeline = self.timeline();
        let (begin, end) = self.piece_around(&timeline, first);
        let mut own = end.min(last);
        if begin < first {
            let mut len = self.record(&timeline, first).len();
            own = first;
            while own < end.min(last) && len < Self::OWN_LEN_MAX {
                own = own.next();
                len += self.record(&timeline, own).len();
            }
        }
        own
    }

    /// Whether a piece begins with `first` for all.
    #[must_use]
    pub fn is_cut_before(&self, first: Seq) -> bool {
        self.piece_around(&self.timeline(), first).0 == first
    }

    /// The first and the last publication of the piece that holds `seq`.
    fn piece_around(&self, timeline: &Timeline, seq: Seq) -> (Seq, Seq) {
        let group_end = Seq::saturating(seq.get().next_multiple_of(Self::CUT));
        let mut begin = Seq::saturating(seq.previous().get() / Self::CUT * Self::CUT + 1);
        let (mut at, mut len) = (begin, 0);
        loop {
            len += self.record(timeline, at).len();
            let is_end = at == group_end
                || len >= Gather::LEN_MAX
                || timeline.jump_before(at.next()).is_some();
            if is_end && at >= seq {
                return (begin, at);
            }
            at = at.next();
            if is_end {
                (begin, len) = (at, 0);
            }
        }
    }
}
