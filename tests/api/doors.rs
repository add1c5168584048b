//! Who may register, and from where the keys come.

use serde_json::json;

use crate::house::{House, PASSWORD, Reply};
use crate::server::{Server, data_folder, serve};

#[tokio::test]
async fn strangers_may_not_register_unless_it_is_open() {
    let through_proxy = |house: &House| {
        let body = json!({"email": "a@b.c", "password": PASSWORD, "name": "A"});
        let url = format!("{}/api/v1/auth/register", house.server.url);
        house.http.post(url).header("x-forwarded-for", "203.0.113.7").json(&body)
    };
    let closed = House::open_with(|command| {
        command.env("BANYAN__API__PROXIES", "[\"127.0.0.1\"]");
    });
    let refused = Reply::of(through_proxy(&closed)).await;
    assert_eq!(refused.failure(403), "AUTH_REGISTRATION_CLOSED");
    let open = House::open_with(|command| {
        command.env("BANYAN__API__PROXIES", "[\"127.0.0.1\"]");
        command.env("BANYAN__AUTH__OPEN_REGISTRATION", "true");
    });
    Reply::of(through_proxy(&open)).await.expect(200);
}

#[tokio::test]
async fn another_data_key_is_refused_at_the_start() {
    let (_folder, data) = data_folder();
    Server::start(&mut serve(&data)).stop();
    let mut other = serve(&data);
    other.env("BANYAN__AUTH__DATA_KEY", "ab".repeat(32));
    let refusal = Server::try_start(&mut other).err().expect("another key is refused");
    assert!(refusal.stderr.contains("data key"), "{}", refusal.stderr);
    assert!(!refusal.stderr.contains("abab"), "{}", refusal.stderr);
}
