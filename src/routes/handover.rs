//! `Handover`: takes a socket out of the HTTP connection that is served on it.
//!
//! A WebSocket leaves HTTP by an upgrade; a stream of events does not, but is served on a lane as well. So the
//! connection is given a socket that can be taken away, at the one moment at which nothing is lost: when a request is
//! being answered, and everything that was written before has gone.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// The socket of an HTTP connection. Once it is taken away, nothing comes from it any more, and what is still written
/// goes nowhere.
#[derive(Debug)]
pub struct Socket {
    stream: Option<TcpStream>,
    wish: Arc<Wish>,
}

/// Takes the socket away; the server puts it into every request's extensions.
#[derive(Debug, Clone)]
pub struct Handover(Arc<Wish>);

#[derive(Debug, Default)]
struct Wish {
    /// Looked at with every flush, so that the lock is taken only when there is a taker.
    is_made: AtomicBool,
    taker: Mutex<Option<oneshot::Sender<TcpStream>>>,
}

impl Socket {
    /// A socket that can be taken away.
    #[must_use]
    pub fn new(stream: TcpStream) -> Self {
        Self {
            stream: Some(stream),
            wish: Arc::default(),
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

    fn hand_over(&mut self) {
        let taker = self.wish.taker().take();
        if let (Some(taker), Some(stream)) = (taker, self.stream.take()) {
            // Whoever does not wait for it any more closes it by that.
            _ = taker.send(stream);
        }
    }
}

impl Handover {
    /// The socket, when everything written to it has gone; `None` when the connection is over first. To be called
    /// while a request of the connection is being answered; the answer, which must end the connection, goes nowhere.
    pub(super) async fn take(&self) -> Option<TcpStream> {
        let (sender, receiver) = oneshot::channel();
        self.0.make(sender);
        receiver.await.ok()
    }
}

impl Wish {
    fn make(&self, taker: oneshot::Sender<TcpStream>) {
        *self.taker() = Some(taker);
        self.is_made.store(true, Ordering::Release);
    }

    fn taker(&self) -> MutexGuard<'_, Option<oneshot::Sender<TcpStream>>> {
        self.taker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_read(context, buffer),
            // An end of the input would end the connection before it comes to what takes the socket.
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_write(context, bytes),
            None => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            None => Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum())),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// The HTTP layer calls this when it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.wish.is_made.load(Ordering::Acquire) {
            self.hand_over();
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
