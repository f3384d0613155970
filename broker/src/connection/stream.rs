//! The socket: reads through a buffer of the thread, writes from the connection's own.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::KEEP_BUFFER;

/// One read of this size takes hundreds of small packets; it exists once per thread.
const READ: usize = 64 * 1024;
/// A peer that does not take its last bytes within this is left.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long a closed socket is read on, so that the last bytes are not lost to a reset.
const LINGER: Duration = Duration::from_millis(200);

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into_boxed_slice());
}

/// Reads once. `carry` holds the beginning of a packet from before; all that is there comes out in
/// `whole`, unless it is still the beginning of one packet. 0 means that the peer has closed.
///
/// A long packet grows in `carry`, so its bytes are copied a bounded number of times however small
/// the pieces are in which a peer sends them.
pub(super) fn poll_read<S: AsyncRead + Unpin>(
    stream: &mut S,
    context: &mut Context<'_>,
    carry: &mut BytesMut,
    whole: &mut Bytes,
    max: usize,
) -> Poll<io::Result<usize>> {
    SCRATCH.with_borrow_mut(|scratch| {
        let mut buffer = ReadBuf::new(scratch);
        ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
        let read = buffer.filled();
        if carry.is_empty() {
            *whole = Bytes::copy_from_slice(read);
        } else {
            carry.extend_from_slice(read);
            if starts_whole(carry, max) {
                *whole = std::mem::take(carry).freeze();
            }
        }
        Poll::Ready(Ok(read.len()))
    })
}

/// Is the first packet complete, or so wrong that it must be looked at?
fn starts_whole(data: &[u8], max: usize) -> bool {
    !matches!(crate::wire::frame(data, max), Ok(None))
}

/// Writes what the socket takes.
pub(super) fn poll_write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    context: &mut Context<'_>,
    out: &mut BytesMut,
) -> Poll<io::Result<usize>> {
    let written = ready!(Pin::new(stream).poll_write(context, out))?;
    if written == 0 {
        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
    }
    out.advance(written);
    if out.is_empty() && out.capacity() > KEEP_BUFFER {
        *out = BytesMut::new();
    }
    Poll::Ready(Ok(written))
}

/// Waits for one read.
pub(super) async fn read<S: AsyncRead + Unpin>(stream: &mut S, carry: &mut BytesMut) -> io::Result<usize> {
    let mut whole = Bytes::new();
    let read = poll_fn(|context| poll_read(stream, context, carry, &mut whole, 0)).await?;
    carry.extend_from_slice(&whole);
    Ok(read)
}

/// Writes the last bytes, closes, and waits a moment for the peer to take them.
pub(super) async fn farewell<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, out: BytesMut) {
    let write = async {
        stream.write_all(&out).await?;
        stream.shutdown().await
    };
    if !matches!(tokio::time::timeout(FAREWELL, write).await, Ok(Ok(()))) {
        return;
    }
    let discard = async {
        let mut sink = BytesMut::new();
        while matches!(read(&mut stream, &mut sink).await, Ok(1..)) {
            sink.clear();
        }
    };
    let _ = tokio::time::timeout(LINGER, discard).await;
}
