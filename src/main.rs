//! The command line of Banyan; everything behind it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    banyan::cli::main()
}
