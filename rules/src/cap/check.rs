//! What the schema lets pass and is still wrong: the rules that stand in the standard's prose, and those without which a
//! warning does not reach anybody.

use super::model::{Alert, Area, Info, Moment, MsgType, Reference, Scope};
use bongsu_sensors::Time;
use geo::Validation;

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A name that references could not carry.
    #[error("<{element}> {value:?} is empty or holds a space, a comma, < or &, which references cannot carry")]
    Name {
        /// Which element.
        element: &'static str,
        /// What it says.
        value: String,
    },
    /// An update or cancellation of nothing.
    #[error("an {0} must refer to the messages it replaces")]
    NoReferences(&'static str),
    /// A message of the chain that still holds is left standing.
    #[error("it must also refer to {0}, which has not expired")]
    LeftStanding(String),
    /// It refers to itself.
    #[error("it refers to itself")]
    RefersToItself,
    /// It refers to what was sent after it.
    #[error("it refers to {0}, which was sent after it")]
    RefersToLater(String),
    /// It says nothing.
    #[error("it has no <info>")]
    NoInfo,
    /// Two parts say the same thing in one language.
    #[error("there are two <info> in {0:?}; join their areas")]
    LanguageTwice(String),
    /// The languages say different things.
    #[error("every <info> must have the same {0}: they say the same in several languages")]
    Differs(&'static str),
    /// It never ends.
    #[error("the <info> in {0:?} has no <expires>")]
    NoExpires(String),
    /// Its times contradict one another.
    #[error("the <info> in {language:?} breaks sent ≤ effective ≤ onset ≤ expires: {earlier} is after {later}")]
    Order {
        /// In which language.
        language: String,
        /// What should be earlier.
        earlier: &'static str,
        /// What should be later.
        later: &'static str,
    },
    /// It is nowhere.
    #[error("the <info> in {0:?} has no <area> with a polygon, a circle or a geocode")]
    Nowhere(String),
    /// An outline that is none.
    #[error("a polygon of {area:?} {wrong}")]
    Polygon {
        /// Of which area.
        area: String,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// A circle that is none.
    #[error("a circle of {0:?} lies outside the earth or has no radius")]
    Circle(String),
    /// Markup instead of text.
    #[error("<{0}> holds HTML; CAP carries text")]
    Html(&'static str),
    /// It says to whom, and not.
    #[error("scope {scope} needs <{needs}>")]
    Scope {
        /// Its scope.
        scope: &'static str,
        /// What it lacks.
        needs: &'static str,
    },
}

/// Everything that is wrong with a message by itself.
pub fn check(alert: &Alert) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (element, value) in [("identifier", &alert.identifier), ("sender", &alert.sender)] {
        let breaks = |letter: char| letter.is_whitespace() || matches!(letter, ',' | '<' | '&');
        if value.is_empty() || value.contains(breaks) {
            faults.push(Fault::Name { element, value: value.clone() });
        }
    }
    let needs = match alert.scope {
        Scope::Public => None,
        Scope::Restricted => alert.restriction.as_ref().is_none_or(String::is_empty).then_some("restriction"),
        Scope::Private => alert.addresses.as_ref().is_none_or(String::is_empty).then_some("addresses"),
    };
    faults.extend(needs.map(|needs| Fault::Scope { scope: alert.scope.name(), needs }));
    references(alert, &mut faults);
    let must_say = matches!(alert.msg_type, MsgType::Alert | MsgType::Update);
    if must_say && alert.infos.is_empty() {
        faults.push(Fault::NoInfo);
    }
    for (at, info) in alert.infos.iter().enumerate() {
        let same = |other: &Info| other.language().eq_ignore_ascii_case(info.language());
        if alert.infos[..at].iter().any(same) {
            faults.push(Fault::LanguageTwice(info.language().to_owned()));
        }
        self::info(alert, info, &mut faults);
    }
    if let Some((first, others)) = alert.infos.split_first() {
        if others.iter().any(|info| info.categories != first.categories) {
            faults.push(Fault::Differs("category"));
        }
        if others.iter().any(|info| info.event_codes != first.event_codes) {
            faults.push(Fault::Differs("eventCode"));
        }
    }
    faults
}

/// What is wrong with a message as the next one of a chain: each earlier message with the moment it expires.
pub fn check_chain(alert: &Alert, earlier: &[(Reference, Time)]) -> Vec<Fault> {
    let at = alert.sent.time();
    let standing = earlier.iter().filter(|(reference, expires)| *expires > at && !alert.references.contains(reference));
    standing.map(|(reference, _)| Fault::LeftStanding(reference.identifier.clone())).collect()
}

fn references(alert: &Alert, faults: &mut Vec<Fault>) {
    if alert.references.is_empty() && matches!(alert.msg_type, MsgType::Update | MsgType::Cancel) {
        faults.push(Fault::NoReferences(alert.msg_type.name()));
    }
    for reference in &alert.references {
        if reference.sender == alert.sender && reference.identifier == alert.identifier {
            faults.push(Fault::RefersToItself);
        } else if reference.sent.time() > alert.sent.time() {
            faults.push(Fault::RefersToLater(reference.identifier.clone()));
        }
    }
}

fn info(alert: &Alert, info: &Info, faults: &mut Vec<Fault>) {
    let language = info.language().to_owned();
    if info.expires.is_none() {
        faults.push(Fault::NoExpires(language.clone()));
    }
    let times = [
        ("sent", Some(&alert.sent)),
        ("effective", info.effective.as_ref()),
        ("onset", info.onset.as_ref()),
        ("expires", info.expires.as_ref()),
    ];
    let times: Vec<(&'static str, &Moment)> =
        times.into_iter().filter_map(|(name, moment)| Some((name, moment?))).collect();
    for pair in times.windows(2) {
        let [(earlier, first), (later, second)] = [pair[0], pair[1]];
        if first.time() > second.time() {
            faults.push(Fault::Order { language: language.clone(), earlier, later });
        }
    }
    let somewhere = |area: &Area| !area.polygons.is_empty() || !area.circles.is_empty() || !area.geocodes.is_empty();
    if !info.areas.iter().any(somewhere) {
        faults.push(Fault::Nowhere(language));
    }
    info.areas.iter().for_each(|area| outlines(area, faults));
    let texts = [
        ("event", Some(&info.event)),
        ("headline", info.headline.as_ref()),
        ("description", info.description.as_ref()),
        ("instruction", info.instruction.as_ref()),
    ];
    let marked = texts.into_iter().filter(|(_, text)| text.is_some_and(|text| has_markup(text)));
    faults.extend(marked.map(|(name, _)| Fault::Html(name)));
}

fn is_on_earth([latitude, longitude]: &[f64; 2]) -> bool {
    (-90.0..=90.0).contains(latitude) && (-180.0..=180.0).contains(longitude)
}

fn outlines(area: &Area, faults: &mut Vec<Fault>) {
    for polygon in &area.polygons {
        let wrong = if polygon.len() < 4 {
            Some("has fewer than four points")
        } else if !polygon.iter().all(is_on_earth) {
            Some("lies outside the earth")
        } else if polygon.first() != polygon.last() {
            Some("is not closed: its last point is not its first")
        } else if is_crossed(polygon) {
            Some("crosses itself or encloses nothing")
        } else {
            None
        };
        faults.extend(wrong.map(|wrong| Fault::Polygon { area: area.description.clone(), wrong }));
    }
    let circles = area.circles.iter().filter(|(centre, radius)| !is_on_earth(centre) || *radius < 0.0);
    faults.extend(circles.map(|_| Fault::Circle(area.description.clone())));
}

fn is_crossed(polygon: &[[f64; 2]]) -> bool {
    let line = polygon.iter().map(|[latitude, longitude]| (*longitude, *latitude)).collect();
    !geo::Polygon::new(line, Vec::new()).is_valid()
}

/// Tags that people paste from web pages.
const TAGS: [&str; 24] = [
    "a", "b", "br", "div", "em", "font", "h1", "h2", "h3", "hr", "i", "img", "li", "ol", "p", "pre", "script", "span",
    "strong", "table", "td", "tr", "u", "ul",
];

/// Tags and entities of HTML, not a comparison such as `3 < 5` nor a name in angle brackets.
fn has_markup(text: &str) -> bool {
    let after = |mark: char| text.match_indices(mark).map(|(at, _)| &text[at + 1..]);
    let tag = |rest: &str| {
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
        TAGS.contains(&name.to_ascii_lowercase().as_str()) && rest.contains('>')
    };
    let entity = |rest: &str| {
        let name: String = rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '#').collect();
        !name.is_empty() && name.len() <= 8 && rest[name.len()..].starts_with(';')
    };
    after('<').any(tag) || after('&').any(entity)
}
