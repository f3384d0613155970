//! A CAP message as a value: every element of the standard, in its order, under its name.

use bongsu_sensors::Time;
use jiff::tz::TimeZone;
use std::fmt;

/// An enumeration of the standard, written exactly as its words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$word_doc])* $word),+ }

        impl $name {
            /// Every word, in the order of the standard.
            pub const ALL: &[$name] = &[$($name::$word),+];

            /// The word.
            pub const fn name(self) -> &'static str {
                match self { $($name::$word => stringify!($word)),+ }
            }

            /// The value of a word.
            pub fn named(text: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|word| word.name() == text)
            }
        }
    };
}

words! {
    /// Whether the message is meant.
    Status {
        /// It is meant.
        Actual,
        /// For those who exercise only.
        Exercise,
        /// For the network itself.
        System,
        /// A trial of the technology; to be disregarded.
        Test,
        /// Not to be acted on.
        Draft,
    }
}

words! {
    /// What the message is to earlier ones.
    MsgType {
        /// The first one.
        Alert,
        /// It replaces those it refers to.
        Update,
        /// It takes them back.
        Cancel,
        /// It says that they were received.
        Ack,
        /// It says that they were refused.
        Error,
    }
}

words! {
    /// For whom it is.
    Scope {
        /// Everybody.
        Public,
        /// Those whom `restriction` describes.
        Restricted,
        /// Those whom `addresses` lists.
        Private,
    }
}

words! {
    /// What sort of danger.
    Category {
        /// Geophysical.
        Geo,
        /// Meteorological, floods included.
        Met,
        /// Public safety.
        Safety,
        /// Law enforcement and security.
        Security,
        /// Rescue.
        Rescue,
        /// Fire.
        Fire,
        /// Health.
        Health,
        /// Environment.
        Env,
        /// Transport.
        Transport,
        /// Infrastructure.
        Infra,
        /// Chemical, biological, radiological, nuclear, explosive.
        CBRNE,
        /// Anything else.
        Other,
    }
}

words! {
    /// What people should do, as a word.
    ResponseType {
        /// Take shelter where you are.
        Shelter,
        /// Leave.
        Evacuate,
        /// Get ready.
        Prepare,
        /// Do what was planned.
        Execute,
        /// Keep away.
        Avoid,
        /// Watch and listen.
        Monitor,
        /// Judge it yourself (discouraged for the public).
        Assess,
        /// It is over.
        AllClear,
        /// Nothing is recommended.
        None,
    }
}

words! {
    /// How soon.
    Urgency {
        /// Now.
        Immediate,
        /// Within the hour.
        Expected,
        /// Later.
        Future,
        /// It is over.
        Past,
        /// Not known.
        Unknown,
    }
}

words! {
    /// How bad.
    Severity {
        /// Extraordinary threat to life or property.
        Extreme,
        /// Significant threat.
        Severe,
        /// Possible threat.
        Moderate,
        /// Minimal threat.
        Minor,
        /// Not known.
        Unknown,
    }
}

words! {
    /// How sure.
    Certainty {
        /// It has happened or is happening.
        Observed,
        /// More likely than not.
        Likely,
        /// Possible, not likely.
        Possible,
        /// Not expected.
        Unlikely,
        /// Not known.
        Unknown,
    }
}

/// A moment as CAP writes it: whole seconds and an offset, `-00:00` for UTC. The text is kept as it was written, because
/// a reference repeats it letter by letter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    text: String,
    time: Time,
}

impl Moment {
    /// Reads the standard's form of a time; `None` for any other, `Z` and fractions included.
    pub fn parse(text: &str) -> Option<Moment> {
        let shape = b"dddd-dd-ddTdd:dd:dd+dd:dd";
        let fits = |(at, want): (u8, &u8)| match want {
            b'd' => at.is_ascii_digit(),
            b'+' => matches!(at, b'+' | b'-'),
            _ => at == *want,
        };
        let is_shaped = text.len() == shape.len() && text.bytes().zip(shape).all(fits);
        let time = Time::parse(text).ok().filter(|_| is_shaped)?;
        Some(Moment { text: text.to_owned(), time })
    }

