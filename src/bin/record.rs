//! `record`.
fn main() {}
