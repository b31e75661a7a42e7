//! `Handover`: takes a socket out of the HTTP connection that is served on it.
//!
//! The HTTP layer gets one request head and the socket to answer it on. When the answer has been sent, the socket
//! returns to the server, which waits for the next request without the buffers of an HTTP connection. A WebSocket
//! leaves HTTP by an upgrade; a stream of events does not, but is served on a lane as well, so it takes the socket at
//! the one moment at which nothing is lost: when a request is being answered, and everything that was written before
//! has gone.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::read_rate::ReadRate;

/// The socket of an HTTP connection. Once it is taken away, nothing comes from it any more, and what is still written
/// goes nowhere. A client that takes its answers too slowly is cut off: see [`ReadRate`].
#[derive(Debug)]
pub struct Socket {
    stream: Option<TcpStream>,
    /// What was read of the request before the HTTP layer reads, and how much of it that has taken.
    head: Vec<u8>,
    taken: usize,
    wish: Arc<Wish>,
    rate: ReadRate,
}

/// Takes the socket away; the server puts it into every request's extensions.
#[derive(Debug, Clone)]
pub struct Handover(Arc<Wish>);

#[derive(Debug, Default)]
struct Wish {
    /// Looked at with every flush, so that the lock is taken only when there is a taker.
    is_made: AtomicBool,
    taker: Mutex<Option<oneshot::Sender<TcpStream>>>,
    /// The HTTP layer keeps the socket: it reads on behind the head, and the answer ends the connection.
    is_kept: AtomicBool,
    /// The answer is written; with the next flush the socket goes back.
    is_answered: AtomicBool,
    returned: Mutex<Option<TcpStream>>,
    /// The kernel takes no more of the answer for now.
    is_blocked: AtomicBool,
    /// Bytes of the answer that the kernel has taken.
    written: AtomicU64,
    /// While this is set, others need what the answer holds. Of the first request that holds something.
    hurry: OnceLock<Arc<AtomicBool>>,
}

impl Socket {
    /// A socket that can be taken away, from which `head` was read already.
    #[must_use]
    pub fn new(stream: TcpStream, head: Vec<u8>) -> Self {
        Self {
            stream: Some(stream),
            head,
            taken: 0,
            wish: Arc::default(),
            rate: ReadRate::default(),
        }
    }

    /// What takes it away.
    #[must_use]
    pub fn handover(&self) -> Handover {
        Handover(Arc::clone(&self.wish))
    }

    /// The socket itself; `None` when it was taken away.
    pub(super) fn into_stream(self) -> Option<TcpStream> {
        self.stream
    }

    /// What came of a write; an error when the client takes too little.
    fn after_write(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let is_blocked = written.is_pending();
        self.wish.is_blocked.store(is_blocked, Ordering::Relaxed);
        match &written {
            Poll::Ready(Ok(len)) => {
                self.rate.took(*len);
                self.wish.written.fetch_add(*len as u64, Ordering::Relaxed);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                let wish = &self.wish;
                if self
                    .rate
                    .poll_too_slow(|| wish.is_urgent(), context)
                    .is_ready()
                {
                    self.discard();
                    let error =
                        io::Error::new(io::ErrorKind::TimedOut, "the answer is read too slowly");
                    return Poll::Ready(Err(error));
                }
            }
        }
        written
    }

    /// Has the kernel forget what the client has not taken, once the socket is closed.
    fn discard(&self) {
        if let Some(stream) = &self.stream {
            // Fails only if the socket is closed already.
            _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }

    fn hand_over(&mut self) {
        let taker = self.wish.taker().take();
        if let (Some(taker), Some(stream)) = (taker, self.stream.take()) {
            // Whoever does not wait for it any more closes it by that.
            _ = taker.send(stream);
        }
    }

    fn give_back(&mut self) {
        if let Some(stream) = self.stream.take() {
            *self.wish.returned() = Some(stream);
        }
    }
}

impl Handover {
    /// From now on the client must take its answers faster while `is_scarce` is set.
    pub(super) fn hurry_when(&self, is_scarce: Arc<AtomicBool>) {
        self.0.hurry.get_or_init(|| is_scarce);
    }

    /// The socket, when everything written to it has gone; `None` when the connection is over first. To be called
    /// while a request of the connection is being answered; the answer, which must end the connection, goes nowhere.
    pub(super) async fn take(&self) -> Option<TcpStream> {
        let (sender, receiver) = oneshot::channel();
        self.0.make(sender);
        receiver.await.ok()
    }

    /// Leaves the socket to the HTTP layer from now on, and lets that read on: the request has a body, or the answer
    /// upgrades the connection.
    pub fn keep(&self) {
        self.0.is_kept.store(true, Ordering::Release);
    }

    /// The answer has been given to the HTTP layer as a whole.
    pub fn answered(&self) {
        self.0.is_answered.store(true, Ordering::Release);
    }

    /// The socket, once the answer has gone.
    #[must_use]
    pub fn returned(&self) -> Option<TcpStream> {
        self.0.returned().take()
    }

    /// How much of the answer has been written while it waits for the client to take more; `None` while it does not
    /// wait.
    #[must_use]
    pub fn standing_at(&self) -> Option<u64> {
        let is_blocked = self.0.is_blocked.load(Ordering::Relaxed);
        is_blocked.then(|| self.0.written.load(Ordering::Relaxed))
    }
}

impl Wish {
    fn make(&self, taker: oneshot::Sender<TcpStream>) {
        *self.taker() = Some(taker);
        self.is_made.store(true, Ordering::Release);
    }

    fn is_urgent(&self) -> bool {
        self.hurry
            .get()
            .is_some_and(|is_scarce| is_scarce.load(Ordering::Relaxed))
    }

    fn taker(&self) -> MutexGuard<'_, Option<oneshot::Sender<TcpStream>>> {
        self.taker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn returned(&self) -> MutexGuard<'_, Option<TcpStream>> {
        self.returned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.taken < this.head.len() {
            let rest = &this.head[this.taken..];
            let len = rest.len().min(buffer.remaining());
            buffer.put_slice(&rest[..len]);
            this.taken += len;
            if this.taken == this.head.len() {
                // The HTTP layer has a copy.
                (this.head, this.taken) = (Vec::new(), 0);
            }
            return Poll::Ready(Ok(()));
        }
        let Some(stream) = &mut this.stream else {
            // An end of the input would end the connection before it comes to what takes the socket.
            return Poll::Pending;
        };
        if this.wish.is_kept.load(Ordering::Acquire) {
            return Pin::new(stream).poll_read(context, buffer);
        }
        // Only the end of the input matters: what the client sends ahead is left to the next request.
        match ready!(stream.poll_peek(context, &mut ReadBuf::new(&mut [0])))? {
            0 => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Ok(bytes.len()));
        };
        let written = Pin::new(stream).poll_write(context, bytes);
        self.after_write(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        };
        let written = Pin::new(stream).poll_write_vectored(context, slices);
        self.after_write(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// The HTTP layer calls this when it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.wish.is_made.load(Ordering::Acquire) {
            self.hand_over();
        } else if self.wish.is_answered.load(Ordering::Acquire)
            && !self.wish.is_kept.load(Ordering::Acquire)
        {
            self.give_back();
        }
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_flush(context),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_shutdown(context),
            None => Poll::Ready(Ok(())),
        }
    }
}
