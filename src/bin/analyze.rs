//! `analyze`.
fn main() {}
