//! Ends: in good order on a signal, and what a lab may do to a running server.

use crate::server::{Server, data_folder, demo};

#[tokio::test]
async fn a_signal_ends_it_in_good_order() {
    let (_folder, data) = data_folder();
    let mut server = Server::start(&mut demo(&data));
    server.log_in().await;
    server.until("/api/v1/fills", |fills| fills.as_array().is_some_and(|it| !it.is_empty())).await;
    assert_eq!(server.stop().code(), Some(0));
    let mut verify = crate::banyan::banyan(&["journal", "verify", "--json", "--data-dir"]);
    let verified = crate::banyan::run(verify.arg(&data));
    assert_eq!(verified.code, Some(0), "{verified:#?}");
}
