//! What the command lines do with text from a stranger: nothing may panic, whatever it is.
#![allow(missing_docs)]

use clap::Parser;
use layerscope::analyze::AnalyzeArgs;
use layerscope::analyze::args::{ByteSize, EpochChoice};
use layerscope::record::args::Cli;
use layerscope::record::request::Request;
use layerscope::record::sizes;

/// A command line: arguments separated by line breaks, as text for every grammar too.
pub fn arguments(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(sizes) = sizes::parse(text) {
        assert!(!sizes.is_empty() && sizes.is_sorted());
    }
    let _ = text.parse::<ByteSize>();
    let _ = text.parse::<EpochChoice>();
    let words = || text.split('\n');
    if let Ok(cli) = Cli::try_parse_from(std::iter::once("record").chain(words())) {
        let _ = Request::new(cli.record);
    }
    let _ = AnalyzeArgs::try_parse_from(std::iter::once("analyze").chain(words()));
    // Each text flag of `record` by itself.
    for flag in ["--sizes", "--samples", "--stages", "--capture-epochs", "--backend", "--lr", "--dataset"] {
        let line = ["record", "--model", "mnist_h1", "--sizes", "2"].into_iter();
        let line = line.filter(|word| flag != "--sizes" || !["--sizes", "2"].contains(word));
        if let Ok(cli) = Cli::try_parse_from(line.chain([flag, text])) {
            let _ = Request::new(cli.record);
        }
    }
}
