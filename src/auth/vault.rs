//! The key vault: credentials of accounts, sealed with a key that is not in the database.
//!
//! What is sealed is bound to its place: moved to another account, or another field, it cannot be
//! opened.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;

use super::keys::Key;
use crate::entropy;
use crate::secret::Secret;

/// What is sealed begins with this, so that another way to seal can be told apart.
const VERSION: u8 = 1;
/// What the check value says once it is opened.
const CHECK: &str = "banyan data key check";
/// Where the check value is bound to.
const CHECK_PLACE: &str = "check";

/// Something sealed cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this data was sealed with another key, for another place, or is damaged")]
pub struct CannotOpen;

/// Seals and opens with one key.
pub struct Vault {
    key: LessSafeKey,
    fingerprints: hmac::Key,
}

impl Vault {
    /// A vault with this key.
    #[must_use]
    pub fn new(key: &Key) -> Self {
        let unbound = UnboundKey::new(&CHACHA20_POLY1305, key.bytes());
        let unbound = unbound.expect("a key of 32 bytes fits this algorithm");
        let fingerprints = hmac::Key::new(hmac::HMAC_SHA256, key.bytes());
        Self { key: LessSafeKey::new(unbound), fingerprints }
    }

    /// Seals a text for one place, such as `account-id/api_key`; hexadecimal digits.
    #[must_use]
    pub fn seal(&self, text: &Secret, place: &str) -> String {
        let nonce = entropy::bytes::<NONCE_LEN>();
        let mut data = text.expose().as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut data,
            )
            .expect("a credential is far shorter than the cipher's limit");
        hexadecimal([VERSION].iter().chain(&nonce).chain(&data))
    }

    /// Opens what was sealed for a place.
    ///
    /// # Errors
    /// When the key, the place or the data is another.
    pub fn open(&self, sealed: &str, place: &str) -> Result<Secret, CannotOpen> {
        let bytes = from_hexadecimal(sealed).ok_or(CannotOpen)?;
        let (version, rest) = bytes.split_first().ok_or(CannotOpen)?;
        if *version != VERSION {
            return Err(CannotOpen);
        }
        let (nonce, data) = rest.split_at_checked(NONCE_LEN).ok_or(CannotOpen)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CannotOpen)?;
        let mut data = data.to_vec();
        let opened = self.key.open_in_place(nonce, Aad::from(place.as_bytes()), &mut data);
        let opened = opened.map_err(|_| CannotOpen)?;
        std::str::from_utf8(opened).map(Secret::new).map_err(|_| CannotOpen)
    }

    /// A value that only this key opens; kept in the database to notice another key at once.
    #[must_use]
    pub fn check_value(&self) -> String {
        self.seal(&Secret::new(CHECK), CHECK_PLACE)
    }

    /// Says whether a check value was made with this key.
    #[must_use]
    pub fn knows(&self, check_value: &str) -> bool {
        self.open(check_value, CHECK_PLACE).is_ok_and(|text| text.expose() == CHECK)
    }

    /// Tells whether two texts are the same, without telling what they are; hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self, bytes: &[u8]) -> String {
        hexadecimal(hmac::sign(&self.fingerprints, bytes).as_ref())
    }
}

pub(super) fn hexadecimal<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> String {
    bytes.into_iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_with_its_key_at_its_place_alone() {
        let (vault, other) = (Vault::new(&Key::random()), Vault::new(&Key::random()));
        let sealed = vault.seal(&Secret::new("my-api-key"), "a/api_key");
        assert!(!sealed.contains("my-api-key"));
        assert_eq!(vault.open(&sealed, "a/api_key").unwrap().expose(), "my-api-key");
        assert_eq!(vault.open(&sealed, "b/api_key"), Err(CannotOpen));
        assert_eq!(other.open(&sealed, "a/api_key"), Err(CannotOpen));
        for broken in ["", "01", "zz", &sealed[2..], &sealed.replace('0', "1")] {
            assert_eq!(vault.open(broken, "a/api_key"), Err(CannotOpen), "{broken}");
        }
        assert_ne!(sealed, vault.seal(&Secret::new("my-api-key"), "a/api_key"));
    }

    #[test]
    fn another_key_is_noticed() {
        let (vault, other) = (Vault::new(&Key::random()), Vault::new(&Key::random()));
        assert!(vault.knows(&vault.check_value()) && !other.knows(&vault.check_value()));
        assert_eq!(vault.fingerprint(b"a"), vault.fingerprint(b"a"));
        assert_ne!(vault.fingerprint(b"a"), other.fingerprint(b"a"));
    }
}
