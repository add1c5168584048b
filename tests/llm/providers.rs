//! Providers as their owners set them up: found, tested, and never another's.

use banyan::llm::error_code;
use banyan::secret::Secret;
use banyan::store::{Everyone, StoreError};
use banyan_core::ids::UserId;
use banyan_core::model::FailureKind;
use serde_json::json;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::stage::{DECISION, KEY, Stage, answering, base, chat, model, sse, stream};

const MODEL: &str = "deepseek:deepseek-chat";

#[tokio::test]
async fn a_provider_belongs_to_its_owner_alone() {
    let stage = Stage::new().await;
    let id = stage.provider("deepseek", "https://api.deepseek.com").await;
    let other = Everyone::at_start_of_engine().rows_of(UserId::from_u128(99));
    assert!(matches!(stage.store.provider(other, id).await, Err(StoreError::NotFound)));
    assert!(matches!(stage.store.delete_provider(other, id).await, Err(StoreError::NotFound)));
    let tested = stage.service.test_provider(other, id, None).await;
    assert!(matches!(tested, Err(StoreError::NotFound)));
    let name = MODEL.parse().unwrap();
    assert_eq!(
        stage.service.check_model(other, &name).await.unwrap_err().kind,
        FailureKind::NoProvider
    );
    assert!(stage.service.check_model(stage.owner(), &name).await.unwrap().configured);
}

#[tokio::test]
async fn a_key_is_kept_sealed_and_bound_to_its_provider() {
    let stage = Stage::new().await;
    let id = stage.provider("deepseek", "").await;
    let row = stage.store.provider(stage.owner(), id).await.unwrap();
    let sealed = row.draft.api_key.clone().unwrap();
    assert!(!sealed.contains(KEY));
    let moved = stage.provider("openai", "").await;
    let mut row = stage.store.provider(stage.owner(), moved).await.unwrap();
    row.draft.api_key = Some(sealed);
    stage.store.update_provider(stage.owner(), &row, stage.clock.now()).await.unwrap();
    let refused = stage.service.check_model(stage.owner(), &"openai:gpt-4o".parse().unwrap()).await;
    assert_eq!(refused.unwrap_err().kind, FailureKind::NoApiKey);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let stage = Stage::new().await;
    let check = |name: &'static str| {
        let (service, owner) = (stage.service.clone(), stage.owner());
        async move { service.check_model(owner, &name.parse().unwrap()).await }
    };
    assert_eq!(check("kimi:kimi-k2").await.unwrap_err().kind, FailureKind::NoProvider);
    let id = stage.provider("kimi", "").await;
    assert!(check("kimi:kimi-k2").await.is_ok());
    assert_eq!(check("kimi:kimi-k9").await.unwrap_err().kind, FailureKind::ModelNotFound);
    let mut row = stage.store.provider(stage.owner(), id).await.unwrap();
    row.draft.api_key = None;
    let now = stage.clock.now();
    let mut row = stage.store.update_provider(stage.owner(), &row, now).await.unwrap();
    assert_eq!(check("kimi:kimi-k2").await.unwrap_err().kind, FailureKind::NoApiKey);
    row.draft.is_enabled = false;
    stage.store.update_provider(stage.owner(), &row, now).await.unwrap();
    assert_eq!(check("kimi:kimi-k2").await.unwrap_err().kind, FailureKind::NoProvider);
    stage.provider_with("custom", "", vec![model("a", true)]).await;
    assert_eq!(check("custom:a").await.unwrap_err().kind, FailureKind::NoBaseUrl);
    stage.provider_with("custom", "https://example.com/v1", vec![model("a", false)]).await;
    assert_eq!(check("custom:a").await.unwrap_err().kind, FailureKind::Budget);
}

#[tokio::test]
async fn a_provider_is_tested_with_the_key_that_is_given() {
    let server = MockServer::start().await;
    let listing = || Mock::given(method("GET")).and(path("/v1/models"));
    listing()
        .and(header("authorization", "Bearer the-right-one"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"data": []})))
        .mount(&server)
        .await;
    listing().respond_with(ResponseTemplate::new(401)).mount(&server).await;
    let stage = Stage::new().await;
    let id = stage.provider("deepseek", &base(&server)).await;
    let kept = stage.service.test_provider(stage.owner(), id, None).await.unwrap();
    assert_eq!((kept.success, kept.error_code), (false, Some("auth_error")));
    let key = Some(Secret::new("the-right-one"));
    let given = stage.service.test_provider(stage.owner(), id, key).await.unwrap();
    assert_eq!((given.success, given.error_code), (true, None));
    assert!(stage.calls().await.is_empty(), "a list costs nothing");
}

#[tokio::test]
async fn a_provider_without_a_list_is_asked_for_a_word() {
    let server = answering(sse(stream("{\"ok\": true}"))).await;
    let stage = Stage::new().await;
    let id = stage.provider("deepseek", &base(&server)).await;
    assert!(stage.service.test_provider(stage.owner(), id, None).await.unwrap().success);
    assert_eq!(stage.calls().await.len(), 1);
}

#[tokio::test]
async fn a_model_is_tested_and_failures_have_their_codes() {
    let server = MockServer::start().await;
    let stage = Stage::new().await;
    stage.provider("deepseek", &base(&server)).await;
    let name = MODEL.parse().unwrap();
    let cases = [
        (sse(stream(DECISION)), None),
        (ResponseTemplate::new(401), Some("auth_error")),
        (ResponseTemplate::new(429), Some("rate_limit")),
        (ResponseTemplate::new(404).set_body_json(json!({"error": "no"})), Some("model_not_found")),
        (ResponseTemplate::new(500), Some("api_error")),
    ];
    for (response, code) in cases {
        server.reset().await;
        chat(response).mount(&server).await;
        let tested = stage.service.test_model(stage.owner(), &name, None).await;
        assert_eq!((tested.success, tested.error_code), (code.is_none(), code), "{tested:?}");
    }
    let missing =
        stage.service.test_model(stage.owner(), &"kimi:kimi-k2".parse().unwrap(), None).await;
    assert_eq!(missing.error_code, Some("model_not_found"));
    assert_eq!(error_code(FailureKind::NoApiKey), "no_api_key");
}

#[tokio::test]
async fn models_of_all_types_are_listed_with_whether_they_can_be_asked() {
    let stage = Stage::new().await;
    stage.provider_with("deepseek", "", vec![model("mine", true)]).await;
    let models = stage.service.models(stage.owner()).await.unwrap();
    let find = |name: &str| models.iter().find(|it| it.name.as_str() == name);
    assert!(find("deepseek:mine").unwrap().configured);
    assert!(find(MODEL).is_none(), "the owner's own list counts");
    assert!(!find("openai:gpt-4o").unwrap().configured);
}
