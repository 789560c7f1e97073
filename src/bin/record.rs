//! `record`: trains a size sweep and records its activations. See `record --help`.

use std::{env, process::ExitCode};

use layerscope::record;

fn main() -> ExitCode {
    let cli = match record::args::parse(env::args_os()) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match record::execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("record: {error:#}");
            record::exit_code(&error)
        }
    }
}
