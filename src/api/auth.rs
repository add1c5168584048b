//! Registration, login, tokens, profile.

use axum::Json;
use axum::extract::{Extension, State};
use banyan_core::ids::UserId;
use banyan_core::time::SECOND;
use serde::Serialize;

use super::edge::Client;
use super::error::ApiError;
use super::fields::{Fields, Form};
use super::state::AppState;
use crate::auth::{Caller, IssuedTokens, Registration};
use crate::secret::Secret;
use crate::store::User;

/// A user as people see it.
#[derive(Serialize)]
pub(super) struct UserView {
    id: UserId,
    email: String,
    name: String,
    is_active: bool,
    is_admin: bool,
}

#[derive(Serialize)]
pub(super) struct TokensView {
    access_token: String,
    refresh_token: String,
    token_type: &'static str,
    expires_in: i64,
}

/// A sentence.
#[derive(Serialize)]
pub(super) struct Message {
    message: &'static str,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        let User { id, email, name, is_active, is_admin, .. } = user;
        Self { id, email, name, is_active, is_admin }
    }
}

impl From<IssuedTokens> for TokensView {
    fn from(tokens: IssuedTokens) -> Self {
        Self {
            access_token: tokens.access,
            refresh_token: tokens.refresh,
            token_type: "bearer",
            expires_in: tokens.life.0 / SECOND,
        }
    }
}

/// A password is taken at any length here; what is wrong with it is said by the rules for one.
fn password(fields: &mut Fields, name: &str) -> Secret {
    let given = fields.secret(name);
    fields.require(name, given)
}

pub(super) async fn register(
    State(state): State<AppState>,
    Extension(Client(client)): Extension<Client>,
    mut fields: Fields,
) -> Result<Json<UserView>, ApiError> {
    let email = fields.text("email", 1..=254);
    let email = fields.require("email", email);
    let password = password(&mut fields, "password");
    let name = fields.text("name", 1..=100);
    let name = fields.require("name", name);
    fields.ignore("invite_code");
    fields.finish()?;
    let form = Registration { email, password, name };
    Ok(Json(state.auth.register(form, client.is_loopback()).await?.into()))
}

pub(super) async fn login(
    State(state): State<AppState>,
    Form(mut fields): Form,
) -> Result<Json<TokensView>, ApiError> {
    let username = fields.text("username", 1..=254);
    let username = fields.require("username", username);
    let password = password(&mut fields, "password");
    // What clients of OAuth 2 send along.
    for extra in ["grant_type", "scope", "client_id", "client_secret"] {
        fields.ignore(extra);
    }
    fields.finish()?;
    Ok(Json(state.auth.log_in(&username, password).await?.into()))
}

pub(super) async fn refresh(
    State(state): State<AppState>,
    mut fields: Fields,
) -> Result<Json<TokensView>, ApiError> {
    let token = fields.secret("refresh_token");
    let token = fields.require("refresh_token", token);
    fields.finish()?;
    Ok(Json(state.auth.refresh(token.expose()).await?.into()))
}

/// Who has only the refresh token left may still log out.
pub(super) async fn logout(
    State(state): State<AppState>,
    caller: Result<Caller, ApiError>,
    mut fields: Fields,
) -> Result<Json<Message>, ApiError> {
    let token = fields.secret("refresh_token");
    fields.finish()?;
    let caller = if token.is_some() { caller.ok() } else { Some(caller?) };
    state.auth.log_out(caller.as_ref(), token.as_ref().map(Secret::expose)).await?;
    Ok(Json(Message { message: "Successfully logged out" }))
}

pub(super) async fn me(caller: Caller) -> Json<UserView> {
    Json(caller.user().clone().into())
}

pub(super) async fn profile(
    State(state): State<AppState>,
    caller: Caller,
    mut fields: Fields,
) -> Result<Json<UserView>, ApiError> {
    let name = fields.text("name", 1..=100);
    let name = fields.require("name", name);
    fields.finish()?;
    Ok(Json(state.auth.rename(&caller, &name).await?.into()))
}

pub(super) async fn change_password(
    State(state): State<AppState>,
    caller: Caller,
    mut fields: Fields,
) -> Result<Json<Message>, ApiError> {
    let current = password(&mut fields, "current_password");
    let new = password(&mut fields, "new_password");
    fields.finish()?;
    state.auth.change_password(&caller, current, new).await?;
    Ok(Json(Message { message: "Password changed; other sessions have ended" }))
}
