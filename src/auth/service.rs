//! Registration, login and sessions.

use std::sync::Arc;

use banyan_core::time::{SECOND, Span, Timestamp};
use uuid::Uuid;

use super::keys::Keys;
use super::password::{Hasher, fault};
use super::tokens::{ACCESS_LIFE, REFRESH_LIFE, TokenKind, Tokens};
use super::vault::Vault;
use super::{AuthError, AuthSettings};
use crate::clock::Clock;
use crate::entropy;
use crate::secret::Secret;
use crate::store::{Everyone, LiveSession, Owner, Rotation, Store, StoreError, User};

/// Logins for one address that may fail in a row.
const LOGINS: i64 = 5;
/// How long an address is locked after that.
const LOCK: Span = Span::minutes(15);
const LONGEST_EMAIL: usize = 254;
const LONGEST_NAME: usize = 100;

/// Who logs in, and what proves it.
pub struct Auth {
    store: Store,
    tokens: Tokens,
    vault: Arc<Vault>,
    hasher: Hasher,
    clock: Clock,
    open_registration: bool,
}

/// What somebody registers with.
pub struct Registration {
    /// The address.
    pub email: String,
    /// The password.
    pub password: Secret,
    /// How to be called.
    pub name: String,
}

/// Tokens of a session.
pub struct IssuedTokens {
    /// To use the interface.
    pub access: String,
    /// To get new tokens, once.
    pub refresh: String,
    /// How long the access token is good.
    pub life: Span,
}

/// Who asks, proven by an access token.
#[derive(Debug, Clone)]
pub struct Caller {
    session: LiveSession,
    expires_at: Timestamp,
}

impl Caller {
    /// The rows that the caller may see.
    #[must_use]
    pub fn owner(&self) -> Owner {
        self.session.owner()
    }

    /// All rows, if the caller is an administrator.
    #[must_use]
    pub fn everyone(&self) -> Option<Everyone> {
        self.session.everyone()
    }

