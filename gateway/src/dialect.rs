//! Devices that speak in their own way: from a message of a `[[source]]` to what a codec or a script makes of it.
//!
//! Scripts stand in files beside the catalog. They are read and compiled before anything starts; one that fails at run
//! time refuses the message it failed at.

use bongsu_broker::Message;
use bongsu_rules::decoder::{Decoder, Decoders};
use bongsu_sensors::catalog::StationIndex;
use bongsu_sensors::catalog::dialect::{Decode, Dialect};
use bongsu_sensors::codec::{self, Context, Decoded, Via, foreign, sparkplug};
use bongsu_sensors::{Catalog, Reason, Time};
use miette::{IntoDiagnostic, WrapErr, miette};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

/// Topics whose dialect is remembered; more are looked up each time.
const KNOWN_LIMIT: usize = 100_000;

/// The text of every script a catalog names, by the name it has there.
#[derive(Clone, Debug, Default)]
pub struct Scripts(Arc<BTreeMap<String, String>>);

impl Scripts {
    /// Reads and compiles what a catalog names; files stand beside it.
    ///
    /// # Errors
    /// A file that cannot be read, or the first mistake in it.
    pub fn read(beside: &Path, catalog: &Catalog) -> miette::Result<Scripts> {
        let folder = beside.parent().unwrap_or(Path::new(""));
        let decoders = Decoders::new();
        let mut texts = BTreeMap::new();
        for name in catalog.dialects.iter().filter_map(script_of) {
            let path = folder.join(name);
            let failed = || format!("failed to read {}, which a [[source]] names", path.display());
            let text = std::fs::read_to_string(&path).into_diagnostic().wrap_err_with(failed)?;
            decoders.compile(&text).map_err(|mistake| {
                let help = "a decoder ends in a map such as #{ river_stage: payload.u16_be(0) / 1000 }";
                miette!(help = help, "{}: {mistake}", path.display())
            })?;
            texts.insert(name.to_owned(), text);
        }
        Ok(Scripts(Arc::new(texts)))
    }
}

fn script_of(dialect: &Dialect) -> Option<&str> {
    match &dialect.decode {
        Decode::Script(name) => Some(name),
        Decode::Codec(_) => None,
    }
}

/// What is known of dialects while the program runs.
#[derive(Debug)]
pub struct Dialects {
    decoders: Decoders,
    scripts: HashMap<String, Decoder>,
    /// The place of the dialect of each topic seen so far.
    known: HashMap<Arc<str>, Option<usize>>,
    nodes: RefCell<sparkplug::Nodes>,
}

impl Dialects {
    /// Knows these scripts and nothing else yet.
    pub fn new(scripts: &Scripts) -> Dialects {
        let decoders = Decoders::new();
        let compiled = scripts.0.iter().filter_map(|(name, text)| Some((name.clone(), decoders.compile(text).ok()?)));
        let scripts = compiled.collect();
        Dialects { decoders, scripts, known: HashMap::new(), nodes: RefCell::default() }
    }

    /// The place of the dialect that serves a topic.
    pub fn of(&mut self, catalog: &Catalog, topic: &Arc<str>) -> Option<usize> {
        if let Some(known) = self.known.get(topic) {
            return *known;
        }
        let found = catalog.dialects.iter().position(|dialect| dialect.serves(topic));
        if self.known.len() < KNOWN_LIMIT {
            self.known.insert(topic.clone(), found);
        }
        found
    }

    /// Reads a message; answers the station its topic speaks for, where it names one.
    ///
    /// # Errors
    /// The topic speaks for a station that is not there.
    pub fn read(
        &self,
        catalog: &Catalog,
        dialect: usize,
        message: &Message,
        received: Time,
        out: &mut Decoded,
    ) -> Result<Option<StationIndex>, (Reason, String)> {
        let dialect = &catalog.dialects[dialect];
        let station = dialect.station_of(catalog, &message.topic).map_err(|name| {
            let remedy = "add it to the catalog, or to `stations` of its [[source]]";
            (Reason::UnknownStation, format!("no station {name:?}; {remedy}"))
        })?;
        let via = Via { dialect, topic: &message.topic, nodes: &self.nodes };
        // Where the topic names none, every field does.
        let context = Context { catalog, station: station.unwrap_or(StationIndex(0)), received, via: Some(via) };
        match &dialect.decode {
            Decode::Codec(name) => {
                if let Some(codec) = codec::named(name) {
                    (codec.decode)(&context, &message.payload, out);
                }
            }
            Decode::Script(name) => self.run(name, &context, message, out),
        }
        Ok(station)
    }

    fn run(&self, name: &str, context: &Context<'_>, message: &Message, out: &mut Decoded) {
        let Some(script) = self.scripts.get(name) else {
            let remedy = format!("{name} was not there when the catalog was taken up; restart bongsu");
            return out.refuse_all(Reason::Malformed, String::new(), remedy);
        };
        match self.decoders.run(script, &message.topic, &message.payload) {
            Ok(made) => {
                let values = made.values.into_iter().map(|(name, value)| (Cow::from(name), value));
                foreign::named(context, made.time, values, out);
            }
            Err(mistake) => out.refuse_all(Reason::Malformed, String::new(), format!("{name}: {mistake}")),
        }
    }
}
