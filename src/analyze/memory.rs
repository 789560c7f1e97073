//! How `--memory`, the most that the whole program takes, is shared out.

/// What the program takes whatever it does: code, threads, footers, and the reader's buffers at their largest.
const PROGRAM: usize = 64 << 20;

/// Bytes of the reader at most: chunks of more rows do not read faster.
const READING: usize = 64 << 20;

/// Bytes that the reader may take of `memory`.
pub fn for_reading(memory: usize) -> usize {
    (memory / 4).clamp(1, READING)
}

/// Bytes that a statistic may hold at once: what program and reader leave of `memory`; a quarter of a small one, which the
/// program exceeds by itself.
pub fn for_statistic(memory: usize) -> usize {
    memory.saturating_sub(PROGRAM).max(memory / 4)
}

/// A number of bytes for people.
pub fn in_words(bytes: u64) -> String {
    match bytes as f64 {
        n if n >= 1024.0 * 1024.0 * 1024.0 => format!("{:.1} GiB", n / 1024.0 / 1024.0 / 1024.0),
        n if n >= 1024.0 * 1024.0 => format!("{:.0} MiB", n / 1024.0 / 1024.0),
        n if n >= 1024.0 => format!("{:.0} KiB", n / 1024.0),
        n => format!("{n} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_stay_below_the_whole() {
        for memory in [1, 100, 64 << 10, 64 << 20, 256 << 20, 2 << 30] {
            assert!(for_reading(memory) <= memory && for_statistic(memory) <= memory);
        }
        assert_eq!(for_statistic(256 << 20), 192 << 20);
        assert_eq!(
            [in_words(12), in_words(3 << 10), in_words(5 << 20), in_words(3 << 29)].join(", "),
            "12 bytes, 3 KiB, 5 MiB, 1.5 GiB"
        );
    }
}
