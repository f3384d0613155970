//! Passwords: argon2id, worked on by few threads at once. A crowd that logs in waits, or is told to come back; it never
//! takes the memory and the cores that decide and speak.

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Passwords that are worked on at once: each takes [`MEMORY_KIB`] and a core for some tens of milliseconds.
const AT_ONCE: usize = 2;

/// Those that may wait for it.
const WAITING: usize = 32;

/// Memory and passes of one password.
///
/// # Source
/// OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, 2 passes, 1 lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// Shortest password.
///
/// # Source
/// NIST SP 800-63B rev. 4: at least 15 characters where the password is the only factor; 12 with the brake on guessing.
pub const SHORTEST: usize = 12;

/// Longest password: more is no better, and hashing it is work.
pub const LONGEST: usize = 256;

/// Too many log in at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowded;

/// The threads that work on passwords.
#[derive(Clone, Debug)]
pub struct Passwords {
    free: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    /// A hash of no password: an unknown name takes as long as a known one.
    nobody: Arc<str>,
}

fn argon2() -> Argon2<'static> {
    // The parameters are in range, by the test below.
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str) -> Option<String> {
    let salt = SaltString::generate(&mut OsRng);
    argon2().hash_password(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())
}

fn is_right(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Why a password is not good enough.
pub fn fault(username: &str, password: &str) -> Option<String> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Some(format!("a password has at least {SHORTEST} characters"));
    }
    if password.len() > LONGEST {
        return Some(format!("a password has at most {LONGEST} bytes"));
    }
    let first = password.chars().next();
    if password.chars().all(|letter| Some(letter) == first) || password.eq_ignore_ascii_case(username) {
        return Some("this password is the first that would be guessed".to_owned());
    }
    None
}

impl Default for Passwords {
    fn default() -> Passwords {
        let nobody = hash("nobody has this password").unwrap_or_default().into();
        Passwords { free: Arc::new(Semaphore::new(AT_ONCE)), waiting: Arc::default(), nobody }
    }
}

impl Passwords {
    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Crowded> {
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= WAITING {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(Crowded);
        }
        let (free, waiting) = (self.free.clone(), self.waiting.clone());
        // A task of its own: a client that hangs up leaves no place taken.
        let done = tokio::spawn(async move {
            let permit = free.acquire_owned().await;
            let done = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                work()
            });
            let done = done.await;
            waiting.fetch_sub(1, Ordering::AcqRel);
            done
        });
        done.await.ok().and_then(Result::ok).ok_or(Crowded)
    }

    /// The hash of a new password.
    ///
    /// # Errors
    /// Too many ask at once.
    pub async fn hash(&self, password: String) -> Result<String, Crowded> {
        self.work(move || hash(&password)).await?.ok_or(Crowded)
    }

    /// Whether it is the password of this hash. Without one it is not, and takes as long.
    ///
    /// # Errors
    /// Too many ask at once.
    pub async fn is_right(&self, password: String, hash: Option<String>) -> Result<bool, Crowded> {
        let nobody = self.nobody.clone();
        self.work(move || match hash {
            Some(hash) => is_right(&password, &hash),
            None => {
                let _ = is_right(&password, &nobody);
                false
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_recognised_and_its_hash_says_nothing() {
        assert!(Params::new(MEMORY_KIB, PASSES, 1, None).is_ok());
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse battery".into()).await.expect("hash");
        assert!(hash.starts_with("$argon2id$") && !hash.contains("horse"));
        let check = |password: &str, hash: Option<&str>| {
            let passwords = passwords.clone();
            let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
            async move { passwords.is_right(password, hash).await.expect("an answer") }
        };
        assert!(check("correct horse battery", Some(&hash)).await);
        assert!(!check("correct horse batterx", Some(&hash)).await);
        assert!(!check("nobody has this password", None).await);
        assert!(!check("anything", Some("no hash")).await);
    }

    #[test]
    fn the_first_guesses_are_no_passwords() {
        for bad in ["short", "aaaaaaaaaaaaaaa", "Administrator", &"x1".repeat(200)] {
            assert!(fault("administrator", bad).is_some(), "{bad}");
        }
        assert_eq!(fault("kim", "correct horse battery"), None);
        assert_eq!(
            fault("kim", "비가오면강물이불어난다"),
            Some(format!("a password has at least {SHORTEST} characters"))
        );
    }
}
