//! CAP 1.2, the Common Alerting Protocol of OASIS: the language in which warning systems speak to one another.
//!
//! [`model`] is a message as a value, [`mod@write`] makes XML of it and [`mod@read`] makes a value of XML, as strict as
//! the standard's schema. What the schema lets pass and is still wrong, [`mod@check`] finds. [`import`] decides whether
//! a message of somebody else may be believed, [`announced`] what it says of our stations. Nothing here knows what an
//! incident is.

pub mod announced;
pub mod check;
pub mod import;
pub mod model;
pub mod read;
mod tree;
pub mod write;

pub use check::{Fault, check};
pub use model::{Alert, Area, Info, Moment, Reference, Resource};
pub use read::{ReadError, read};
pub use write::write;

/// The namespace of CAP 1.2.
pub const NAMESPACE: &str = "urn:oasis:names:tc:emergency:cap:1.2";

/// The namespace of XML signatures, the only foreign one the schema allows.
pub const SIGNATURE_NAMESPACE: &str = "http://www.w3.org/2000/09/xmldsig#";

#[cfg(test)]
mod tests;
