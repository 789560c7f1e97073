//! What is being done, on stderr: one line per step, with the time it took.

use std::io::{IsTerminal, Write, stderr};
use std::time::Instant;

/// Does one step. On a terminal its name appears while it runs; a step that takes long has a bar of its own.
pub fn step<T>(name: &str, step: impl FnOnce() -> T) -> T {
    let mut out = stderr();
    let started = Instant::now();
    // A closed stderr is no reason to lose the page.
    if out.is_terminal() {
        let _ = write!(out, "report: {name} ..\r");
    }
    let done = step();
    let _ = writeln!(out, "report: {name}: {:.1} s", started.elapsed().as_secs_f64());
    done
}
