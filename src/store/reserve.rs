//! The reserve: room on the disk that is set aside, so that a journal whose disk is full can still
//! record how positions are left.
//!
//! A file of zeros beside the database. It is removed when there is no room, and made anew only
//! when there is room for it and as much again. Knows nothing of databases.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// How much is set aside.
pub const RESERVE_BYTES: u64 = 8 * 1024 * 1024;

/// Room that is set aside in one folder.
#[derive(Debug, Clone)]
pub(super) struct Reserve {
    file: PathBuf,
    bytes: u64,
}

impl Reserve {
    /// The reserve of a folder, as large as given.
    pub(super) fn beside(database: &Path, bytes: u64) -> Self {
        Self { file: database.with_file_name("reserve"), bytes }
    }

    /// How much is set aside.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Says whether it is there, whole.
    pub(super) fn is_held(&self) -> bool {
        fs::metadata(&self.file).is_ok_and(|found| found.len() >= self.bytes)
    }

    /// Gives the room to whoever needs it; says whether there was any.
    pub(super) fn free(&self) -> bool {
        fs::remove_file(&self.file).is_ok()
    }

    /// Sets the room aside, if there is as much again beside it; says whether it is held now.
    pub(super) fn take(&self) -> bool {
        if self.is_held() {
            return true;
        }
        let probe = self.file.with_file_name("reserve.new");
        let taken = fill(&probe, self.bytes)
            .and_then(|file| {
                // The second half was only there to see that it could be.
                file.set_len(self.bytes)?;
                file.sync_all()?;
                fs::rename(&probe, &self.file)
            })
            .is_ok();
        if !taken {
            let _ = fs::remove_file(&probe);
        }
        taken
    }
}

/// Writes twice `bytes` zeros: blocks that were written are there, a length alone is a promise.
fn fill(path: &Path, bytes: u64) -> std::io::Result<File> {
    static BLOCK: [u8; 64 * 1024] = [0; 64 * 1024];
    let mut file = File::create(path)?;
    let mut missing = bytes * 2;
    while missing > 0 {
        let length = missing.min(BLOCK.len() as u64);
        file.write_all(&BLOCK[..usize::try_from(length).unwrap_or(BLOCK.len())])?;
        missing -= length;
    }
    file.sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_set_aside_given_and_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::beside(&folder.path().join("banyan.db"), 100_000);
        assert!(!reserve.is_held() && !reserve.free());
        assert!(reserve.take() && reserve.is_held() && reserve.take());
        assert_eq!(fs::metadata(folder.path().join("reserve")).unwrap().len(), 100_000);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(reserve.free() && !reserve.is_held());
    }

    #[test]
    fn no_room_is_taken_where_none_is() {
        let nowhere = Reserve::beside(Path::new("/nowhere/at/all/banyan.db"), 1);
        assert!(!nowhere.take());
    }
}
