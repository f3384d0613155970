//! One-time codes of an authenticator app (RFC 6238: SHA-1, six digits, thirty seconds).

use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use sha1::Sha1;

/// Length of a shared secret, bytes: that of the hash (RFC 4226 section 4).
const SECRET_BYTES: usize = 20;

/// How long a code is shown, seconds.
const STEP_SECONDS: i64 = 30;

/// Steps before and after the present one whose codes are taken: clocks differ, and typing takes a while.
const SLACK: i64 = 1;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new shared secret.
pub fn secret() -> Vec<u8> {
    let mut bytes = vec![0; SECRET_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// A secret as it is typed into an app.
pub fn base32(secret: &[u8]) -> String {
    let bits = secret.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    let letter = |five: &[u8]| {
        let value = five.iter().fold(0, |so_far, bit| so_far << 1 | bit) << (5 - five.len());
        char::from(BASE32[usize::from(value)])
    };
    bits.chunks(5).map(letter).collect()
}

/// What an app reads from a picture.
pub fn uri(secret: &[u8], username: &str) -> String {
    format!("otpauth://totp/Bongsu:{username}?secret={}&issuer=Bongsu", base32(secret))
}

fn code(secret: &[u8], step: i64) -> Option<u32> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).ok()?;
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest.last()? & 0x0f);
    let four: [u8; 4] = digest.get(offset..offset + 4)?.try_into().ok()?;
    Some((u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}

/// The step of a code that is right now and later than `taken`: no code is taken twice.
pub fn step_of(secret: &[u8], typed: &str, now_ms: i64, taken: i64) -> Option<i64> {
    let typed: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect();
    if typed.len() != 6 || !typed.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let typed: u32 = typed.parse().ok()?;
    let now = now_ms.div_euclid(1000).div_euclid(STEP_SECONDS);
    (now - SLACK..=now + SLACK).filter(|step| *step > taken).find(|step| code(secret, *step) == Some(typed))
}

/// The code an app shows: for tests and for those who have no app at hand.
#[cfg(test)]
pub fn shown(secret: &[u8], now_ms: i64) -> String {
    format!("{:06}", code(secret, now_ms.div_euclid(1000).div_euclid(STEP_SECONDS)).expect("code"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238 appendix B, cut to six digits.
        let secret = b"12345678901234567890";
        for (seconds, expected) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000_i64, "353130")] {
            assert_eq!(shown(secret, seconds * 1000), expected);
        }
        // RFC 4648.
        assert_eq!(base32(b"fooba"), "MZXW6YTB");
        assert_eq!(base32(b"foob"), "MZXW6YQ");
    }

    #[test]
    fn a_code_is_taken_once_and_only_near_its_time() {
        let secret = b"12345678901234567890";
        let step = step_of(secret, "287 082", 59_000, 0).expect("right");
        assert_eq!(step_of(secret, "287082", 59_000, step), None, "twice");
        assert_eq!(step_of(secret, "287082", 59_000 + 30_000, 0), Some(step), "a little late");
        assert_eq!(step_of(secret, "287082", 59_000 + 90_000, 0), None, "too late");
        for wrong in ["", "28708", "2870820", "28708x", "+87082", "000000"] {
            assert_eq!(step_of(secret, wrong, 59_000, 0), None, "{wrong}");
        }
    }
}
