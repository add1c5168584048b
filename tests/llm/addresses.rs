//! Addresses that must not be asked, also when a provider leads there.

use banyan_core::model::FailureKind;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::stage::{DECISION, KEY, Stage, answering, base, bodies, chat, sse, stream};

const MODEL: &str = "deepseek:deepseek-chat";

fn only_public(settings: &mut banyan::llm::LlmSettings) {
    settings.allow_private_urls = false;
}

#[tokio::test]
async fn addresses_of_this_machine_are_not_asked() {
    let server = answering(sse(stream(DECISION))).await;
    let port = server.address().port();
    let stage = Stage::with(only_public).await;
    for host in ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1", "[::ffff:127.0.0.1]"] {
        stage.provider("deepseek", &format!("http://{host}:{port}/v1")).await;
        let failure = stage.ask(MODEL).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::ForbiddenUrl, "{host}: {failure}");
    }
    assert!(bodies(&server).await.is_empty());
    assert!(stage.service.check_base_url("http://169.254.169.254/v1").is_err());
    assert!(stage.service.check_base_url("https://api.deepseek.com").is_ok());
}

#[tokio::test]
async fn an_origin_that_is_trusted_is_asked_and_no_other() {
    let (trusted, other) =
        (answering(sse(stream(DECISION))).await, answering(sse(stream(DECISION))).await);
    let stage = Stage::trusting(&[trusted.uri()], only_public).await;
    stage.provider("deepseek", &base(&trusted)).await;
    assert_eq!(stage.ask(MODEL).await.unwrap().text, DECISION);
    stage.provider("deepseek", &base(&other)).await;
    assert_eq!(stage.ask(MODEL).await.unwrap_err().kind, FailureKind::ForbiddenUrl);
}

fn redirect(to: &str) -> ResponseTemplate {
    ResponseTemplate::new(307).insert_header("location", to)
}

#[tokio::test]
async fn a_redirect_to_an_address_that_must_not_be_asked_is_not_followed() {
    let secret = answering(sse(stream(DECISION))).await;
    let leading = MockServer::start().await;
    let stage = Stage::trusting(&[leading.uri()], only_public).await;
    stage.provider("deepseek", &base(&leading)).await;
    let elsewhere = format!("{}/v1/chat/completions", secret.uri());
    for to in [elsewhere.as_str(), "http://169.254.169.254/latest", "file:///etc/passwd"] {
        leading.reset().await;
        chat(redirect(to)).mount(&leading).await;
        let failure = stage.ask(MODEL).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::ForbiddenUrl, "{to}: {failure}");
    }
    assert!(bodies(&secret).await.is_empty());
}

#[tokio::test]
async fn a_redirect_is_followed_with_the_question_and_without_the_key() {
    let moved = answering(sse(stream(DECISION))).await;
    let leading = answering(redirect(&format!("{}/v1/chat/completions", moved.uri()))).await;
    let stage = Stage::new().await;
    stage.provider("deepseek", &base(&leading)).await;
    assert_eq!(stage.ask(MODEL).await.unwrap().text, DECISION);
    let request = &moved.received_requests().await.unwrap()[0];
    assert!(!request.body.is_empty());
    assert_eq!(request.headers.get("authorization"), None);
    let first = &leading.received_requests().await.unwrap()[0];
    assert_eq!(first.headers["authorization"], format!("Bearer {KEY}").as_str());
}

#[tokio::test]
async fn redirects_in_circles_end() {
    let server = MockServer::start().await;
    let to = format!("{}/v1/chat/completions", server.uri());
    Mock::given(path("/v1/chat/completions")).respond_with(redirect(&to)).mount(&server).await;
    let stage = Stage::with(|it| it.attempts = 1).await;
    stage.provider("deepseek", &base(&server)).await;
    assert_eq!(stage.ask(MODEL).await.unwrap_err().kind, FailureKind::Connection);
    assert_eq!(server.received_requests().await.unwrap().len(), 4);
}
