//! A stand-in for InfluxDB 2, as far as an exporter meets it: the write API with its refusals, and the questions that
//! `bongsu archive verify` asks. Lines are read by InfluxData's own parser; what is written is kept as the real one
//! keeps it, one value for each series, field and time. It can be told to answer otherwise, or not at all.
//!
//! # Source
//! InfluxDB OSS v2 API: "Write data" (204, 400, 401, 404, 413, 422, 429, 503 and their bodies), "Query data".

use bongsu_sensors::Time;
use influxdb_line_protocol::{FieldValue, parse_lines};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What it lets in, and where to.
pub const TOKEN: &str = "s3cret-token";
/// The organisation it knows.
pub const ORG: &str = "city";
/// The bucket it knows.
pub const BUCKET: &str = "bongsu";

/// How long it says nothing: longer than any test waits.
const HANGING: Duration = Duration::from_secs(240);

/// What it does with a request to write instead of what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Does {
    /// It answers so.
    Answer(u16, &'static str),
    /// It is overloaded, and says for how many seconds it wants to be left alone.
    Busy(u16, u64),
    /// It takes the points, and the answer never arrives.
    TakeAndHang,
    /// It says nothing.
    Hang,
    /// It hangs up.
    HangUp,
}

/// A value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// A number.
    Number(f64),
    /// A whole number.
    Whole(i64),
    /// Text.
    Text(String),
}

/// Series as line protocol writes it, field, nanoseconds.
pub type Place = (String, String, i64);

#[derive(Debug, Default)]
struct State {
    held: BTreeMap<Place, Field>,
    /// Of which type each field of each series is.
    types: HashMap<(String, String), std::mem::Discriminant<Field>>,
    next: VecDeque<Does>,
    always: Option<Does>,
    largest: Option<usize>,
    requests: Vec<Instant>,
    /// How many requests were larger than it takes.
    too_large: usize,
    is_gone: bool,
}

/// A running one. Dropped, it stops listening.
#[derive(Debug)]
pub struct Influx {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Influx {
    /// Starts an empty one.
    pub fn start() -> Influx {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let state = Arc::new(Mutex::new(State::default()));
        let known = state.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                if lock(&known).is_gone {
                    break;
                }
                let state = known.clone();
                std::thread::spawn(move || serve(&socket, &state));
            }
        });
        Influx { address, state }
    }

    /// Its address as it is configured.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it does with the next requests to write, before it does as it should again.
    pub fn next(&self, does: impl IntoIterator<Item = Does>) {
        lock(&self.state).next.extend(does);
    }

    /// What it does with every request to write from now on; `None`: what it should.
    pub fn always(&self, does: Option<Does>) {
        lock(&self.state).always = does;
    }

    /// The most bytes it takes at once.
    pub fn takes_at_most(&self, bytes: usize) {
        lock(&self.state).largest = Some(bytes);
    }

    /// When it was asked to write.
    pub fn requests(&self) -> Vec<Instant> {
        lock(&self.state).requests.clone()
    }

    /// How many requests it refused because they were too large.
    pub fn too_large(&self) -> usize {
        lock(&self.state).too_large
    }

    /// What it holds.
    pub fn held(&self) -> BTreeMap<Place, Field> {
        lock(&self.state).held.clone()
    }

    /// How many values a measurement has, and their sum.
    pub fn values(&self, measurement: &str) -> (usize, f64) {
        let state = lock(&self.state);
        let values: Vec<f64> = numbers(&state, measurement, i64::MIN, i64::MAX).collect();
        (values.len(), values.iter().sum())
    }
}

impl Drop for Influx {
    fn drop(&mut self) {
        lock(&self.state).is_gone = true;
        // It looks up when somebody comes.
        let _ = TcpStream::connect(self.address);
    }
}

fn numbers(state: &State, measurement: &str, from: i64, to: i64) -> impl Iterator<Item = f64> {
    let begins = format!("{measurement},");
    state.held.iter().filter_map(move |((series, field, time), value)| match value {
        Field::Number(value) if field == "value" && series.starts_with(&begins) && (from..to).contains(time) => {
            Some(*value)
        }
        _ => None,
    })
}

/// A request as it came.
struct Request {
    path: String,
    query: BTreeMap<String, String>,
    token: Option<String>,
    body: String,
    is_last: bool,
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let target = line.split(' ').nth(1)?.to_owned();
    let (mut length, mut token, mut is_last) = (0, None, false);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "connection" => is_last = value.trim().eq_ignore_ascii_case("close"),
            "authorization" => token = value.trim().strip_prefix("Token ").map(str::to_owned),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = query.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Some(Request { path: path.to_owned(), query, token, body: String::from_utf8(body).ok()?, is_last })
}

fn serve(socket: &TcpStream, state: &Mutex<State>) {
    let _ = socket.set_read_timeout(Some(Duration::from_secs(60)));
    let mut reader = BufReader::new(socket);
    while let Some(request) = read(&mut reader) {
        let Some(answer) = answer(&request, state) else { return };
        if (&*socket).write_all(answer.as_bytes()).is_err() || request.is_last {
            return;
        }
    }
}

