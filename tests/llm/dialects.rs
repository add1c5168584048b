//! How each provider is asked, and what is learned when it refuses a part of a request.

use banyan_core::model::{AnswerFormat, FailureKind, FinishReason};
use banyan_core::money::Rate;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use wiremock::matchers::{body_partial_json, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::stage::{
    DECISION, KEY, Stage, answering, base, bodies, chat, delta, events, model, sse, stream,
};

#[tokio::test]
async fn each_type_is_asked_in_its_own_dialect() {
    let asked = [
        ("deepseek", "deepseek-chat", "max_tokens", AnswerFormat::JsonObject),
        ("deepseek", "deepseek-reasoner", "max_tokens", AnswerFormat::JsonObject),
        ("qwen", "qwen3-plus", "max_tokens", AnswerFormat::JsonObject),
        ("zhipu", "glm-4.6", "max_tokens", AnswerFormat::JsonObject),
        ("minimax", "MiniMax-M2.1", "max_completion_tokens", AnswerFormat::Text),
        ("kimi", "kimi-k2.5", "max_tokens", AnswerFormat::JsonObject),
        ("openai", "gpt-4o-mini", "max_completion_tokens", AnswerFormat::JsonSchema),
        ("gemini", "gemini-2.5-flash", "max_tokens", AnswerFormat::JsonSchema),
        ("grok", "grok-3-mini-beta", "max_tokens", AnswerFormat::JsonSchema),
        ("anthropic", "claude-haiku-4-5", "max_tokens", AnswerFormat::Text),
        ("house", "rules-v1", "max_tokens", AnswerFormat::JsonSchema),
    ];
    let stage = Stage::new().await;
    for (kind, model, field, format) in asked {
        let server = answering(sse(stream(DECISION))).await;
        stage.provider(kind, &base(&server)).await;
        let reply = stage.ask(&format!("{kind}:{model}")).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.format), (DECISION, format), "{kind}");
        assert_eq!(reply.finish, FinishReason::Stop);
        let body = &bodies(&server).await[0];
        assert_eq!((&body["model"], &body["stream"]), (&json!(model), &json!(true)));
        assert!(body[field].as_u64().unwrap() >= 500, "{kind}: {body}");
        for never in
            ["n", "stop", "seed", "store", "frequency_penalty", "presence_penalty", "tools"]
        {
            assert_eq!(body.get(never), None, "{kind}");
        }
        let request = &server.received_requests().await.unwrap()[0];
        assert_eq!(request.headers["authorization"], format!("Bearer {KEY}").as_str());
    }
}

#[tokio::test]
async fn local_servers_are_asked_without_a_price_or_a_key() {
    let stage = Stage::new().await;
    for kind in ["ollama", "vllm", "llamacpp", "custom"] {
        let server = answering(sse(stream(DECISION))).await;
        stage.provider_with(kind, &base(&server), vec![model("mine:7b", true)]).await;
        let reply = stage.ask(&format!("{kind}:mine:7b")).await.unwrap();
        assert_eq!((reply.format, reply.usage.cost.0), (AnswerFormat::JsonSchema, 0));
        assert_eq!(bodies(&server).await[0]["model"], json!("mine:7b"));
    }
}

fn refusing(message: &str) -> ResponseTemplate {
    let error = json!({"error": {"message": message, "type": "invalid_request_error"}});
    ResponseTemplate::new(400).set_body_json(error)
}

#[tokio::test]
async fn a_format_that_is_refused_is_stepped_down_once_and_remembered() {
    let server = MockServer::start().await;
    for kind in ["json_schema", "json_object"] {
        Mock::given(method("POST"))
            .and(body_partial_json(json!({"response_format": {"type": kind}})))
            .respond_with(refusing("This response_format type is unavailable now"))
            .mount(&server)
            .await;
    }
    chat(sse(stream(DECISION))).mount(&server).await;
    let stage = Stage::new().await;
    stage.provider("openai", &base(&server)).await;
    for requests in [3, 4] {
        let reply = stage.ask("openai:gpt-4o-mini").await.unwrap();
        assert_eq!(reply.format, AnswerFormat::Text);
        assert_eq!(bodies(&server).await.len(), requests);
    }
}

