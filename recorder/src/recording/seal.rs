//! Seals: a digest that stands inside the bytes it covers, so that a file can be checked without any other.
//!
//! The digest is BLAKE3 of the bytes with the seal's own 64 digits taken as zeros. A marker says where the digits are.

use std::ops::Range;

use super::RecordingError;
use super::error::{Place, one_line};

/// Digits of a seal: BLAKE3 in hexadecimal.
const DIGITS: usize = 64;

/// The digits of a seal that is still to be made.
pub(super) const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A seal that does not fit its bytes.
#[derive(Debug)]
pub(super) struct Broken {
    expected: String,
    found: String,
}

impl Broken {
    /// The same as an error at `place`.
    pub(super) fn at(self, place: Place) -> RecordingError {
        RecordingError::Digest { place, expected: one_line(&self.expected), found: self.found }
    }
}

/// Puts the digest behind the last `marker` in `bytes`, over the 64 bytes there, and returns it; nothing without a marker.
pub(super) fn seal(bytes: &mut [u8], marker: &[u8]) -> Option<String> {
    let digits = digits(bytes, marker)?;
    bytes[digits.clone()].copy_from_slice(BLANK.as_bytes());
    let digest = blake3::hash(bytes).to_hex().to_string();
    bytes[digits].copy_from_slice(digest.as_bytes());
    Some(digest)
}

/// Whether `bytes` have a seal behind `marker`; an error where it is broken.
pub(super) fn check(bytes: &[u8], marker: &[u8]) -> Result<bool, Broken> {
    let Some(digits) = digits(bytes, marker) else { return Ok(false) };
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bytes[..digits.start]).update(BLANK.as_bytes()).update(&bytes[digits.end..]);
    let found = hasher.finalize().to_hex();
    if found.as_bytes() == &bytes[digits.clone()] {
        return Ok(true);
    }
    let expected = String::from_utf8_lossy(&bytes[digits]).into_owned();
    Err(Broken { expected, found: found.to_string() })
}

/// Where the digits behind the last `marker` stand. The last, because what is sealed may quote the marker.
fn digits(bytes: &[u8], marker: &[u8]) -> Option<Range<usize>> {
    let start = bytes.windows(marker.len()).rposition(|window| window == marker)? + marker.len();
    (start + DIGITS <= bytes.len()).then_some(start..start + DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_sealed_bytes_shows() {
        let mut bytes = format!("head seal={BLANK} tail").into_bytes();
        assert!(check(&bytes, b"seal=").is_err(), "blank");
        seal(&mut bytes, b"seal=");
        assert!(check(&bytes, b"seal=").unwrap());
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // In the marker itself the seal disappears, which the reader takes for damage where there must be one.
            let in_marker = (5..10).contains(&(bit / 8));
            assert_eq!(check(&flipped, b"seal=").ok(), in_marker.then_some(false), "bit {bit}");
        }
    }

    #[test]
    fn a_quoted_marker_is_not_the_seal() {
        let mut bytes = format!("seal=short, command --x seal={BLANK}, seal={BLANK}").into_bytes();
        seal(&mut bytes, b"seal=");
        assert!(check(&bytes, b"seal=").unwrap());
        assert!(bytes.starts_with(format!("seal=short, command --x seal={BLANK}").as_bytes()));
        assert!(!check(b"seal=12", b"seal=").unwrap() && !check(b"", b"seal=").unwrap());
    }
}