fn written(status: u16, more: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\n{more}\r\n{body}")
}

fn told(status: u16, code: &str, message: &str) -> String {
    let body = serde_json::json!({"code": code, "message": message}).to_string();
    written(status, "Content-Type: application/json\r\n", &body)
}

/// The answer; `None`: it hangs up.
fn answer(request: &Request, state: &Mutex<State>) -> Option<String> {
    if request.token.as_deref() != Some(TOKEN) {
        return Some(told(401, "unauthorized", "unauthorized access"));
    }
    if request.query.get("org").map(String::as_str) != Some(ORG) {
        return Some(told(404, "not found", "organization name not found"));
    }
    match request.path.as_str() {
        "/api/v2/write" => write(request, state),
        "/api/v2/query" => Some(query(&request.body, state)),
        _ => Some(told(404, "not found", "path not found")),
    }
}

fn write(request: &Request, state: &Mutex<State>) -> Option<String> {
    let mut known = lock(state);
    known.requests.push(Instant::now());
    let does = known.next.pop_front().or_else(|| known.always.clone());
    match does {
        Some(Does::Answer(status, message)) => return Some(told(status, "as told", message)),
        Some(Does::Busy(status, seconds)) => {
            return Some(written(status, &format!("Retry-After: {seconds}\r\n"), "{}"));
        }
        Some(Does::HangUp) => return None,
        Some(does @ (Does::Hang | Does::TakeAndHang)) => {
            if does == Does::TakeAndHang {
                let _ = take(request, &mut known);
            }
            drop(known);
            std::thread::sleep(HANGING);
            return None;
        }
        None => {}
    }
    if known.largest.is_some_and(|largest| request.body.len() > largest) {
        known.too_large += 1;
        return Some(told(413, "request too large", "cannot read data: points batch is too large"));
    }
    if request.query.get("bucket").map(String::as_str) != Some(BUCKET) {
        return Some(told(404, "not found", "bucket not found"));
    }
    Some(take(request, &mut known))
}

/// Takes points as the real one does: a line that cannot be read spoils the batch; a field of another type is left out
/// and told, and the rest is taken.
fn take(request: &Request, state: &mut State) -> String {
    if request.query.get("precision").map(String::as_str) != Some("ns") {
        return told(400, "invalid", "this stand-in reads nanoseconds only");
    }
    let parsed: Result<Vec<_>, _> = parse_lines(&request.body).collect();
    let lines = match parsed {
        Ok(lines) => lines,
        Err(wrong) => return told(400, "invalid", &format!("unable to parse: {wrong}")),
    };
    let mut conflict = None;
    for line in lines {
        let Some(time) = line.timestamp else { return told(400, "invalid", "a line without a time") };
        let series = line.series.to_string();
        for (name, value) in &line.field_set {
            let value = match value {
                FieldValue::F64(value) => Field::Number(*value),
                FieldValue::I64(value) => Field::Whole(*value),
                FieldValue::String(value) => Field::Text(value.to_string()),
                other => return told(400, "invalid", &format!("this stand-in does not know {other:?}")),
            };
            let place = (series.clone(), name.to_string(), time);
            let is = std::mem::discriminant(&value);
            if *state.types.entry((series.clone(), name.to_string())).or_insert(is) != is {
                conflict = Some(format!("failure writing points: partial write: field type conflict: {series} {name}"));
                continue;
            }
            state.held.insert(place, value);
        }
    }
    match conflict {
        Some(conflict) => told(422, "unprocessable entity", &conflict),
        None => written(204, "", ""),
    }
}

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, behind: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(behind).map(|(found, _)| found)
}

/// Answers how many values there are and what they sum up to, in annotated CSV, where it is asked just that.
fn query(flux: &str, state: &Mutex<State>) -> String {
    let question = || {
        let moment = |text: &str| Time::parse(text).ok().map(|time| time.millis() * 1_000_000);
        let range = between(flux, "range(start: ", ")")?;
        let (start, stop) = range.split_once(", stop: ")?;
        let bucket = between(flux, "from(bucket: \"", "\"")?;
        let measurement = between(flux, "r._measurement == \"", "\"")?;
        let asks = [
            "r._field == \"value\"",
            "|> group()",
            "|> count()",
            "|> sum()",
            "yield(name: \"count\")",
            "yield(name: \"sum\")",
        ];
        let understood = bucket == BUCKET && asks.iter().all(|part| flux.contains(part));
        Some((measurement.to_owned(), moment(start)?, moment(stop)?)).filter(|_| understood)
    };
    let Some((measurement, start, stop)) = question() else {
        return told(400, "invalid", "compilation failed: this stand-in does not know this question");
    };
    let values: Vec<f64> = numbers(&lock(state), &measurement, start, stop).collect();
    let mut csv = String::new();
    if !values.is_empty() {
        for (name, value) in
            [("count", f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX))), ("sum", values.iter().sum())]
        {
            csv.push_str(&format!(",result,table,_value\r\n,{name},0,{value}\r\n\r\n"));
        }
    }
    written(200, "Content-Type: text/csv\r\n", &csv)
}
