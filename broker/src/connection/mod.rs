//! The life of one client: greet, then hear, answer and speak until it ends.
//!
//! One task owns the socket and all state, so nothing of the protocol is behind a lock. Other
//! threads reach it through its [`Mailbox`] only. Between two events the task sleeps without a read
//! buffer: bytes are read into a buffer of the thread and copied out at their exact size, so an
//! idle connection costs its state and nothing else.
//!
//! * `greet.rs`: CONNECT until CONNACK
//! * `hear.rs`: packets from the client, one Delivery for each read
//! * `subscribe.rs`: SUBSCRIBE and UNSUBSCRIBE
//! * `answer.rs`: acknowledgements, held and in order
//! * `kept.rs`: what must be stored before it is said, for a session that outlives the connection
//! * `speak.rs`: messages to the subscriber
//! * `leave.rs`: what happens when it ends
//! * `stream.rs`: the socket
//!
//! It must not know the application beyond [`Authority`]. Start at [`serve`].

mod answer;
mod greet;
mod hear;
mod kept;
mod leave;
mod speak;
mod stream;
mod subscribe;

pub(crate) use greet::turn_away;

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;

use crate::authority::{Authority, Denial, Identity};
use crate::config::{Limits, Plane};
use crate::fanout::{Hub, Subscriber, To};
use crate::intake::{Delivery, Feed, Gone};
use crate::mailbox::{Mail, Mailbox, Order, Queued};
use crate::rate::{Connects, Debt, Meter};
use crate::registry::Registry;
use crate::session::{Session, Sessions};
use crate::stats::Stats;
use crate::store::SessionKey;
use crate::tls::Certificate;
use crate::turns::Turns;
use crate::wire::{Fault, Reason, Version, Will};

/// What every connection of a door shares.
pub(crate) struct Shared {
    pub limits: Limits,
    pub authority: Arc<dyn Authority>,
    pub registry: Registry,
    pub hub: Arc<Hub>,
    pub sessions: Sessions,
    /// To the application.
    pub feed: Arc<Feed>,
    /// To the fan-out.
    pub relay: Arc<Feed>,
    pub stats: Arc<Stats>,
    pub numbers: AtomicU64,
    pub connects: Connects,
    /// Of TLS; thousands of devices come back at once.
    pub handshakes: Turns,
    /// Nobody is greeted any more.
    pub closing: CancellationToken,
}

/// Who is at the door, before it has said anything.
pub(crate) struct Caller {
    pub address: SocketAddr,
    pub plane: Plane,
    pub certificate: Option<Box<Certificate>>,
}

/// Bytes that wait to be written; above it, no more is encoded and no more is read.
const OUT_HIGH: usize = 64 * 1024;
/// A buffer that has grown above this is given back when it is empty.
const KEEP_BUFFER: usize = 1024;
/// What is still read from a socket when the door stops: more is not acknowledged anyway.
const DRAIN_BYTES: usize = 1 << 20;
/// A socket that brought nothing for so long is empty. The kernel may know of bytes that the
/// runtime has not heard of yet, so an empty read alone proves nothing.
const DRAIN_LOOK: Duration = Duration::from_millis(20);
/// A device that goes on talking is not waited for longer than so many looks.
const DRAIN_LOOKS: u32 = 10;

/// What the CONNECT settled.
struct Client {
    version: Version,
    id: Arc<str>,
    identity: Arc<Identity>,
    key: SessionKey,
    meter: Box<Meter>,
    /// After so long without a packet it is gone.
    silence: Option<Duration>,
    send_maximum: usize,
    maximum_packet_size: usize,
    /// Reason strings are wanted and fit.
    explain: bool,
    /// Seconds its session outlives the connection; what DISCONNECT says later replaces it.
    session_expiry_s: u32,
    longest_session_s: u32,
}

/// Why a connection ends.
#[derive(Debug)]
enum End {
    /// The peer or the network closed it.
    Gone,
    /// DISCONNECT; with or without the will.
    Goodbye { with_will: bool },
    /// The door closes it, with a reason.
    Closed(Reason, std::borrow::Cow<'static, str>),
    /// The door stops.
    Stopped,
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        End::Closed(fault.reason, fault.text.into())
    }
}

impl From<Denial> for End {
    fn from(denial: Denial) -> Self {
        End::Closed(denial.reason, denial.text)
    }
}

enum Reading {
    On,
    /// What is there already, then no more.
    Draining {
        left: usize,
        looks: u32,
        _done: mpsc::Sender<()>,
    },
    Off,
}

/// Deliveries with their feeds and weights.
type Waiting = VecDeque<(Arc<Feed>, Delivery, u32)>;

/// Deliveries that found their feed full; room is awaited for the first.
struct Blocked {
    waiting: Waiting,
    room: Pin<Box<dyn Future<Output = Result<(), Gone>> + Send>>,
}

