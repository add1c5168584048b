//! The data folder: made where there is none, and seen to be usable before anything starts.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::ServerError;

/// Makes the folder, for its owner alone, and sees that files can be written there.
pub(super) fn prepare(folder: &Path) -> Result<(), ServerError> {
    let failed = |why: std::io::Error| ServerError::Folder {
        folder: folder.display().to_string(),
        why: why.to_string(),
    };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let probe = folder.join(".probe");
    fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe)).map_err(failed)
}

/// Writes a file that its owner alone may read, whole or not at all.
pub(super) fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let draft = file.with_extension("new");
    let mut options = fs::OpenOptions::new();
    let mut open = options.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    open.write_all(text.as_bytes())?;
    open.sync_all()?;
    fs::rename(draft, file)
}
