//! Values that must never be shown: passwords, tokens, keys.
//!
//! Each secret key also exists as `KEY_file` (`BONGSU_SECTION__KEY_FILE`), because a file can be given to one process
//! only, while the environment and a configuration file travel further than meant.

use super::Layers;
use bongsu_sensors::document::{FromNode, Node, Reader};
use std::fmt;
use std::path::{Path, PathBuf};

/// Most bytes of a secret; a longer file is not what was meant.
const LONGEST: usize = 16 * 1024;

/// A value that is never shown, neither by `Debug` nor by `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value itself: only where it is used.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Reads the secret of a key, or of the file that `file_key` names; `None` where neither is there or a mistake was
    /// told.
    pub fn read(section: &Reader<'_>, key: &'static str, file_key: &'static str, layers: &Layers) -> Option<Secret> {
        let typed = section.located::<Secret>(key);
        let Some(file) = section.located::<PathBuf>(file_key) else { return typed.map(|typed| typed.value) };
        if typed.is_some() {
            let wrong = format!("both `{key}` and `{file_key}` are given");
            section.mistakes().add(&file.origin, wrong, "leave one of them out");
            return None;
        }
        match from_file(&layers.path(&file)) {
            Ok(secret) => Some(secret),
            Err(wrong) => {
                let wrong = format!("`{file_key}` {:?}: {wrong}", file.value);
                section.mistakes().add(&file.origin, wrong, "name a readable file that holds only the secret");
                None
            }
        }
    }
}

fn from_file(path: &Path) -> Result<Secret, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    // Editors end a file with a line break that is no part of the secret.
    let text = text.trim_end_matches(['\r', '\n']);
    match text.len() {
        0 => Err("is empty".into()),
        length if length > LONGEST => Err(format!("is longer than {LONGEST} bytes")),
        _ => Ok(Secret(text.to_owned())),
    }
}

impl FromNode for Secret {
    fn from_node(node: &Node) -> Result<Secret, String> {
        String::from_node(node).map(Secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}
