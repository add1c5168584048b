//! Passwords: which are taken, and how they are hashed.
//!
//! Hashing is slow on purpose, so it runs beside the server's own threads, and few at a time.

use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::AuthError;
use crate::entropy;
use crate::secret::Secret;

/// Length in bytes of the shortest password.
const SHORTEST: usize = 8;
/// Length in bytes of the longest password.
const LONGEST: usize = 72;
/// Hashes made at the same time.
const AT_ONCE: usize = 2;
/// Memory of a hash in KiB, and passes over it: the first of OWASP's recommendations for Argon2id.
/// Allocators hand that much back to the system at once, which they do not do with the other
/// recommendations' less.
const MEMORY: u32 = 46 * 1024;
const PASSES: u32 = 1;
/// Those who may wait for their hash; more are turned away.
const WAITING: usize = 64;

/// Says what is wrong with a password, if anything.
#[must_use]
pub fn fault(password: &str) -> Option<&'static str> {
    match password.len() {
        ..SHORTEST => Some("must be at least 8 bytes long"),
        SHORTEST..=LONGEST if password.trim().is_empty() => Some("must not be blank"),
        SHORTEST..=LONGEST => None,
        _ => Some("must be at most 72 bytes long"),
    }
}

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Hasher {
    turns: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    /// The hash of a password that nobody has: verifying it takes as long as verifying another.
    nobody: Arc<str>,
}

impl Hasher {
    /// A hasher. Makes one hash, which takes a moment.
    ///
    /// # Errors
    /// When hashing fails.
    pub async fn new() -> Result<Self, AuthError> {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let queue = Arc::new(Semaphore::new(WAITING));
        let mut hasher = Self { turns, queue, nobody: "".into() };
        hasher.nobody = hasher.hash(Secret::new(entropy::token::<16>())).await?.into();
        Ok(hasher)
    }

    /// Hashes a password with a salt of its own.
    ///
    /// # Errors
    /// When too many wait already, or hashing fails.
    pub async fn hash(&self, password: Secret) -> Result<String, AuthError> {
        self.run(move || hash(&password)).await?
    }

    /// Says whether a password belongs to a hash; takes as long where there is no hash.
    ///
    /// # Errors
    /// When too many wait already.
    pub async fn verify(&self, password: Secret, hash: Option<&str>) -> Result<bool, AuthError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.nobody).to_owned();
        Ok(self.run(move || verify(&password, &hash)).await? && known)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AuthError> {
        let _place = self.queue.try_acquire().map_err(|_| AuthError::Busy)?;
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| AuthError::Busy)?;
        let work = move || {
            // Held until the work is done, even when nobody waits for it any more.
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| AuthError::Busy)
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY, PASSES, 1, None).expect("these are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &Secret) -> Result<String, AuthError> {
    let failed = |error: argon2::password_hash::Error| AuthError::Hash(error.to_string());
    let salt = SaltString::encode_b64(&entropy::bytes::<16>()).map_err(failed)?;
    let hash = argon2().hash_password(password.expose().as_bytes(), &salt).map_err(failed)?;
    Ok(hash.to_string())
}

fn verify(password: &Secret, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else {
        return false;
    };
    argon2().verify_password(password.expose().as_bytes(), &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_have_8_to_72_bytes() {
        assert_eq!(fault("short"), Some("must be at least 8 bytes long"));
        assert_eq!(fault("SecurePass123"), None);
        assert_eq!(fault(&"x".repeat(72)), None);
        assert_eq!(fault(&"x".repeat(73)), Some("must be at most 72 bytes long"));
        assert_eq!(fault(&"é".repeat(37)), Some("must be at most 72 bytes long"));
        assert_eq!(fault("          "), Some("must not be blank"));
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_and_shows_none() {
        let hasher = Hasher::new().await.unwrap();
        let hash = hasher.hash(Secret::new("SecurePass123")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=47104,t=1,p=1$") && !hash.contains("Secure"));
        assert!(hasher.verify(Secret::new("SecurePass123"), Some(&hash)).await.unwrap());
        assert!(!hasher.verify(Secret::new("SecurePass124"), Some(&hash)).await.unwrap());
        assert!(!hasher.verify(Secret::new("SecurePass123"), None).await.unwrap());
        assert!(!hasher.verify(Secret::new("SecurePass123"), Some("broken")).await.unwrap());
    }
}
