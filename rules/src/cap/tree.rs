//! XML as a tree of names and texts, for messages of strangers: bounded in size, depth and number of elements, without
//! document types and without entities but the five of XML itself, so nothing is expanded and nothing is fetched.

use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;

/// Bytes of the largest message read. Detailed outlines of a province take about one MiB.
pub const LONGEST_BYTES: usize = 4 << 20;

/// Elements inside one another: CAP has five, signatures some more.
const DEEPEST: usize = 32;

/// Elements in all.
const MOST: usize = 200_000;

/// Why a text is no XML that is taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Too big.
    #[error("it is larger than {LONGEST_BYTES} bytes, deeper than {DEEPEST} elements or has more than {MOST} of them")]
    TooLarge,
    /// It declares a document type.
    #[error("it declares a document type; leave <!DOCTYPE …> out")]
    Doctype,
    /// It uses an entity of its own.
    #[error("it uses the entity &{0};; only &amp; &lt; &gt; &quot; &apos; and numbers are taken")]
    Entity(String),
    /// Its letters cannot be read.
    #[error("it is neither UTF-8 nor ISO 8859-1; write it in UTF-8")]
    Encoding,
    /// It is no XML.
    #[error("it is no well-formed XML: {0}")]
    Malformed(String),
}

/// An element.
#[derive(Debug, Default)]
pub struct Node {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// All of its text, comments left out.
    pub text: String,
    /// What stands in it.
    pub children: Vec<Node>,
}

/// The text of a message: UTF-8, or ISO 8859-1 where it says so.
fn letters(bytes: &[u8]) -> Result<String, TreeError> {
    if bytes.len() > LONGEST_BYTES {
        return Err(TreeError::TooLarge);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).to_ascii_lowercase();
    let declaration = head.split("?>").next().unwrap_or_default();
    if declaration.contains("iso-8859-1") || declaration.contains("latin1") {
        return Ok(bytes.iter().map(|byte| char::from(*byte)).collect());
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| TreeError::Encoding)
}

/// Reads the one element a text consists of.
///
/// # Errors
/// No XML, or more of it than is taken.
pub fn read(bytes: &[u8]) -> Result<Node, TreeError> {
    let text = letters(bytes)?;
    let malformed = |error: &dyn std::fmt::Display| TreeError::Malformed(error.to_string());
    let mut reader = NsReader::from_str(&text);
    reader.config_mut().check_end_names = true;
    let mut open: Vec<Node> = Vec::new();
    let mut root = None;
    let mut count = 0;
    loop {
        let (resolved, event) = reader.read_resolved_event().map_err(|error| malformed(&error))?;
        match &event {
            Event::Start(start) | Event::Empty(start) => {
                count += 1;
                if count > MOST || open.len() >= DEEPEST {
                    return Err(TreeError::TooLarge);
                }
                if root.is_some() {
                    return Err(malformed(&"something stands behind its end"));
                }
                let namespace = match resolved {
                    ResolveResult::Bound(namespace) => namespace.0.to_owned(),
                    ResolveResult::Unbound => String::new(),
                    ResolveResult::Unknown(prefix) => return Err(malformed(&format!("unknown prefix {prefix:?}"))),
                };
                let name = start.local_name().as_ref().to_owned();
                open.push(Node { namespace, name, ..Node::default() });
            }
            Event::Text(said) => add(&mut open, &said.xml10_content())?,
            Event::CData(said) => add(&mut open, &said.xml10_content())?,
            Event::GeneralRef(entity) => {
                let letter = match entity.resolve_char_ref().map_err(|error| malformed(&error))? {
                    Some(letter) => letter,
                    None => known(&entity.xml10_content())?,
                };
                add(&mut open, letter.encode_utf8(&mut [0; 4]))?;
            }
            Event::DocType(_) => return Err(TreeError::Doctype),
            Event::Eof => return root.filter(|_| open.is_empty()).ok_or_else(|| malformed(&"it has no end")),
            Event::End(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
        if matches!(event, Event::End(_) | Event::Empty(_))
            && let Some(node) = open.pop()
        {
            match open.last_mut() {
                Some(parent) => parent.children.push(node),
                None => root = Some(node),
            }
        }
    }
}

fn known(entity: &str) -> Result<char, TreeError> {
    match entity {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        other => Err(TreeError::Entity(other.chars().take(32).collect())),
    }
}

fn add(open: &mut [Node], text: &str) -> Result<(), TreeError> {
    match open.last_mut() {
        Some(node) => node.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(TreeError::Malformed("text stands outside of its element".into())),
    }
    Ok(())
}