    /// Who it is.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.session.user
    }

    /// When the token ends.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl Auth {
    /// Checks that the data key is the one of this database.
    ///
    /// # Errors
    /// When it is another, or the store fails.
    pub async fn open(
        store: Store,
        keys: &Keys,
        settings: &AuthSettings,
        clock: Clock,
    ) -> Result<Self, AuthError> {
        let vault = Arc::new(Vault::new(&keys.data));
        let kept = store.key_check(&vault.check_value(), clock.now()).await?;
        if !vault.knows(&kept) {
            return Err(AuthError::OtherDataKey);
        }
        let (tokens, hasher) = (Tokens::new(&keys.token), Hasher::new().await?);
        let open_registration = settings.open_registration;
        Ok(Self { store, tokens, vault, hasher, clock, open_registration })
    }

    /// Seals and opens credentials.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The same vault, for who opens credentials without a request.
    #[must_use]
    pub fn vault_shared(&self) -> Arc<Vault> {
        self.vault.clone()
    }

    /// Registers a user; the first one is an administrator.
    ///
    /// # Errors
    /// When what was entered is not taken, or nobody may register from where this came.
    pub async fn register(&self, form: Registration, is_local: bool) -> Result<User, AuthError> {
        if !is_local && !self.open_registration {
            return Err(AuthError::RegistrationClosed);
        }
        let Registration { email, password, name } = form;
        let email = checked_email(&email)?;
        let name = checked_name(&name)?;
        check_password("password", &password)?;
        if self.store.user_by_email(&email).await?.is_some() {
            return Err(AuthError::EmailTaken);
        }
        let hash = self.hasher.hash(password).await?;
        let added = self.store.insert_user(&email, &name, &hash, self.clock.now()).await;
        added.map_err(|error| match error {
            StoreError::Conflict(_) => AuthError::EmailTaken,
            other => other.into(),
        })
    }

    /// Begins a session.
    ///
    /// # Errors
    /// When address or password are wrong, or failed too often.
    pub async fn log_in(&self, email: &str, password: Secret) -> Result<IssuedTokens, AuthError> {
        let email = email.trim().to_lowercase();
        let address = self.vault.fingerprint(email.as_bytes());
        let now = self.clock.now();
        let count = self.store.count_login(&address, LOGINS, now + LOCK, now).await?;
        if count.failures > LOGINS {
            let seconds = (count.locked_until - now).0.max(0).unsigned_abs();
            return Err(AuthError::Locked { seconds: seconds.div_ceil(SECOND.unsigned_abs()) });
        }
        let user = self.store.user_by_email(&email).await?.filter(|user| user.is_active);
        let hash = user.as_ref().map(|user| user.password_hash.as_str());
        let verified = self.hasher.verify(password, hash).await?;
        let user = user.filter(|_| verified).ok_or(AuthError::InvalidCredentials)?;
        self.store.forget_login_failures(&address, now).await?;
        let refresh = entropy::id(now);
        let session = self.store.begin_session(user.id, refresh, now + REFRESH_LIFE, now).await?;
        self.issue(&user, session, refresh, now)
    }

    /// Replaces the tokens of a session. A refresh token that was used before ends the session:
    /// somebody has a copy of it.
    ///
    /// # Errors
    /// When the token is not good any more, or the session has ended.
    pub async fn refresh(&self, token: &str) -> Result<IssuedTokens, AuthError> {
        let now = self.clock.now();
        let claims = self.tokens.read(TokenKind::Refresh, token, now)?;
        let live = self.store.live_session(claims.sid, now).await?;
        let live = live.filter(|it| it.user.id == claims.sub).ok_or(AuthError::SessionEnded)?;
        let next = entropy::id(now);
        let until = now + REFRESH_LIFE;
        let rotated = self.store.rotate_session(live.id, (claims.jti, next), until, now).await?;
        match rotated {
            Rotation::Rotated => self.issue(&live.user, live.id, next, now),
            Rotation::Refused => Err(AuthError::SessionEnded),
        }
    }

    /// Says who asks.
    ///
    /// # Errors
    /// When the token is not good, or its session has ended.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, AuthError> {
        let now = self.clock.now();
        let claims = self.tokens.read(TokenKind::Access, token, now)?;
        let live = self.store.live_session(claims.sid, now).await?;
        let session = live.filter(|it| it.user.id == claims.sub).ok_or(AuthError::SessionEnded)?;
        Ok(Caller { session, expires_at: claims.expires_at() })
    }

    /// Ends the session of the caller and that of a refresh token, with all of their tokens.
    ///
    /// # Errors
    /// When there is neither, or the store fails.
    pub async fn log_out(
        &self,
        caller: Option<&Caller>,
        refresh: Option<&str>,
    ) -> Result<(), AuthError> {
        let now = self.clock.now();
        let claims = refresh.map(|token| self.tokens.read(TokenKind::Refresh, token, now));
        if let Some(caller) = caller {
            self.store.end_session(caller.session.id, now).await?;
        }
        match claims {
            Some(Ok(claims)) => Ok(self.store.end_session(claims.sid, now).await?),
            Some(Err(error)) if caller.is_none() => Err(error),
            None if caller.is_none() => Err(AuthError::InvalidToken),
            Some(Err(_)) | None => Ok(()),
        }
    }

    /// Changes how the caller is called.
    ///
    /// # Errors
    /// When the name is not taken.
    pub async fn rename(&self, caller: &Caller, name: &str) -> Result<User, AuthError> {
        let name = checked_name(name)?;
        Ok(self.store.rename_user(caller.owner(), &name, self.clock.now()).await?)
    }

    /// Changes the caller's password, and ends the caller's other sessions.
    ///
    /// # Errors
    /// When the current password is wrong, or the new one not taken.
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: Secret,
        new: Secret,
    ) -> Result<(), AuthError> {
        check_password("new_password", &new)?;
        if current == new {
            let message = "must differ from the current password";
            return Err(AuthError::Field { field: "new_password", message });
        }
        let hash = Some(caller.user().password_hash.as_str());
        if !self.hasher.verify(current, hash).await? {
            return Err(AuthError::Field { field: "current_password", message: "is wrong" });
        }
        let hash = self.hasher.hash(new).await?;
        let (kept, now) = (caller.session.id, self.clock.now());
        Ok(self.store.change_password(caller.owner(), &hash, kept, now).await?)
    }

    fn issue(
        &self,
        user: &User,
        session: Uuid,
        refresh: Uuid,
        now: Timestamp,
    ) -> Result<IssuedTokens, AuthError> {
        let access = (user.id, session, entropy::id(now));
        Ok(IssuedTokens {
            access: self.tokens.issue(TokenKind::Access, access, now)?,
            refresh: self.tokens.issue(TokenKind::Refresh, (user.id, session, refresh), now)?,
            life: ACCESS_LIFE,
        })
    }
}

