//! Access and refresh tokens: signed, short-lived, bound to a session.
//!
//! A token only says who it was given to; whether the session still lives is asked of the store.

use banyan_core::ids::UserId;
use banyan_core::time::{SECOND, Span, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::AuthError;
use super::keys::Key;

/// How long an access token is good.
pub const ACCESS_LIFE: Span = Span::minutes(60);
/// How long a refresh token is good.
pub const REFRESH_LIFE: Span = Span::minutes(7 * 24 * 60);
const ISSUER: &str = "banyan";

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// To use the interface.
    Access,
    /// To get new tokens, once.
    Refresh,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    /// The user.
    pub sub: UserId,
    /// The session.
    pub sid: Uuid,
    /// The token itself.
    pub jti: Uuid,
    /// What it is for.
    pub kind: TokenKind,
    /// When it was given, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
}

impl Claims {
    /// When the token ends.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        Timestamp(self.exp.saturating_mul(SECOND))
    }
}

/// Signs and reads tokens.
pub struct Tokens {
    signs: EncodingKey,
    checks: DecodingKey,
    rules: Validation,
}

impl Tokens {
    /// Tokens signed with this key.
    #[must_use]
    pub fn new(key: &Key) -> Self {
        let mut rules = Validation::new(Algorithm::HS256);
        // Our own clock says what is over.
        rules.validate_exp = false;
        rules.required_spec_claims.clear();
        rules.set_issuer(&[ISSUER]);
        Self {
            signs: EncodingKey::from_secret(key.bytes()),
            checks: DecodingKey::from_secret(key.bytes()),
            rules,
        }
    }

    /// Makes a token.
    ///
    /// # Errors
    /// Never with a key of ours.
    pub fn issue(
        &self,
        kind: TokenKind,
        (user, session, id): (UserId, Uuid, Uuid),
        now: Timestamp,
    ) -> Result<String, AuthError> {
        let life = match kind {
            TokenKind::Access => ACCESS_LIFE,
            TokenKind::Refresh => REFRESH_LIFE,
        };
        let iss = ISSUER.to_owned();
        let (iat, exp) = (now.0.div_euclid(SECOND), (now + life).0.div_euclid(SECOND));
        let claims = Claims { iss, sub: user, sid: session, jti: id, kind, iat, exp };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signs)
            .map_err(|error| AuthError::Hash(error.to_string()))
    }

    /// Reads a token of one kind that is still good.
    ///
    /// # Errors
    /// When it is over, of another kind, or none of ours.
    pub fn read(&self, kind: TokenKind, token: &str, now: Timestamp) -> Result<Claims, AuthError> {
        let claims = decode::<Claims>(token, &self.checks, &self.rules)
            .map_err(|_| AuthError::InvalidToken)?
            .claims;
        if claims.kind != kind {
            return Err(AuthError::InvalidToken);
        }
        if claims.expires_at() <= now {
            return Err(AuthError::TokenExpired);
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_767_225_600 * SECOND);

    fn issued(tokens: &Tokens, kind: TokenKind) -> String {
        let ids = (UserId::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        tokens.issue(kind, ids, NOW).unwrap()
    }

    #[test]
    fn a_token_says_whose_it_is_until_it_is_over() {
        let tokens = Tokens::new(&Key::random());
        let token = issued(&tokens, TokenKind::Access);
        let claims = tokens.read(TokenKind::Access, &token, NOW).unwrap();
        assert_eq!((claims.sub, claims.sid), (UserId::from_u128(1), Uuid::from_u128(2)));
        assert_eq!(claims.expires_at(), NOW + ACCESS_LIFE);
        let over = tokens.read(TokenKind::Access, &token, NOW + ACCESS_LIFE);
        assert!(matches!(over, Err(AuthError::TokenExpired)));
    }

    #[test]
    fn a_token_of_another_kind_key_or_algorithm_is_none() {
        let (tokens, other) = (Tokens::new(&Key::random()), Tokens::new(&Key::random()));
        let refresh = issued(&tokens, TokenKind::Refresh);
        let foreign = issued(&other, TokenKind::Access);
        // {"alg":"none","typ":"JWT"} with claims that would fit.
        let unsigned = format!(
            "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.",
            issued(&tokens, TokenKind::Access).split('.').nth(1).unwrap()
        );
        for token in [refresh.as_str(), &foreign, &unsigned, "", "a.b.c", &refresh[1..]] {
            let read = tokens.read(TokenKind::Access, token, NOW);
            assert!(matches!(read, Err(AuthError::InvalidToken)), "{token}");
        }
    }
}
