//! Devices: who may speak for which stations. A secret is 32 random bytes, shown once; the store keeps its SHA-256.

use crate::store::audit::Draft;
use crate::store::{Store, StoreError};
use rand::Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Length of a secret, bytes.
const SECRET_BYTES: usize = 32;

/// A device as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The name it logs in with.
    pub username: String,
    /// SHA-256 of its secret.
    pub digest: [u8; 32],
    /// The stations it speaks for.
    pub stations: Vec<String>,
    /// When it was added, milliseconds since 1970.
    pub created: i64,
    /// When it was revoked, milliseconds since 1970.
    pub revoked: Option<i64>,
    /// The name in its certificate, where it logs in with one.
    pub certificate: Option<String>,
}

/// What is asked about devices, from the command line or over the control socket.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Lets a new device speak for stations.
    Add {
        /// The stations.
        stations: Vec<String>,
        /// The name in its certificate, where it logs in with one instead of a secret.
        #[serde(default)]
        certificate: Option<String>,
        /// The time, milliseconds since 1970.
        now: i64,
    },
    /// Lists all devices.
    List,
    /// Takes a device's word away, at once.
    Revoke {
        /// Which device.
        username: String,
        /// The time, milliseconds since 1970.
        now: i64,
    },
    /// Gives a device a new secret; the old one ends at once.
    Rotate {
        /// Which device.
        username: String,
    },
}

/// Who must learn at once that a device was changed.
pub struct Doorkeeper {
    /// Whom the door knows.
    pub devices: Devices,
    /// Cuts the connections of a device.
    pub cut: Box<dyn Fn(&str) + Send + Sync>,
}

impl std::fmt::Debug for Doorkeeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Doorkeeper").field("devices", &self.devices).finish_non_exhaustive()
    }
}

impl Request {
    /// Whose connections are cut when it is done: a secret that has ended must not go on speaking.
    pub fn cuts(&self) -> Option<&str> {
        match self {
            Request::Revoke { username, .. } | Request::Rotate { username } => Some(username),
            Request::Add { .. } | Request::List => None,
        }
    }
}

/// A device in a list. Its secret is nowhere.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Listed {
    /// The name it logs in with.
    pub username: String,
    /// The stations it speaks for.
    pub stations: Vec<String>,
    /// When it was added, milliseconds since 1970.
    pub created: i64,
    /// When it was revoked, milliseconds since 1970.
    pub revoked: Option<i64>,
    /// The name in its certificate, where it logs in with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

/// The answer to a [`Request`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A device with its secret, shown this once.
    Credentials {
        /// The name it logs in with.
        username: String,
        /// The secret.
        password: String,
    },
    /// A device that logs in with its certificate.
    Certified {
        /// Its name.
        username: String,
        /// The name in its certificate.
        certificate: String,
    },
    /// All devices.
    Devices(Vec<Listed>),
    /// The device has no word any more.
    Revoked,
    /// It was not done.
    Refused {
        /// Why, and what to do instead.
        reason: String,
    },
}

impl std::fmt::Debug for Answer {
    /// Never shows a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Answer::Credentials { username, .. } => {
                f.debug_struct("Credentials").field("username", username).finish_non_exhaustive()
            }
            Answer::Certified { username, .. } => f.debug_tuple("Certified").field(username).finish(),
            Answer::Devices(devices) => f.debug_tuple("Devices").field(devices).finish(),
            Answer::Revoked => f.write_str("Revoked"),
            Answer::Refused { reason } => f.debug_struct("Refused").field("reason", reason).finish(),
        }
    }
}

