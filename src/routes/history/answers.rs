//! `Answers`: how many answers may be under way at once, and whose.
//!
//! ## Shares
//! A client may have as many answers under way as there are free places, so a first client gets half of all places and
//! a second one half of the rest: the next client always finds places. A client is an address, of IPv6 its /64.
//!
//! ## Places
//! A place is held until the answer has been handed to the kernel and all work for it has ended, whether or not the
//! client is still there.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::workers::{Stopped, Workers};
use crate::hub::ClientNetwork;
use crate::routes::problem::{Code, Problem};

/// Places for the answers of one hub, and the threads that make them.
#[derive(Debug, Clone)]
pub struct Answers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Never held while anything waits.
    held: Mutex<Held>,
    /// Whether few places are left. Follows `held`.
    is_scarce: Arc<AtomicBool>,
    workers: Workers,
}

#[derive(Debug, Default)]
struct Held {
    /// The sum of `by_client`; at most [`ANSWERS_MAX`].
    total: usize,
    /// Clients with at least one place.
    by_client: HashMap<ClientNetwork, usize>,
}

/// A place, free again when its last clone is gone.
#[derive(Debug, Clone)]
pub(super) struct Answering(Arc<Place>);

#[derive(Debug)]
struct Place {
    shared: Arc<Shared>,
    client: ClientNetwork,
}

/// Answers at once. Viewers come first: readers of the history get what is left of the cores, and far fewer answers
/// than these fill a line. It also bounds the memory that clients cost that do not read: see [`super::body`].
const ANSWERS_MAX: usize = 64;

/// With fewer places left than this, readers must be faster: see [`crate::routes::Handover::hurry_when`].
const ANSWERS_SCARCE: usize = ANSWERS_MAX / 4;

/// Threads that make answers. A few make more than most lines carry; the other cores are for the viewers.
const WORKERS_MAX: usize = 4;

impl Answers {
    /// All places free, and the threads started: one for every two cores.
    ///
    /// # Errors
    /// The system has no thread.
    pub fn start() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Ok(Self(Arc::new(Shared {
            held: Mutex::default(),
            is_scarce: Arc::default(),
            workers: Workers::start((cores / 2).clamp(1, WORKERS_MAX))?,
        })))
    }

    /// Takes a place for a client at `address`.
    ///
    /// # Errors
    /// All are taken, or as many by this client as are left.
    pub(super) fn begin(&self, address: IpAddr) -> Result<Answering, Problem> {
        let client = ClientNetwork::from(address);
        let mut held = self.0.held();
        let left = ANSWERS_MAX - held.total;
        if left == 0 {
            return Err(Problem::retry_later(
                Code::HistoryBusy,
                "the hub is busy with other answers from the history; come back in a moment",
            ));
        }
        let own = held.by_client.entry(client).or_insert(0);
        if *own >= left {
            return Err(Problem::retry_later(
                Code::HistoryShareTaken,
                "this address has as many answers from the history under way as there are places left; read those, or \
                 come back in a moment",
            ));
        }
        *own += 1;
        held.total += 1;
        self.0.note_scarcity(&held);
        drop(held);
        Ok(Answering(Arc::new(Place {
            shared: Arc::clone(&self.0),
            client,
        })))
    }

    /// Whether few places are left, now and later.
    pub(super) fn scarcity(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0.is_scarce)
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_scarcity(&self, held: &Held) {
        let is_scarce = ANSWERS_MAX - held.total < ANSWERS_SCARCE;
        self.is_scarce.store(is_scarce, Ordering::Relaxed);
    }
}

impl Answering {
    /// Calls `part` on a worker until it returns something, in turn with the work of other clients. Each call should
    /// take about a millisecond. The work ends early when the returned future is dropped, and keeps the place until
    /// then.
    ///
    /// # Errors
    /// The hub is stopping, or `part` panicked.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        part: impl FnMut() -> Option<T> + Send + 'static,
    ) -> Result<T, Stopped> {
        let (workers, client) = (&self.0.shared.workers, self.0.client);
        workers.run(client, self.clone(), part).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.shared.held();
        held.total -= 1;
        if let Some(own) = held.by_client.get_mut(&self.client) {
            *own -= 1;
            if *own == 0 {
                held.by_client.remove(&self.client);
            }
        }
        self.shared.note_scarcity(&held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places taken by `address` until it is refused, and the code of that.
    fn take_all(answers: &Answers, address: &str) -> (Vec<Answering>, Code) {
        let mut taken = Vec::new();
        loop {
            match answers.begin(address.parse().unwrap()) {
                Ok(answering) => taken.push(answering),
                Err(problem) => return (taken, problem.code()),
            }
        }
    }

    #[test]
    fn each_address_gets_half_of_what_is_left_and_gives_it_back() {
        let answers = Answers::start().unwrap();
        let (one, code) = take_all(&answers, "192.0.2.1");
        assert_eq!((one.len(), code), (32, Code::HistoryShareTaken));
        let (other, code) = take_all(&answers, "192.0.2.2");
        assert_eq!((other.len(), code), (16, Code::HistoryShareTaken));
        assert!(!answers.scarcity().load(Ordering::Relaxed));
        let rest: Vec<_> = (3..=7)
            .map(|n| take_all(&answers, &format!("192.0.2.{n}")).0)
            .collect();
        assert_eq!(rest.iter().map(Vec::len).sum::<usize>(), 16);
        assert!(answers.scarcity().load(Ordering::Relaxed));
        assert_eq!(take_all(&answers, "192.0.2.1").1, Code::HistoryBusy);
        assert_eq!(take_all(&answers, "192.0.2.9").1, Code::HistoryBusy);
        drop((one, other, rest));
        assert!(!answers.scarcity().load(Ordering::Relaxed));
        assert_eq!(take_all(&answers, "192.0.2.9").0.len(), 32);
    }

    #[test]
    fn all_addresses_of_a_network_have_one_share() {
        let answers = Answers::start().unwrap();
        let (_one, _) = take_all(&answers, "2001:db8::1");
        let refused = answers.begin("2001:db8::ffff:2".parse().unwrap());
        assert_eq!(refused.unwrap_err().code(), Code::HistoryShareTaken);
        assert!(answers.begin("2001:db8:0:1::1".parse().unwrap()).is_ok());
    }
}
