//! [`HttpSocket`] and [`SocketTakeover`]: take the socket back from the HTTP layer.
//!
//! The HTTP layer gets one request head and the socket to respond on. The socket leaves it in one of three ways:
//!
//! - Once the response has been sent, the socket goes back to the server ([`SocketTakeover::take_returned`]), which waits
//!   for the next request without the buffers of an HTTP connection.
//! - A WebSocket leaves by an upgrade ([`HttpSocket::into_stream`]). Before the 101 is answered,
//!   [`SocketTakeover::keep_for_http`] has to be called, or the socket would go back to the server.
//! - An event stream cannot be upgraded, but lanes serve it too. It takes the socket ([`SocketTakeover::take`]) at the one
//!   moment when nothing can be lost: while a request is being handled and everything written before it has been sent.

mod read_rate;

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

use self::read_rate::ReadRate;

/// The socket of an HTTP connection, which a [`SocketTakeover`] can take away. After that, reads stay pending and
/// writes are discarded. Clients that read responses too slowly are disconnected; see `ReadRate`.
#[derive(Debug)]
pub struct HttpSocket {
    /// `None` once the socket was taken or returned.
    stream: Option<TcpStream>,
    /// The request head, which the server read before the HTTP layer; empty once the HTTP layer has read all of it.
    head: Vec<u8>,
    /// How many bytes of `head` the HTTP layer has read.
    head_read: usize,
    state: Arc<TakeoverState>,
    read_rate: ReadRate,
}

/// A handle that takes the socket of a connection. The server adds it to the extensions of every request.
#[derive(Debug, Clone)]
pub struct SocketTakeover(Arc<TakeoverState>);

/// The state shared between a connection's [`HttpSocket`] and its [`SocketTakeover`]s.
#[derive(Debug, Default)]
struct TakeoverState {
    /// Set after `taker`. Checked on every flush, so that a flush locks `taker` only after a request.
    is_requested: AtomicBool,
    /// Receives the socket on the next flush.
    taker: Mutex<Option<oneshot::Sender<TcpStream>>>,
    /// The HTTP layer keeps the socket: it may read past the head, and the connection ends with the response.
    is_kept_for_http: AtomicBool,
    /// The whole response was given to the HTTP layer; the next flush returns the socket to the server.
    is_answered: AtomicBool,
    /// The socket, after it was returned and until the server takes it.
    returned: Mutex<Option<TcpStream>>,
    /// Whether the last write was pending: the kernel's send buffer is full.
    is_blocked: AtomicBool,
    /// How many bytes of the response the kernel has accepted.
    written: AtomicU64,
    /// Reads true while history permits are scarce. Set if this is a history request.
    is_scarce: OnceLock<Arc<AtomicBool>>,
}

impl HttpSocket {
    /// Wraps `stream`, from which the server has already read `head`.
    #[must_use]
    pub fn new(stream: TcpStream, head: Vec<u8>) -> Self {
        Self {
            stream: Some(stream),
            head,
            head_read: 0,
            state: Arc::default(),
            read_rate: ReadRate::default(),
        }
    }

    /// Returns a handle that takes the socket.
    #[must_use]
    pub fn takeover(&self) -> SocketTakeover {
        SocketTakeover(Arc::clone(&self.state))
    }

    /// Returns the underlying socket; `None` if it was taken.
    pub(super) fn into_stream(self) -> Option<TcpStream> {
        self.stream
    }

    /// Updates the read rate after a write. Turns a pending write into an error if the client reads too slowly.
    fn after_write(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let is_blocked = written.is_pending();
        self.state.is_blocked.store(is_blocked, Ordering::Relaxed);
        match &written {
            Poll::Ready(Ok(len)) => {
                self.read_rate.on_written(*len);
                self.state.written.fetch_add(*len as u64, Ordering::Relaxed);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                let state = &self.state;
                if self
                    .read_rate
                    .poll_too_slow(|| state.is_urgent(), context)
                    .is_ready()
                {
                    self.reset_on_close();
                    let error =
                        io::Error::new(io::ErrorKind::TimedOut, "the client reads too slowly");
                    return Poll::Ready(Err(error));
                }
            }
        }
        written
    }

