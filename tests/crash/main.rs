//! What is left when `record` ends early, and that `--resume` goes on from it to the same recording.
//!
//! - `faults`: every file operation of a run fails once, in four ways.
//! - `kills`: a real process is killed at random moments.
//! - `resume`: what is refused, what is continued, what is said.
//! - `memory`: a real process's peak memory beside what it records.

mod disk;
mod faults;
mod kills;
mod memory;
mod resume;
mod setup;
