//! `analyze`: measure a recording of activations. See `analyze --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerscope::analyze::main()
}
