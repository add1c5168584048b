//! Backups: everything that is kept, as one file, and the way back into an empty place.
//!
//! A backup is a file of SQLite with the schema of the store, whichever database it is from, and a
//! table of the files that lie beside it. It sees one moment of the journal; the embedded exchange
//! is copied after it, so that what happened in between is found by the recovery of a start.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use serde::Serialize;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use super::copy;
use super::database::{Database, Store, Transaction};
use super::driver::Driver;
use super::error::StoreError;
use super::event::hexadecimal;

/// What a backup holds, or what was brought back from one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BackupContents {
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// Files that lie beside the database.
    pub files: Vec<String>,
}

const FILES: &str = "
    CREATE TABLE backup_files (path TEXT NOT NULL PRIMARY KEY, content TEXT NOT NULL)";

impl Store {
    /// Writes a backup of the store, and of keys and exchange in the data folder, to a new file
    /// that its owner alone may read. The engine may run meanwhile.
    ///
    /// # Errors
    /// When the file exists, or something cannot be read or written; there is no file then.
    pub async fn backup(&self, data: &Path, file: &Path) -> Result<BackupContents, StoreError> {
        if file.exists() {
            return Err(StoreError::Conflict(format!("{} exists already", file.display())));
        }
        let draft = beside(file, ".part");
        let written = self.write_backup(data, &draft).await;
        match written {
            Ok(contents) => {
                fs::File::open(&draft)?.sync_all()?;
                fs::rename(&draft, file)?;
                Ok(contents)
            }
            Err(error) => {
                remove_database(&draft);
                Err(error)
            }
        }
    }

    async fn write_backup(&self, data: &Path, draft: &Path) -> Result<BackupContents, StoreError> {
        private_file(draft, b"")?;
        let target = Self::open(&Database::Sqlite(draft.to_owned())).await?;
        let (mut from, mut to) = (self.begin_reading().await?, target.begin().await?);
        let mut contents = BackupContents::default();
        for table in copy::tables(&mut to).await? {
            let rows = copy::copy(&mut from, &mut to, &table).await?;
            contents.rows.insert(table.name, rows);
        }
        drop(from);
        keep_files(&mut to, files(data, draft).await?, &mut contents).await?;
        to.commit().await?;
        target.close().await;
        leave_one_file(draft).await?;
        Ok(contents)
    }

    /// Brings a backup back into a database and a data folder that are both empty.
    ///
    /// # Errors
    /// When either is not empty, the file is no backup, or a later version wrote it; nothing has
    /// changed then.
    pub async fn restore(
        database: &Database,
        data: &Path,
        file: &Path,
    ) -> Result<BackupContents, StoreError> {
        require_empty(database, data)?;
        if !file.is_file() {
            return Err(StoreError::Invalid(format!("there is no file {}", file.display())));
        }
        make_folder(data)?;
        // A copy is brought up to date; the backup stays as it is.
        let draft = data.join("restore.part");
        private_file(&draft, b"")?;
        fs::copy(file, &draft)?;
        let restored = restore_copy(database, data, &draft).await;
        remove_database(&draft);
        if restored.is_err()
            && let Database::Sqlite(made) = database
        {
            remove_database(made);
        }
        restored
    }
}

async fn restore_copy(
    database: &Database,
    data: &Path,
    draft: &Path,
) -> Result<BackupContents, StoreError> {
    let source = Store::open_backup(draft).await?;
    let target = Store::open(database).await?;
    let (mut from, mut to) = (source.begin_reading().await?, target.begin().await?);
    let mut contents = BackupContents::default();
    for table in copy::tables(&mut from).await? {
        if copy::count(to.connection(), &table).await? > 0 {
            let why = format!("the database is not empty: {} has rows", table.name);
            return Err(StoreError::Conflict(why));
        }
        let rows = copy::copy(&mut from, &mut to, &table).await?;
        contents.rows.insert(table.name, rows);
    }
    for (path, content) in kept_files(&mut from).await? {
        let path = data.join(&path);
        path.parent().map(make_folder).transpose()?;
        private_file(&path, &content)?;
        contents.files.push(path.strip_prefix(data).unwrap_or(&path).display().to_string());
    }
    to.commit().await?;
    drop(from);
    source.close().await;
    target.close().await;
    Ok(contents)
}