    /// A moment as a city's clocks show it, to the second.
    pub fn at(time: Time, zone: &TimeZone) -> Moment {
        let text = time.in_zone(zone);
        let time = Time::parse(&text).unwrap_or(time);
        Moment { text, time }
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The moment.
    pub fn time(&self) -> Time {
        self.time
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An earlier message, named as `sender,identifier,sent`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Who sent it.
    pub sender: String,
    /// Its identifier.
    pub identifier: String,
    /// When it was sent.
    pub sent: Moment,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{}", self.sender, self.identifier, self.sent)
    }
}

/// A name and its value: event codes, parameters, geocodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Whose code it is.
    pub name: String,
    /// The code.
    pub value: String,
}

impl Pair {
    /// A pair.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Pair {
        Pair { name: name.into(), value: value.into() }
    }
}

/// A whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Unique for its sender.
    pub identifier: String,
    /// Who says it, unique in the world.
    pub sender: String,
    /// When it was said.
    pub sent: Moment,
    /// Whether it is meant.
    pub status: Status,
    /// What it is to earlier ones.
    pub msg_type: MsgType,
    /// The operator or device behind it.
    pub source: Option<String>,
    /// For whom it is.
    pub scope: Scope,
    /// For whom a restricted one is.
    pub restriction: Option<String>,
    /// For whom a private one is.
    pub addresses: Option<String>,
    /// Codes of special handling.
    pub codes: Vec<String>,
    /// A remark for those who handle it.
    pub note: Option<String>,
    /// The earlier messages it replaces or takes back.
    pub references: Vec<Reference>,
    /// Names of incidents it belongs to.
    pub incidents: Option<String>,
    /// The same in each language.
    pub infos: Vec<Info>,
    /// It carries an XML signature. What it says of who signed is not judged here.
    pub is_signed: bool,
}

/// What is said, in one language.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// Its language; absent means `en-US`.
    pub language: Option<String>,
    /// What sort of danger.
    pub categories: Vec<Category>,
    /// The danger in a word.
    pub event: String,
    /// What people should do.
    pub response_types: Vec<ResponseType>,
    /// How soon.
    pub urgency: Urgency,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub certainty: Certainty,
    /// Who is meant.
    pub audience: Option<String>,
    /// Codes of the danger.
    pub event_codes: Vec<Pair>,
    /// Since when the message holds.
    pub effective: Option<Moment>,
    /// Since when the danger is there.
    pub onset: Option<Moment>,
    /// Until when the message holds.
    pub expires: Option<Moment>,
    /// Who says it, for people.
    pub sender_name: Option<String>,
    /// The danger in a line.
    pub headline: Option<String>,
    /// What is happening.
    pub description: Option<String>,
    /// What to do.
    pub instruction: Option<String>,
    /// A page that says more.
    pub web: Option<String>,
    /// Whom to ask.
    pub contact: Option<String>,
    /// More, for machines.
    pub parameters: Vec<Pair>,
    /// Pictures, sound, video.
    pub resources: Vec<Resource>,
    /// Where.
    pub areas: Vec<Area>,
}

/// A file that goes with the message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource {
    /// What it is.
    pub description: String,
    /// Its media type.
    pub mime_type: String,
    /// Bytes.
    pub size: Option<String>,
    /// Where it is.
    pub uri: Option<String>,
    /// Itself, in base 64.
    pub deref_uri: Option<String>,
    /// Its SHA-1.
    pub digest: Option<String>,
}

/// A place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Area {
    /// Its name for people.
    pub description: String,
    /// Its outlines: closed rings of (latitude, longitude).
    pub polygons: Vec<Vec<[f64; 2]>>,
    /// Centres (latitude, longitude) and radii in kilometres.
    pub circles: Vec<([f64; 2], f64)>,
    /// Its codes.
    pub geocodes: Vec<Pair>,
    /// Height above the sea, feet.
    pub altitude: Option<String>,
    /// Upper end of a range of heights.
    pub ceiling: Option<String>,
}

/// The language of an `info` that names none.
pub const DEFAULT_LANGUAGE: &str = "en-US";

impl Info {
    /// Its language.
    pub fn language(&self) -> &str {
        self.language.as_deref().unwrap_or(DEFAULT_LANGUAGE)
    }
}

impl Alert {
    /// How later messages refer to this one.
    pub fn reference(&self) -> Reference {
        Reference { sender: self.sender.clone(), identifier: self.identifier.clone(), sent: self.sent.clone() }
    }

    /// When the last of it ceases to hold.
    pub fn expires(&self) -> Option<Time> {
        self.infos.iter().filter_map(|info| info.expires.as_ref()).map(Moment::time).max()
    }
}