/// Does what is asked, in the store; where it is done, the audit has its word in the same commit. The draft of a device
/// that is new names nobody yet: its name is made here.
///
/// # Errors
/// The store cannot be written.
pub fn execute(store: &mut Store, request: &Request, audit: Option<Draft>) -> Result<Answer, StoreError> {
    let unknown = |username: &str| Answer::Refused {
        reason: format!("no device {username:?} has a word; `bongsu devices list` names them"),
    };
    match request {
        Request::Add { certificate: Some(name), .. } if bound(store, name)? => Ok(Answer::Refused {
            reason: format!("a device already logs in with the certificate of {name:?}; revoke it first"),
        }),
        Request::Add { stations, now, certificate } => {
            let (password, digest) = secret();
            let mut tail = [0; 3];
            rand::rng().fill_bytes(&mut tail);
            let first = stations.first().map_or("device", String::as_str);
            let username = format!("{first}-{}", hex(&tail));
            let device = Device {
                username: username.clone(),
                digest,
                stations: stations.clone(),
                created: *now,
                revoked: None,
                certificate: certificate.clone(),
            };
            let audit = audit.map(|draft| Draft { subject: username.clone(), ..draft });
            store.put_device(&device, audit)?;
            // Nobody is told the secret of a device with a certificate, so nobody can use it.
            Ok(match certificate.clone() {
                Some(certificate) => Answer::Certified { username, certificate },
                None => Answer::Credentials { username, password },
            })
        }
        Request::List => {
            let listed = |device: Device| Listed {
                username: device.username,
                stations: device.stations,
                created: device.created,
                revoked: device.revoked,
                certificate: device.certificate,
            };
            Ok(Answer::Devices(store.devices()?.into_iter().map(listed).collect()))
        }
        Request::Revoke { username, now } => match active(store, username)? {
            None => Ok(unknown(username)),
            Some(device) => {
                store.put_device(&Device { revoked: Some(*now), ..device }, audit)?;
                Ok(Answer::Revoked)
            }
        },
        Request::Rotate { username } => match active(store, username)? {
            None => Ok(unknown(username)),
            Some(Device { certificate: Some(name), .. }) => Ok(Answer::Refused {
                reason: format!("{username} logs in with the certificate of {name:?}; give it a new certificate"),
            }),
            Some(device) => {
                let (password, digest) = secret();
                store.put_device(&Device { digest, ..device }, audit)?;
                Ok(Answer::Credentials { username: username.clone(), password })
            }
        },
    }
}

/// Whether a device with a word logs in with the certificate of this name.
fn bound(store: &Store, name: &str) -> Result<bool, StoreError> {
    let is_it = |device: &Device| device.revoked.is_none() && device.certificate.as_deref() == Some(name);
    Ok(store.devices()?.iter().any(is_it))
}

fn active(store: &Store, username: &str) -> Result<Option<Device>, StoreError> {
    Ok(store.devices()?.into_iter().find(|device| device.username == username && device.revoked.is_none()))
}

/// A new secret and its digest.
fn secret() -> (String, [u8; 32]) {
    let mut bytes = [0; SECRET_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    let password = hex(&bytes);
    let digest = digest(password.as_bytes());
    (password, digest)
}

fn digest(password: &[u8]) -> [u8; 32] {
    Sha256::digest(password).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The devices that have a word now: what the door asks.
#[derive(Clone, Debug, Default)]
pub struct Devices(Arc<RwLock<Known>>);

#[derive(Debug, Default)]
struct Known {
    by_name: HashMap<String, Arc<Device>>,
    by_certificate: HashMap<String, Arc<Device>>,
}

impl Devices {
    /// Takes up what the store knows.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn refresh(&self, store: &Store) -> Result<(), StoreError> {
        let devices = store.devices()?.into_iter().filter(|device| device.revoked.is_none()).map(Arc::new);
        let mut known = Known::default();
        for device in devices {
            if let Some(certificate) = &device.certificate {
                known.by_certificate.insert(certificate.clone(), device.clone());
            }
            known.by_name.insert(device.username.clone(), device);
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    /// The device that these credentials are of.
    pub fn recognise(&self, username: &str, password: &[u8]) -> Option<Arc<Device>> {
        let device = self.0.read().unwrap_or_else(PoisonError::into_inner).by_name.get(username).cloned()?;
        let given = digest(password);
        // Over all bytes, so that the time it takes tells nothing; what is compared are digests anyway.
        let differs = given.iter().zip(&device.digest).fold(0, |so_far, (a, b)| so_far | (a ^ b));
        (differs == 0).then_some(device)
    }

    /// Whether a device is called like this.
    pub fn knows(&self, username: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_name.contains_key(username)
    }

    /// The device whose certificate has one of these names.
    pub fn certified(&self, names: &[String]) -> Option<Arc<Device>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        names.iter().find_map(|name| known.by_certificate.get(name).cloned())
    }
}