impl Store {
    /// Opens a copy of a backup; anything else is left alone.
    async fn open_backup(draft: &Path) -> Result<Self, StoreError> {
        const MARK: &str = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'backup_files'";
        let mut connection = SqliteConnectOptions::new().filename(draft).connect().await?;
        let marked: i64 = sqlx::query_scalar(MARK).fetch_one(&mut connection).await?;
        connection.close().await?;
        if marked == 0 {
            return Err(StoreError::Invalid("this file is no backup of Banyan".to_owned()));
        }
        Self::open(&Database::Sqlite(draft.to_owned())).await
    }
}

fn require_empty(database: &Database, data: &Path) -> Result<(), StoreError> {
    let file = match database {
        Database::Sqlite(file) => Some(file.clone()),
        Database::Postgres(_) => None,
    };
    let own = ["keys", "exchange.db", "demo.json"].map(|name| data.join(name));
    match own.into_iter().chain(file).find(|path| path.exists()) {
        Some(path) => {
            let why = format!("{} exists: restore only into an empty place", path.display());
            Err(StoreError::Conflict(why))
        }
        None => Ok(()),
    }
}

/// The files beside the database that a backup keeps, with their contents.
async fn files(data: &Path, draft: &Path) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let mut files = Vec::new();
    if let Ok(keys) = fs::read_dir(data.join("keys")) {
        for key in keys {
            let key = key?;
            let name = format!("keys/{}", key.file_name().to_string_lossy());
            files.push((name, fs::read(key.path())?));
        }
    }
    if data.join("demo.json").is_file() {
        files.push(("demo.json".to_owned(), fs::read(data.join("demo.json"))?));
    }
    let exchange = data.join("exchange.db");
    if exchange.is_file() {
        files.push(("exchange.db".to_owned(), copy_of(&exchange, draft).await?));
    }
    files.sort();
    Ok(files)
}

/// The bytes of a database of SQLite as of one moment.
async fn copy_of(database: &Path, draft: &Path) -> Result<Vec<u8>, StoreError> {
    let whole = beside(draft, ".exchange");
    let options = SqliteConnectOptions::new().filename(database).read_only(true);
    let mut connection = options.connect().await?;
    let copied =
        sqlx::query("VACUUM INTO $1").bind(whole.to_string_lossy()).execute(&mut connection).await;
    connection.close().await?;
    let bytes = copied.map_err(StoreError::from).and_then(|_| Ok(fs::read(&whole)?));
    let _ = fs::remove_file(&whole);
    bytes
}

async fn keep_files(
    to: &mut Transaction,
    files: Vec<(String, Vec<u8>)>,
    contents: &mut BackupContents,
) -> Result<(), StoreError> {
    let Driver::Sqlite(to) = to else {
        return Ok(());
    };
    sqlx::query(FILES).execute(&mut **to).await?;
    for (path, content) in files {
        sqlx::query("INSERT INTO backup_files (path, content) VALUES ($1, $2)")
            .bind(&path)
            .bind(hexadecimal(&content))
            .execute(&mut **to)
            .await?;
        contents.files.push(path);
    }
    Ok(())
}

async fn kept_files(from: &mut Transaction) -> Result<Vec<(PathBuf, Vec<u8>)>, StoreError> {
    let Driver::Sqlite(from) = from else {
        return Ok(Vec::new());
    };
    let files: Vec<(String, String)> =
        sqlx::query_as("SELECT path, content FROM backup_files ORDER BY path")
            .fetch_all(&mut **from)
            .await?;
    files.into_iter().map(|(path, content)| Ok((inner(&path)?, bytes(&content)?))).collect()
}

/// A path that stays below the folder it is written to.
fn inner(path: &str) -> Result<PathBuf, StoreError> {
    let path = PathBuf::from(path);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    let outside = || StoreError::Invalid(format!("the backup names a file {}", path.display()));
    if plain { Ok(path) } else { Err(outside()) }
}

fn bytes(text: &str) -> Result<Vec<u8>, StoreError> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok();
    let bytes = pairs.iter().map(byte).collect::<Option<_>>().filter(|_| rest.is_empty());
    bytes.ok_or_else(|| StoreError::Corrupt("a file in the backup cannot be read".to_owned()))
}

/// Folds the log of a database into it, so that one file is all of it.
async fn leave_one_file(database: &Path) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::new().filename(database);
    let mut connection: SqliteConnection = options.connect().await?;
    let single = "PRAGMA journal_mode = DELETE";
    sqlx::query(single).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Writes a new file that its owner alone may read.
fn private_file(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn remove_database(file: &Path) {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(beside(file, ending));
    }
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