fn check_password(field: &'static str, password: &Secret) -> Result<(), AuthError> {
    fault(password.expose()).map_or(Ok(()), |message| Err(AuthError::Field { field, message }))
}

fn checked_name(name: &str) -> Result<String, AuthError> {
    let (field, name) = ("name", name.trim());
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(AuthError::Field { field, message: "must be 1 to 100 characters long" });
    }
    if name.chars().any(char::is_control) {
        return Err(AuthError::Field { field, message: "must have no control characters" });
    }
    Ok(name.to_owned())
}

/// An address in lower case.
fn checked_email(email: &str) -> Result<String, AuthError> {
    let email = email.trim().to_lowercase();
    let fits = email.len() <= LONGEST_EMAIL
        && !email.chars().any(|it| it.is_whitespace() || it.is_control())
        && email.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && !host.is_empty() && !host.contains('@')
        });
    let message = "must be an e-mail address";
    fits.then_some(email).ok_or(AuthError::Field { field: "email", message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Database;

    const PASSWORD: &str = "SecurePass123";

    struct Door {
        auth: Auth,
        store: Store,
        keys: Keys,
        _folder: tempfile::TempDir,
    }

    fn settings() -> AuthSettings {
        let none = Secret::default;
        AuthSettings { token_key: none(), data_key: none(), open_registration: false }
    }

    async fn door() -> Door {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::Sqlite(folder.path().join("banyan.db"));
        let store = Store::open(&database).await.unwrap();
        let keys = Keys::load(&settings(), &folder.path().join("keys")).unwrap();
        let clock = Clock::starting_at(Timestamp(1_767_225_600 * SECOND));
        let auth = Auth::open(store.clone(), &keys, &settings(), clock).await.unwrap();
        Door { auth, store, keys, _folder: folder }
    }

    async fn register(auth: &Auth, email: &str) -> Result<User, AuthError> {
        let password = Secret::new(PASSWORD);
        let form = Registration { email: email.into(), password, name: "John".into() };
        auth.register(form, true).await
    }

    async fn log_in(auth: &Auth, email: &str, password: &str) -> Result<IssuedTokens, AuthError> {
        auth.log_in(email, Secret::new(password)).await
    }

    #[tokio::test]
    async fn the_first_user_is_an_administrator_and_addresses_are_unique() {
        let door = door().await;
        let first = register(&door.auth, "John@Example.com").await.unwrap();
        let second = register(&door.auth, "b@example.com").await.unwrap();
        assert!(first.is_admin && !second.is_admin);
        assert_eq!(first.email, "john@example.com");
        let taken = register(&door.auth, "JOHN@example.com").await;
        assert!(matches!(taken, Err(AuthError::EmailTaken)));
        for email in ["", "john", "@", "a@", "a@b@c", "a b@c"] {
            let refused = register(&door.auth, email).await;
            assert!(matches!(refused, Err(AuthError::Field { field: "email", .. })), "{email}");
        }
        let password = Secret::new(PASSWORD);
        let form = Registration { email: "c@d".into(), password, name: "C".into() };
        let remote = door.auth.register(form, false).await;
        assert!(matches!(remote, Err(AuthError::RegistrationClosed)));
    }

    #[tokio::test]
    async fn five_failures_lock_an_address_whether_or_not_somebody_has_it() {
        let door = door().await;
        register(&door.auth, "a@b.c").await.unwrap();
        for email in ["a@b.c", "nobody@b.c"] {
            for _ in 0..LOGINS {
                let refused = log_in(&door.auth, email, "wrong-password").await;
                assert!(matches!(refused, Err(AuthError::InvalidCredentials)));
            }
            let locked = log_in(&door.auth, email, PASSWORD).await;
            let Err(AuthError::Locked { seconds }) = locked else {
                panic!("{email} is not locked");
            };
            assert!((890..=900).contains(&seconds), "{seconds}");
        }
        let later = Timestamp(1_767_225_600 * SECOND) + LOCK + Span::seconds(10);
        let clock = Clock::starting_at(later);
        let auth = Auth::open(door.store, &door.keys, &settings(), clock).await.unwrap();
        let again = log_in(&auth, "a@b.c", "wrong-password").await;
        assert!(matches!(again, Err(AuthError::InvalidCredentials)));
        log_in(&auth, "A@B.C", PASSWORD).await.unwrap();
    }

    #[tokio::test]
    async fn a_refresh_token_is_good_once_and_its_reuse_ends_the_session() {
        let door = door().await;
        register(&door.auth, "a@b.c").await.unwrap();
        let first = log_in(&door.auth, "a@b.c", PASSWORD).await.unwrap();
        let other = log_in(&door.auth, "a@b.c", PASSWORD).await.unwrap();
        let second = door.auth.refresh(&first.refresh).await.unwrap();
        assert!(door.auth.authenticate(&second.access).await.is_ok());
        let reused = door.auth.refresh(&first.refresh).await;
        assert!(matches!(reused, Err(AuthError::SessionEnded)));
        for tokens in [&first, &second] {
            let access = door.auth.authenticate(&tokens.access).await;
            assert!(matches!(access, Err(AuthError::SessionEnded)));
        }
        assert!(door.auth.refresh(&second.refresh).await.is_err());
        assert!(door.auth.authenticate(&other.access).await.is_ok());
        assert!(door.auth.authenticate(&other.refresh).await.is_err());
    }

    #[tokio::test]
    async fn logging_out_and_a_new_password_end_sessions() {
        let door = door().await;
        let auth = &door.auth;
        register(auth, "a@b.c").await.unwrap();
        let one = log_in(auth, "a@b.c", PASSWORD).await.unwrap();
        let two = log_in(auth, "a@b.c", PASSWORD).await.unwrap();
        let three = log_in(auth, "a@b.c", PASSWORD).await.unwrap();
        let caller = auth.authenticate(&one.access).await.unwrap();
        auth.log_out(Some(&caller), Some(&two.refresh)).await.unwrap();
        assert!(auth.authenticate(&one.access).await.is_err());
        assert!(auth.refresh(&one.refresh).await.is_err());
        assert!(auth.authenticate(&two.access).await.is_err());
        let four = log_in(auth, "a@b.c", PASSWORD).await.unwrap();
        let caller = auth.authenticate(&three.access).await.unwrap();
        let change = |current: &str, new: &str| {
            auth.change_password(&caller, Secret::new(current), Secret::new(new))
        };
        let wrong = change("wrong-password", "NewPass456").await;
        assert!(matches!(wrong, Err(AuthError::Field { field: "current_password", .. })));
        let short = change(PASSWORD, "short").await;
        assert!(matches!(short, Err(AuthError::Field { field: "new_password", .. })));
        change(PASSWORD, "NewPass456").await.unwrap();
        assert!(auth.authenticate(&three.access).await.is_ok());
        assert!(auth.authenticate(&four.access).await.is_err());
        assert!(log_in(auth, "a@b.c", PASSWORD).await.is_err());
        assert!(log_in(auth, "a@b.c", "NewPass456").await.is_ok());
    }

    #[tokio::test]
    async fn another_data_key_is_refused_at_the_start() {
        let door = door().await;
        let token = door.keys.token.clone();
        let keys = Keys { token, data: crate::auth::keys::Key::random() };
        let clock = Clock::starting_at(Timestamp(0));
        let refused = Auth::open(door.store, &keys, &settings(), clock).await;
        assert!(matches!(refused, Err(AuthError::OtherDataKey)));
    }
}