    /// Makes the kernel discard unsent data when the socket is closed.
    fn reset_on_close(&self) {
        if let Some(stream) = &self.stream {
            // Fails only if the socket is already closed.
            _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }

    fn hand_over(&mut self) {
        let taker = self.state.taker().take();
        if let (Some(taker), Some(stream)) = (taker, self.stream.take()) {
            // If the receiver is gone, dropping the socket closes it.
            _ = taker.send(stream);
        }
    }

    fn return_to_server(&mut self) {
        if let Some(stream) = self.stream.take() {
            *self.state.returned() = Some(stream);
        }
    }
}

impl SocketTakeover {
    /// Requires the client to read faster whenever `is_scarce` is set.
    pub(super) fn require_faster_reads_while(&self, is_scarce: Arc<AtomicBool>) {
        self.0.is_scarce.get_or_init(|| is_scarce);
    }

    /// Takes the socket once everything written to it has been sent; returns `None` if the connection ends first. Must
    /// be called while a request of the connection is being handled. The response to that request must end the
    /// connection, and is discarded.
    pub(super) async fn take(&self) -> Option<TcpStream> {
        let (sender, receiver) = oneshot::channel();
        self.0.request(sender);
        receiver.await.ok()
    }

    /// Leaves the socket to the HTTP layer and lets it read past the head, because the request has a body or the
    /// response upgrades the connection.
    pub fn keep_for_http(&self) {
        self.0.is_kept_for_http.store(true, Ordering::Release);
    }

    /// Marks the whole response as given to the HTTP layer.
    pub fn mark_answered(&self) {
        self.0.is_answered.store(true, Ordering::Release);
    }

    /// Takes the socket if it has been returned, which happens once the response has been sent.
    #[must_use]
    pub fn take_returned(&self) -> Option<TcpStream> {
        self.0.returned().take()
    }

    /// Returns how many bytes have been written if the response is waiting for the client to read; otherwise `None`.
    #[must_use]
    pub fn stalled_at(&self) -> Option<u64> {
        let is_blocked = self.0.is_blocked.load(Ordering::Relaxed);
        is_blocked.then(|| self.0.written.load(Ordering::Relaxed))
    }
}

impl TakeoverState {
    fn request(&self, taker: oneshot::Sender<TcpStream>) {
        *self.taker() = Some(taker);
        self.is_requested.store(true, Ordering::Release);
    }

    fn is_urgent(&self) -> bool {
        self.is_scarce
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

impl AsyncRead for HttpSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.head_read < this.head.len() {
            let rest = &this.head[this.head_read..];
            let len = rest.len().min(buffer.remaining());
            buffer.put_slice(&rest[..len]);
            this.head_read += len;
            if this.head_read == this.head.len() {
                // The HTTP layer has copied it; free the memory.
                (this.head, this.head_read) = (Vec::new(), 0);
            }
            return Poll::Ready(Ok(()));
        }
        let Some(stream) = &mut this.stream else {
            // End of input would end the connection before the handler has finished with the socket.
            return Poll::Pending;
        };
        if this.state.is_kept_for_http.load(Ordering::Acquire) {
            return Pin::new(stream).poll_read(context, buffer);
        }
        // Only the end of input matters here. Pipelined bytes stay in the socket for the next request.
        match ready!(stream.poll_peek(context, &mut ReadBuf::new(&mut [0])))? {
            0 => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }
}

impl AsyncWrite for HttpSocket {
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

    /// Hands the socket over if requested: the HTTP layer flushes when it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.state.is_requested.load(Ordering::Acquire) {
            self.hand_over();
        } else if self.state.is_answered.load(Ordering::Acquire)
            && !self.state.is_kept_for_http.load(Ordering::Acquire)
        {
            self.return_to_server();
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
