//! The page of denial codes is made from the codes; `UPDATE_DOCS=1` writes it anew.

use std::fmt::Write as _;

use banyan_core::risk::DenialCode;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/denial-codes.md");

fn page() -> String {
    let mut page = String::from(
        "# Denial codes\n\n\
         A wish of a strategy that is refused makes no order. \
         The answer names one of these codes;\n\
         they are stable. Where several reasons apply, the first one met is named: the account's\n\
         own gates, then the market, the worker's limits, prices, and sizes last.\n\n\
         This page is made from the engine; a test compares the two.\n\n\
         | Code | Meaning |\n|---|---|\n",
    );
    for code in DenialCode::ALL {
        writeln!(page, "| `{code}` | {} |", code.meaning()).expect("a string takes everything");
    }
    page
}

#[test]
fn the_page_lists_every_code() {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, page()).unwrap();
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        written == page(),
        "docs/denial-codes.md is out of date; run the tests with UPDATE_DOCS=1"
    );
}
