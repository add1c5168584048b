//! Requests a minute.

use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn each_kind_of_request_has_its_allowance() {
    let house = House::open_with(|command| {
        command.env("BANYAN__API__AUTH_PER_MINUTE", "5");
        command.env("BANYAN__API__ACCOUNTS_PER_MINUTE", "20");
        command.env("BANYAN__API__STATUS_PER_MINUTE", "10");
        command.env("BANYAN__API__REQUESTS_PER_MINUTE", "100");
    });
    let nobody = house.nobody();
    let id = "00000000-0000-0000-0000-000000000000";
    let status = format!("/quant-strategies/{id}/status");
    for (path, allowed) in [("/auth/refresh", 5), ("/accounts", 20), (status.as_str(), 10)] {
        for _ in 0..allowed {
            assert_ne!(nobody.post(path, &json!({})).await.status, 429, "{path}");
        }
        let over = nobody.post(path, &json!({})).await;
        let seconds = over.retry_after();
        assert!((1..=60).contains(&seconds), "{path}: {seconds}");
        assert_eq!(over.failure(429), "RATE_LIMITED", "{path}");
    }
    assert_eq!(house.log_in("a@b.c", "password").await.status, 429);
    let mut taken = 0;
    while nobody.get("/workers/status").await.status != 429 {
        taken += 1;
        assert!(taken < 300, "there is no general allowance");
    }
    assert!(taken >= 100, "{taken}");
    let health = format!("{}/health", house.server.url);
    assert_eq!(house.http.get(health).send().await.unwrap().status(), 200);
}
