//! What a server cannot be started with: each says what is wrong, with a code of its own kind.

use std::fs;

use crate::server::{Refusal, Server, data_folder, demo, serve};

fn refused(command: &mut std::process::Command) -> Refusal {
    match Server::try_start(command) {
        Ok(server) => panic!("it started: {}", server.log()),
        Err(refusal) => refusal,
    }
}

fn assert_refused(refusal: &Refusal, code: i32, words: &[&str]) {
    assert_eq!(refusal.code, Some(code), "{refusal:#?}");
    assert!(!refusal.stderr.contains("panicked"), "{refusal:#?}");
    for word in words {
        assert!(refusal.stderr.contains(word), "{word:?} is missing: {refusal:#?}");
    }
}

#[test]
fn a_second_engine_on_the_same_data() {
    let (_folder, data) = data_folder();
    let _first = Server::start(&mut demo(&data));
    assert_refused(&refused(&mut demo(&data)), 4, &["another engine works on this data"]);
}

#[test]
fn a_port_in_use() {
    let (_folder, data) = data_folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = crate::banyan::banyan(&["serve", "--json", "--listen", &address]);
    let refusal = refused(command.arg("--data-dir").arg(&data));
    assert_refused(&refusal, 3, &["cannot listen on", &address, "in use"]);
}

#[test]
fn the_demo_on_an_address_that_others_reach() {
    let (_folder, data) = data_folder();
    let mut command = crate::banyan::banyan(&["serve", "--profile", "demo", "--json"]);
    let refusal = refused(command.args(["--listen", "0.0.0.0:0", "--data-dir"]).arg(&data));
    assert_refused(&refusal, 2, &["server.listen", "this machine"]);
    assert!(!data.exists(), "nothing was touched");
}

#[test]
fn a_database_that_is_none() {
    let (_folder, data) = data_folder();
    fs::create_dir(&data).unwrap();
    fs::write(data.join("banyan.db"), "this is no database, and long enough to be looked at")
        .unwrap();
    assert_refused(&refused(&mut serve(&data)), 3, &["database"]);
    let kept = fs::read_to_string(data.join("banyan.db")).unwrap();
    assert!(kept.starts_with("this is no database"), "what was there stays");
}

#[test]
fn a_data_folder_that_is_a_file() {
    let (_folder, data) = data_folder();
    fs::write(&data, "a file").unwrap();
    assert_refused(&refused(&mut serve(&data)), 3, &["data folder", "data"]);
}

#[test]
fn another_data_key() {
    let (_folder, data) = data_folder();
    Server::start(&mut serve(&data)).stop();
    fs::write(data.join("keys/data.key"), "ab".repeat(32)).unwrap();
    assert_refused(&refused(&mut serve(&data)), 3, &["auth.data_key", "sealed"]);
}

#[test]
fn a_setting_that_is_none() {
    let (_folder, data) = data_folder();
    let refusal = refused(serve(&data).env("BANYAN__SERVER__LISTENS", "1"));
    assert_refused(&refusal, 2, &["listens"]);
    let refusal = refused(serve(&data).args(["--profile", "holiday"]));
    assert_refused(&refusal, 2, &["holiday", "demo"]);
}
