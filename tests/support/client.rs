//! HTTP clients of tests. They speak plain HTTP, but the library wants to know who would encrypt.

use std::time::Duration;

/// A client whose requests may take so long.
pub(crate) fn http(patience: Duration) -> reqwest::Client {
    // Another test of the same process may have said so before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(patience).build();
    client.expect("a client that encrypts nothing needs nothing")
}
