//! The two keys of an installation: one signs tokens, one seals credentials.
//!
//! They come from the settings, or from files beside the data that are made once and that nobody
//! else may read. They are never in the database.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::AuthSettings;
use super::vault::{from_hexadecimal, hexadecimal};
use crate::entropy;
use crate::secret::Secret;

/// Bytes of a key.
const LENGTH: usize = 32;

/// A key; never shown.
#[derive(Clone)]
pub struct Key([u8; LENGTH]);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A key in the settings is none.
    #[error("{0} must be 64 hexadecimal digits; make one with `openssl rand -hex 32`")]
    Setting(&'static str),
    /// A key file does not hold a key.
    #[error("{0} does not hold a key of 64 hexadecimal digits; restore it from a backup")]
    File(PathBuf),
    /// A key file may be read by others.
    #[error("{0} may be read by others; run `chmod 600` on it, and change the key if they did")]
    Open(PathBuf),
    /// A key file cannot be read or made.
    #[error("{file}: {source}")]
    Access {
        /// The file or folder.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Both keys.
#[derive(Debug)]
pub struct Keys {
    /// Signs tokens.
    pub token: Key,
    /// Seals credentials.
    pub data: Key,
}

impl Key {
    /// A new key.
    #[must_use]
    pub fn random() -> Self {
        Self(entropy::bytes())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        from_hexadecimal(text).and_then(|bytes| bytes.try_into().ok()).map(Self)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(***)")
    }
}

impl Keys {
    /// Takes the keys from the settings, else from `folder`, where missing ones are made.
    ///
    /// # Errors
    /// When a key is malformed, open to others, or cannot be read or made.
    pub fn load(settings: &AuthSettings, folder: &Path) -> Result<Self, KeyError> {
        let token = load(&settings.token_key, "auth.token_key", folder, "token.key")?;
        let data = load(&settings.data_key, "auth.data_key", folder, "data.key")?;
        Ok(Self { token, data })
    }
}

fn load(setting: &Secret, name: &'static str, folder: &Path, file: &str) -> Result<Key, KeyError> {
    if !setting.is_empty() {
        return Key::parse(setting.expose()).ok_or(KeyError::Setting(name));
    }
    let file = folder.join(file);
    let failed = |source| KeyError::Access { file: file.clone(), source };
    match fs::metadata(&file) {
        Ok(found) if found.permissions().mode() & 0o077 != 0 => Err(KeyError::Open(file)),
        Ok(_) => {
            let text = fs::read_to_string(&file).map_err(failed)?;
            Key::parse(&text).ok_or(KeyError::File(file))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => make(folder, &file).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

/// Makes a key file that is whole or not there, even after a crash.
fn make(folder: &Path, file: &Path) -> Result<Key, std::io::Error> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    let key = Key::random();
    let draft = file.with_extension(format!("draft-{}", entropy::token::<4>()));
    let mut options = fs::OpenOptions::new();
    let mut writer = options.write(true).create_new(true).mode(0o600).open(&draft)?;
    writeln!(writer, "{}", hexadecimal(key.bytes()))?;
    writer.sync_all()?;
    fs::rename(&draft, file)?;
    fs::File::open(folder)?.sync_all()?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(data_key: &str) -> AuthSettings {
        let token_key = Secret::default();
        AuthSettings { token_key, data_key: Secret::new(data_key), open_registration: false }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn keys_are_made_once_and_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("keys");
        let first = Keys::load(&settings(""), &folder).unwrap();
        let second = Keys::load(&settings(""), &folder).unwrap();
        assert_eq!(first.token.bytes(), second.token.bytes());
        assert_ne!(first.token.bytes(), first.data.bytes());
        assert_eq!((mode(&folder), mode(&folder.join("data.key"))), (0o700, 0o600));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        assert_eq!(format!("{:?}", first.data), "Key(***)");
    }

    #[test]
    fn a_bad_key_is_an_error_that_does_not_show_it() {
        let folder = tempfile::tempdir().unwrap();
        let error = Keys::load(&settings("hunter2"), folder.path()).unwrap_err().to_string();
        assert!(error.contains("auth.data_key") && !error.contains("hunter2"), "{error}");
        let file = folder.path().join("data.key");
        fs::write(&file, "hunter2").unwrap();
        let error = Keys::load(&settings(""), folder.path()).unwrap_err();
        assert!(matches!(error, KeyError::Open(_)), "{error}");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let error = Keys::load(&settings(""), folder.path()).unwrap_err();
        assert!(matches!(error, KeyError::File(_)), "{error}");
        let given = Keys::load(&settings(&"ab".repeat(32)), folder.path()).unwrap();
        assert_eq!(given.data.bytes(), [0xab; 32]);
    }
}
