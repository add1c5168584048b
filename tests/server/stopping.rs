//! How a server ends: in good order on a signal, at once when another engine has its data.

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use crate::server::{Server, data_folder, demo};

#[tokio::test]
async fn a_signal_ends_it_in_good_order() {
    let (_folder, data) = data_folder();
    let mut server = Server::start(&mut demo(&data));
    server.log_in().await;
    server.until("/api/v1/fills", |fills| fills.as_array().is_some_and(|it| !it.is_empty())).await;
    assert_eq!(server.stop().code(), Some(0));
    let mut verify = crate::banyan::banyan(&["journal", "verify", "--json", "--data-dir"]);
    let verified = crate::banyan::run(verify.arg(&data));
    assert_eq!(verified.code, Some(0), "{verified:#?}");
}

#[tokio::test]
async fn an_engine_whose_data_was_taken_over_ends() {
    let (_folder, data) = data_folder();
    let server = Server::start(&mut demo(&data));
    let options = SqliteConnectOptions::new().filename(data.join("banyan.db"));
    let mut database: SqliteConnection = options.connect().await.unwrap();
    let taken = sqlx::query("UPDATE engine_lease SET token = token + 1");
    taken.execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let (code, log) = server.ended();
    assert_eq!(code, Some(4), "{log}");
    assert!(log.contains("another engine has taken this data over"), "{log}");
}
