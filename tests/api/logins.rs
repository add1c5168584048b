//! Registration, logins, tokens and sessions.

use serde_json::json;

use crate::house::{Guest, House, PASSWORD};
use crate::server::word;

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_reuse_ends_the_session() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let refresh = |token: &str| {
        let body = json!({"refresh_token": token});
        let nobody = house.nobody();
        async move { nobody.post("/auth/refresh", &body).await }
    };
    let renewed = refresh(&john.refresh).await.expect(200);
    let second = Guest { token: word(&renewed["access_token"]), ..john.clone() };
    second.get("/auth/me").await.expect(200);
    assert_eq!(refresh(&john.refresh).await.failure(401), "AUTH_TOKEN_REVOKED");
    assert_eq!(second.get("/auth/me").await.failure(401), "AUTH_TOKEN_REVOKED");
    let newer = word(&renewed["refresh_token"]);
    assert_eq!(refresh(&newer).await.failure(401), "AUTH_TOKEN_REVOKED");
    assert_eq!(refresh(&john.token).await.failure(401), "AUTH_INVALID_TOKEN");
    let mistaken = Guest { token: john.refresh.clone(), ..john };
    assert_eq!(mistaken.get("/auth/me").await.failure(401), "AUTH_INVALID_TOKEN");
}

#[tokio::test]
async fn logging_out_ends_both_tokens() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let body = json!({"refresh_token": john.refresh});
    let said = john.post("/auth/logout", &body).await.expect(200);
    assert_eq!(said, json!({"message": "Successfully logged out"}));
    assert_eq!(john.get("/auth/me").await.failure(401), "AUTH_TOKEN_REVOKED");
    assert_eq!(
        house.nobody().post("/auth/refresh", &body).await.failure(401),
        "AUTH_TOKEN_REVOKED"
    );
    let tokens = house.log_in("john@example.com", PASSWORD).await.expect(200);
    let body = json!({"refresh_token": tokens["refresh_token"]});
    house.nobody().post("/auth/logout", &body).await.expect(200);
    let john = Guest { token: word(&tokens["access_token"]), ..john };
    assert_eq!(john.get("/auth/me").await.failure(401), "AUTH_TOKEN_REVOKED");
}

#[tokio::test]
async fn five_failures_lock_and_do_not_tell_who_is_registered_on_sqlite() {
    lock(&House::open()).await;
}

#[tokio::test]
async fn five_failures_lock_and_do_not_tell_who_is_registered_on_postgres() {
    let (house, _database) = House::open_on_postgres().await;
    lock(&house).await;
}

async fn lock(house: &House) {
    house.guest("john@example.com").await;
    let mut told = Vec::new();
    for email in ["john@example.com", "nobody@example.com"] {
        for _ in 0..5 {
            let refused = house.log_in(email, "WrongPass123").await;
            assert_eq!(refused.failure(401), "AUTH_INVALID_CREDENTIALS");
        }
        let locked = house.log_in(email, PASSWORD).await;
        let seconds = locked.retry_after();
        assert!((800..=900).contains(&seconds), "{seconds}");
        assert_eq!(locked.failure(423), "AUTH_ACCOUNT_LOCKED");
        let again = house.log_in(email, PASSWORD).await;
        told.push(word(&again.body["error"]["code"]));
    }
    assert_eq!(told[0], told[1]);
    house.guest("other@example.com").await;
}

#[tokio::test]
async fn a_new_password_ends_other_sessions() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let other = house.log_in("john@example.com", PASSWORD).await.expect(200);
    let other = Guest { token: word(&other["access_token"]), ..john.clone() };
    let change = |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        let john = john.clone();
        async move { john.post("/auth/change-password", &body).await }
    };
    assert_eq!(change("WrongPass123", "NewPass456").await.fields(), ["current_password"]);
    assert_eq!(change(PASSWORD, "short").await.fields(), ["new_password"]);
    assert_eq!(change(PASSWORD, PASSWORD).await.fields(), ["new_password"]);
    change(PASSWORD, "NewPass456").await.expect(200);
    john.get("/auth/me").await.expect(200);
    assert_eq!(other.get("/auth/me").await.failure(401), "AUTH_TOKEN_REVOKED");
    house.log_in("john@example.com", PASSWORD).await.failure(401);
    house.log_in("john@example.com", "NewPass456").await.expect(200);
}

#[tokio::test]
async fn addresses_are_unique_and_passwords_have_rules() {
    let house = House::open();
    house.guest("john@example.com").await;
    let register = |email: &str, password: &str| {
        let body = json!({"email": email, "password": password, "name": "X"});
        let nobody = house.nobody();
        async move { nobody.post("/auth/register", &body).await }
    };
    assert_eq!(register("JOHN@example.com", PASSWORD).await.failure(409), "AUTH_EMAIL_EXISTS");
    assert_eq!(register("no address", PASSWORD).await.fields(), ["email"]);
    assert_eq!(register("a@b.c", "1234567").await.fields(), ["password"]);
    assert_eq!(register("a@b.c", &"x".repeat(73)).await.fields(), ["password"]);
    register("a@b.c", &"x".repeat(72)).await.expect(200);
}
