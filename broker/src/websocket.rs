//! MQTT in WebSocket frames, as bytes: what `connection` reads and writes needs no knowledge of it.
//!
//! Frames may split and merge packets as they like; only binary ones are taken, and the client must
//! offer the subprotocol `mqtt`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};

const SUBPROTOCOL: &str = "mqtt";
/// For each connection, so small: most packets are.
const READ_BUFFER: usize = 4 * 1024;
/// Beyond what a message may be, for a frame that carries several packets.
const FRAME_BYTES: usize = 64 * 1024;

/// A WebSocket as a stream of bytes.
pub(crate) struct WebSocket<S> {
    frames: WebSocketStream<S>,
    /// Of a frame, what was not yet read.
    rest: Bytes,
    /// Bytes given to the frames and not yet flushed.
    sending: usize,
    closed: bool,
}

/// Shakes hands; `max_packet` bounds what a frame may hold.
pub(crate) async fn accept<S>(stream: S, max_packet: usize) -> Result<WebSocket<S>, tungstenite::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(max_packet + FRAME_BYTES))
        .max_frame_size(Some(max_packet + FRAME_BYTES));
    let frames = tokio_tungstenite::accept_hdr_async_with_config(stream, agree, Some(config)).await?;
    Ok(WebSocket { frames, rest: Bytes::new(), sending: 0, closed: false })
}

#[expect(clippy::result_large_err, reason = "the signature is the library's")]
fn agree(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let offered = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let mut names = offered.iter().filter_map(|value| value.to_str().ok()).flat_map(|names| names.split(','));
    if names.any(|name| name.trim() == SUBPROTOCOL) {
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        return Ok(response);
    }
    let mut refusal = ErrorResponse::new(Some("offer the subprotocol mqtt".to_owned()));
    *refusal.status_mut() = StatusCode::BAD_REQUEST;
    Err(refusal)
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocket<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            if self.closed {
                return Poll::Ready(Ok(()));
            }
            match ready!(Pin::new(&mut self.frames).poll_next(context)) {
                Some(Ok(Message::Binary(bytes))) => self.rest = bytes,
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Text(_))) => {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "a text frame is no MQTT")));
                }
                Some(Ok(Message::Close(_))) | None => self.closed = true,
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
            }
        }
        let count = self.rest.len().min(out.remaining());
        out.put_slice(&self.rest[..count]);
        self.rest.advance(count);
        if self.rest.is_empty() {
            self.rest = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocket<S> {
    /// A write counts as done when its frame is flushed: until then the caller comes again with the
    /// same bytes, perhaps followed by more.
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if self.sending == 0 {
            ready!(Pin::new(&mut self.frames).poll_ready(context)).map_err(io::Error::other)?;
            let frame = Message::Binary(Bytes::copy_from_slice(data));
            Pin::new(&mut self.frames).start_send(frame).map_err(io::Error::other)?;
            self.sending = data.len();
        }
        ready!(Pin::new(&mut self.frames).poll_flush(context)).map_err(io::Error::other)?;
        Poll::Ready(Ok(std::mem::take(&mut self.sending)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.frames).poll_flush(context).map_err(io::Error::other)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.frames).poll_close(context).map_err(io::Error::other)
    }
}