#[tokio::test]
async fn fields_that_are_refused_are_left_out() {
    let refusals = [
        (json!({"temperature": 0.7}), "temperature must be 1 for this model"),
        (json!({"max_completion_tokens": 500}), "Unknown name \"max_completion_tokens\""),
        (json!({"stream_options": {}}), "stream_options: unknown field"),
    ];
    let server = MockServer::start().await;
    for (field, message) in refusals {
        let refusal = Mock::given(method("POST")).and(body_partial_json(field));
        refusal.respond_with(refusing(message)).mount(&server).await;
    }
    chat(sse(stream(DECISION))).mount(&server).await;
    let stage = Stage::new().await;
    stage.provider("openai", &base(&server)).await;
    let mut question = stage.question("openai:gpt-4o-mini");
    question.temperature = Some(Rate::from_decimal(Decimal::new(7, 1)).unwrap());
    let reply = stage.put(question).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.usage.attempts), (DECISION, 4));
    let last = bodies(&server).await.pop().unwrap();
    assert_eq!((last.get("temperature"), &last["max_tokens"]), (None, &json!(500)));
}

#[tokio::test]
async fn a_provider_that_refuses_whatever_is_asked_is_not_asked_for_ever() {
    let server = answering(refusing("response_format is wrong, and so is everything else")).await;
    let stage = Stage::new().await;
    stage.provider("openai", &base(&server)).await;
    let failure = stage.ask("openai:gpt-4o-mini").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::BadRequest);
    assert_eq!(bodies(&server).await.len(), 3);
}

/// Answers one stream, and says what was understood.
async fn hear(data: &[Value]) -> (String, String) {
    let server = answering(sse(events(data))).await;
    let stage = Stage::new().await;
    stage.provider("deepseek", &base(&server)).await;
    let reply = stage.ask("deepseek:deepseek-chat").await.unwrap();
    (reply.text, reply.reasoning)
}

fn stop() -> Value {
    json!({"choices": [{"delta": {}, "finish_reason": "stop"}]})
}

#[tokio::test]
async fn reasoning_is_told_apart_wherever_it_stands() {
    let apart = |name: &str| {
        let thought = json!({name: "well then", "content": null});
        [delta(thought), delta(json!({"content": DECISION})), stop()]
    };
    for name in ["reasoning_content", "reasoning"] {
        assert_eq!(hear(&apart(name)).await, (DECISION.to_owned(), "well then".to_owned()));
    }
    let marks =
        ["<th", "ink>", "well then</", "think>", DECISION].map(|it| delta(json!({"content": it})));
    let data: Vec<_> = marks.into_iter().chain([stop()]).collect();
    assert_eq!(hear(&data).await, (DECISION.to_owned(), "well then".to_owned()));
}

#[tokio::test]
async fn an_answer_that_landed_in_the_reasoning_is_found() {
    let data = [delta(json!({"content": null, "reasoning_content": DECISION})), stop()];
    assert_eq!(hear(&data).await.0, DECISION);
}

#[tokio::test]
async fn fields_that_are_null_empty_or_unknown_do_no_harm() {
    let mut piece = delta(json!({"content": DECISION, "refusal": null, "audio": {}, "role": ""}));
    piece["usage"] = json!({});
    piece["system_fingerprint"] = json!(null);
    piece["choices"][0]["finish_reason"] = json!("");
    piece["choices"][0]["logprobs"] = json!(null);
    assert_eq!(hear(&[json!({}), piece, stop()]).await.0, DECISION);
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood_too() {
    let whole = json!({
        "choices": [{"message": {"content": DECISION}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5},
    });
    let body = format!("\n\n\n{whole}");
    let server = answering(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
    let stage = Stage::new().await;
    stage.provider("deepseek", &base(&server)).await;
    let reply = stage.ask("deepseek:deepseek-chat").await.unwrap();
    assert_eq!((reply.text.as_str(), reply.usage.input_tokens), (DECISION, 10));
}

#[tokio::test]
async fn the_newest_provider_that_lists_the_model_is_asked() {
    let (old, new) = (answering(sse(stream("{}"))).await, answering(sse(stream(DECISION))).await);
    let stage = Stage::new().await;
    stage.provider_with("custom", &base(&old), vec![model("a", true), model("b", true)]).await;
    stage.provider_with("custom", &base(&new), vec![model("b", true)]).await;
    assert_eq!(stage.ask("custom:b").await.unwrap().text, DECISION);
    assert_eq!(stage.ask("custom:a").await.unwrap().text, "{}");
    assert_eq!(stage.ask("custom:c").await.unwrap_err().kind, FailureKind::ModelNotFound);
    assert_eq!(stage.ask("openai:gpt-4o").await.unwrap_err().kind, FailureKind::NoProvider);
}
