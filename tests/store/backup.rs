//! Backups: everything comes back, in either kind of database, into an empty place only.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use banyan::store::{Journal, Store};

use crate::place::Place;
use crate::story::{account_of, batches, day, random, write};

/// A place with a journal, keys and an exchange; returns the journal's hash.
async fn furnish(place: &Place) -> String {
    let (store, journal) = place.journal().await;
    write(&journal, &day()).await;
    let folder = place.folder.path();
    fs::create_dir(folder.join("keys")).unwrap();
    fs::write(folder.join("keys/data.key"), "not to be lost").unwrap();
    let exchange = format!("sqlite://{}?mode=rwc", folder.join("exchange.db").display());
    let pool = sqlx::SqlitePool::connect(&exchange).await.unwrap();
    sqlx::query("CREATE TABLE books AS SELECT 7 AS price").execute(&pool).await.unwrap();
    pool.close().await;
    store.verify().await.unwrap().hash
}

async fn comes_back(place: &Place, target: &Place) {
    let hash = furnish(place).await;
    let file = place.folder.path().join("backup.banyan");
    let name = file.display().to_string();
    let help = place.run(&["backup", "--help"]);
    assert!(help.stdout.contains("it holds the keys folder"), "{help:?}");
    let made = place.run(&["backup", &name]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let restored = target.run(&["restore", &name, "--json"]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    let (store, journal) = target.journal().await;
    let found = store.verify().await.unwrap();
    assert!(found.passed() && found.hash == hash, "{found:#?}");
    assert_eq!(journal.load(account_of(&day())).await.unwrap().records, day());
    let folder = target.folder.path();
    assert_eq!(fs::read_to_string(folder.join("keys/data.key")).unwrap(), "not to be lost");
    let mode = |path: &str| fs::metadata(folder.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("keys"), mode("keys/data.key"), mode("exchange.db")), (0o700, 0o600, 0o600));
    let exchange = format!("sqlite://{}", folder.join("exchange.db").display());
    let pool = sqlx::SqlitePool::connect(&exchange).await.unwrap();
    let price: i64 = sqlx::query_scalar("SELECT price FROM books").fetch_one(&pool).await.unwrap();
    assert_eq!(price, 7);
    assert!(!folder.join("restore.part").exists());
}

pub(crate) async fn a_backup_comes_back_in_the_same_kind_of_database(place: &Place) {
    comes_back(place, &place.another().await).await;
}

pub(crate) async fn a_backup_comes_back_in_the_other_kind_of_database(place: &Place) {
    comes_back(place, &place.opposite().await).await;
}

pub(crate) async fn a_backup_is_made_while_the_journal_is_written(place: &Place) {
    let records = random(5, 1_500);
    let (store, journal) = place.journal().await;
    write(&journal, &records[..100]).await;
    let file = place.folder.path().join("backup.banyan");
    let writing = async {
        for group in batches(&records[100..], 5) {
            journal.append(Arc::new(vec![group])).await.unwrap();
        }
    };
    let (made, ()) = tokio::join!(store.backup(place.folder.path(), &file), writing);
    let rows = made.unwrap().rows["journal"];
    assert!(rows >= 100 && rows <= records.len() as u64);
    let target = place.another().await;
    Store::restore(&target.database, target.folder.path(), &file).await.unwrap();
    let found = target.store().await.verify().await.unwrap();
    assert!(found.passed() && found.records == rows, "{found:#?}");
}

pub(crate) async fn a_backup_comes_back_into_an_empty_place_only(place: &Place) {
    furnish(place).await;
    let file = place.folder.path().join("backup.banyan");
    let name = file.display().to_string();
    assert_eq!(place.run(&["backup", &name]).code, Some(0));
    let again = place.run(&["backup", &name]);
    assert!(again.code == Some(3) && again.stderr.contains("exists already"), "{again:?}");
    let full = place.run(&["restore", &name]);
    assert!(full.code == Some(3) && full.stderr.contains("empty"), "{full:?}");
    let target = place.another().await;
    let (store, journal) = target.journal().await;
    write(&journal, &random(6, 30)).await;
    drop(journal);
    store.close().await;
    let before = target.store().await.verify().await.unwrap();
    let refused = target.run(&["restore", &name]);
    assert!(refused.code == Some(3) && refused.stderr.contains("empty"), "{refused:?}");
    assert_eq!(target.store().await.verify().await.unwrap(), before);
    assert!(!target.folder.path().join("keys").exists());
    let fresh = place.another().await;
    let no_backup = place.folder.path().join("exchange.db").display().to_string();
    let refused = fresh.run(&["restore", &no_backup]);
    assert!(refused.code == Some(3) && refused.stderr.contains("no backup"), "{refused:?}");
}