/// What woke the task.
enum Step {
    Mail(Mail),
    Wrote,
    Room(Result<(), Gone>),
    Heard,
    Hangup,
    Tick,
    /// A device that spoke too fast may go on.
    Paid,
}

struct Connection<S> {
    stream: S,
    shared: Arc<Shared>,
    mailbox: Arc<Mailbox>,
    number: u64,
    client: Client,
    will: Option<Will>,
    session: Session,
    /// If the session outlives the connection.
    kept: Option<Box<kept::Kept>>,
    reading: Reading,
    /// The beginning of a packet that has not come in full.
    carry: BytesMut,
    /// Whole packets that were read and not yet heard.
    rest: Bytes,
    memory: hear::Memory,
    answers: answer::Answers,
    blocked: Option<Box<Blocked>>,
    out: BytesMut,
    /// What was written may still stand in the stream's own buffer, as inside TLS.
    unflushed: bool,
    /// It spoke too fast: what it owes, and when that is worth looking at.
    debt: Debt,
    pause: Option<Pin<Box<Sleep>>>,
    queue: VecDeque<Queued>,
    heard: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    finishing: bool,
    /// When a draining socket was looked at last.
    looked: Instant,
}

/// Serves one accepted socket until it ends.
pub(crate) async fn serve<S>(mut stream: S, caller: Caller, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let number = shared.numbers.fetch_add(1, Ordering::Relaxed) + 1;
    // boxed, like the end: what they need must not weigh on the long time between
    let Some(greeted) = Box::pin(greet::greet(&mut stream, caller, number, &shared)).await else {
        return;
    };
    let present = leave::Present::enter(&shared, &greeted, number);
    let mut connection = Connection {
        stream,
        mailbox: greeted.mailbox,
        number,
        client: greeted.client,
        will: greeted.will,
        session: greeted.session,
        kept: greeted.durable.map(kept::Kept::new),
        reading: Reading::On,
        carry: BytesMut::new(),
        rest: greeted.rest,
        memory: hear::Memory::default(),
        answers: answer::Answers::default(),
        blocked: None,
        out: greeted.out,
        unflushed: false,
        debt: Debt::default(),
        pause: None,
        queue: VecDeque::new(),
        heard: Instant::now(),
        timer: None,
        finishing: false,
        looked: Instant::now(),
        shared,
    };
    if greeted.present {
        connection.review();
    }
    connection.speak();
    let end = connection.run().await;
    Box::pin(connection.end(end, present)).await;
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    async fn run(&mut self) -> End {
        self.set_timer(self.client.silence);
        let mut result = self.hear();
        loop {
            if let Err(end) = result {
                return end;
            }
            if self.finishing && self.answers.is_empty() && self.blocked.is_none() && self.nothing_held() {
                return End::Stopped;
            }
            result = match poll_fn(|context| self.poll(context)).await {
                Step::Mail(mail) => self.take_mail(mail),
                Step::Wrote => {
                    self.speak();
                    Ok(())
                }
                Step::Room(room) => self.unblock(room),
                Step::Heard => self.hear(),
                Step::Hangup => Err(End::Gone),
                Step::Tick => self.tick(),
                Step::Paid => {
                    self.pay();
                    Ok(())
                }
            };
        }
    }

    /// What happens next: letters first, since they free what the rest waits for.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Step> {
        let room = self.out.len() < OUT_HIGH && self.queue.is_empty();
        if let Poll::Ready(mail) = self.mailbox.poll(context, room) {
            return Poll::Ready(Step::Mail(mail));
        }
        if !self.out.is_empty() {
            match stream::poll_write(&mut self.stream, context, &mut self.out) {
                Poll::Ready(Ok(written)) => {
                    self.shared.stats.bytes_out.add(written as u64);
                    self.unflushed = true;
                    return Poll::Ready(Step::Wrote);
                }
                Poll::Ready(Err(_)) => return Poll::Ready(Step::Hangup),
                Poll::Pending => {}
            }
        }
        if self.unflushed {
            match Pin::new(&mut self.stream).poll_flush(context) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(_)) => return Poll::Ready(Step::Hangup),
                Poll::Pending => {}
            }
        }
        if let Some(pause) = &mut self.pause
            && pause.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Step::Paid);
        }
        if let Some(blocked) = &mut self.blocked
            && let Poll::Ready(room) = blocked.room.as_mut().poll(context)
        {
            return Poll::Ready(Step::Room(room));
        }
        if let Poll::Ready(step) = self.poll_read(context) {
            return Poll::Ready(step);
        }
        match &mut self.timer {
            Some(timer) => timer.as_mut().poll(context).map(|()| Step::Tick),
            None => Poll::Pending,
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Step> {
        let may = self.blocked.is_none() && self.rest.is_empty() && self.out.len() < OUT_HIGH && !self.is_behind();
        if !may || self.pause.is_some() || matches!(self.reading, Reading::Off) {
            return Poll::Pending;
        }
        let max = self.shared.limits.max_packet_bytes;
        let (carry, rest) = (&mut self.carry, &mut self.rest);
        match stream::poll_read(&mut self.stream, context, carry, rest, max) {
            Poll::Ready(Ok(0)) | Poll::Ready(Err(_)) => Poll::Ready(Step::Hangup),
            Poll::Ready(Ok(read)) => {
                self.shared.stats.bytes_in.add(read as u64);
                self.debt.bytes = self.debt.bytes.saturating_add(u32::try_from(read).unwrap_or(u32::MAX));
                if let Reading::Draining { left, .. } = &mut self.reading {
                    *left = left.saturating_sub(read);
                    if *left == 0 {
                        self.reading = Reading::Off;
                    }
                }
                Poll::Ready(Step::Heard)
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn take_mail(&mut self, mail: Mail) -> Result<(), End> {
        self.queue.extend(mail.queued);
        for settled in mail.settled {
            self.settle(settled);
        }
        self.release_stored(mail.stored);
        self.answer();
        self.speak();
        match mail.order {
            None => {}
            Some(Order::Close(reason, text)) => return Err(End::Closed(reason, text.into())),
            Some(Order::Drain(done)) => {
                self.reading = Reading::Draining { left: DRAIN_BYTES, looks: DRAIN_LOOKS, _done: done };
                self.set_timer(Some(DRAIN_LOOK));
                self.looked = Instant::now();
            }
            Some(Order::Finish) => {
                self.reading = Reading::Off;
                self.finishing = true;
                self.set_timer(Some(self.shared.limits.drain_timeout));
            }
        }
        // acknowledgements may have made room for packets that were held back
        if self.rest.is_empty() { Ok(()) } else { self.hear() }
    }

    fn unblock(&mut self, room: Result<(), Gone>) -> Result<(), End> {
        let Some(blocked) = self.blocked.take() else {
            return Ok(());
        };
        if room.is_err() {
            let text = "messages are not taken at the moment";
            return Err(End::Closed(Reason::SERVER_BUSY, text.into()));
        }
        let mut waiting = blocked.waiting;
        if let Some((feed, delivery, weight)) = waiting.pop_front() {
            feed.put(delivery, weight);
        }
        self.hand_on(waiting);
        self.hear()
    }

    fn tick(&mut self) -> Result<(), End> {
        if self.finishing {
            return Err(End::Stopped);
        }
        if let Reading::Draining { looks, .. } = &mut self.reading {
            // what the intake has no room for yet still has to be heard
            let busy = self.blocked.is_some() || !self.rest.is_empty();
            *looks -= u32::from(!busy);
            let quiet = !busy && self.heard < self.looked;
            if quiet || *looks == 0 {
                self.reading = Reading::Off;
            } else {
                self.looked = Instant::now();
                self.set_timer(Some(DRAIN_LOOK));
                return Ok(());
            }
        }
        let Some(silence) = self.client.silence else {
            self.timer = None;
            return Ok(());
        };
        let now = Instant::now();
        let we_do_not_read = self.blocked.is_some()
            || self.pause.is_some()
            || !self.rest.is_empty()
            || !matches!(self.reading, Reading::On);
        if we_do_not_read {
            self.heard = now;
        }
        let left = silence.saturating_sub(now - self.heard);
        if left.is_zero() {
            let text = "nothing heard within the keep-alive";
            return Err(End::Closed(Reason::KEEP_ALIVE_TIMEOUT, text.into()));
        }
        self.set_timer(Some(left));
        Ok(())
    }

    fn set_timer(&mut self, after: Option<Duration>) {
        match (&mut self.timer, after) {
            (timer, None) => *timer = None,
            (Some(timer), Some(after)) => timer.as_mut().reset(Instant::now() + after),
            (timer, Some(after)) => *timer = Some(Box::pin(tokio::time::sleep(after))),
        }
    }
}

impl<S> Connection<S> {
    /// Pays for what was heard, or listens to nothing more until it can be paid.
    fn pay(&mut self) {
        let was_waiting = self.pause.is_some();
        let wait = self.client.meter.pay(&mut self.debt);
        if wait.is_some() && !was_waiting {
            self.shared.stats.throttled.add(1);
        }
        self.pause = wait.map(|wait| Box::pin(tokio::time::sleep(wait)));
    }

    /// How the fan-out knows this connection's session.
    fn subscriber(&self) -> Subscriber {
        match &self.kept {
            Some(kept) => Subscriber { number: kept.session.number, to: To::Session(kept.session.clone()) },
            None => Subscriber { number: self.number, to: To::Connection(self.mailbox.clone()) },
        }
    }
}
