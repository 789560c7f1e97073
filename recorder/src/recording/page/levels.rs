//! Repetition and definition levels of lists of one length without nulls.
//!
//! A row of U values has the repetition levels 0, 1, 1, ... (U of them) and every definition level at its maximum. Both
//! are stored as a hybrid of runs and bit-packed groups of eight (parquet-format, Encodings, RLE).

use super::header::{Input, put_varint};

/// Appends the repetition levels of `n_rows` rows of `n_neurons` values, with their length in front (page version 1).
pub(crate) fn put_repetition(n_rows: usize, n_neurons: usize, out: &mut Vec<u8>) {
    put_with_length(out, |out| {
        if n_neurons == 1 {
            return put_run(out, n_rows, 0);
        }
        for _ in 0..n_rows {
            put_run(out, 1, 0);
            put_run(out, n_neurons - 1, 1);
        }
    });
}

/// Appends `n_values` definition levels of 1, with their length in front (page version 1).
pub(crate) fn put_definition(n_values: usize, out: &mut Vec<u8>) {
    put_with_length(out, |out| put_run(out, n_values, 1));
}

fn put_with_length(out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend([0; 4]);
    put(out);
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

fn put_run(out: &mut Vec<u8>, n: usize, level: u8) {
    put_varint(out, (n as u64) << 1);
    out.push(level);
}

/// Whether `bytes` hold exactly the repetition levels of values `first..first + n_values` of a column whose rows have
/// `n_neurons` values each.
pub(crate) fn is_repetition(bytes: &[u8], first: u64, n_values: u64, n_neurons: u64) -> bool {
    // Position within the row of the next value.
    let mut position = first % n_neurons;
    each_run(bytes, 1, n_values, |run| match run {
        Run::Repeated { level: 0, n } => {
            let fits = position == 0 && (n == 1 || n_neurons == 1);
            position = if n_neurons == 1 { 0 } else { 1 };
            fits
        }
        Run::Repeated { level: _, n } => {
            let fits = position != 0 && n <= n_neurons - position;
            position = if fits { (position + n) % n_neurons } else { 0 };
            fits
        }
        Run::Packed { bytes, n } => {
            for i in 0..n {
                let level = (bytes[(i / 8) as usize] >> (i % 8)) & 1;
                if (level == 0) != (position == 0) {
                    return false;
                }
                position += 1;
                if position == n_neurons {
                    position = 0;
                }
            }
            true
        }
    })
}

/// Whether `bytes` hold exactly `n_values` definition levels of `max_level` (1 to 3).
pub(crate) fn is_definition(bytes: &[u8], n_values: u64, max_level: u8) -> bool {
    let width = if max_level == 1 { 1 } else { 2 };
    // One byte of packed levels, all at the maximum.
    let full = match max_level {
        1 | 3 => 0xff,
        _ => 0b1010_1010,
    };
    each_run(bytes, width, n_values, |run| match run {
        Run::Repeated { level, .. } => level == max_level,
        Run::Packed { bytes, n } => {
            let n_bits = n as usize * width;
            let (whole, rest) = (n_bits / 8, n_bits % 8);
            let mask = (1u8 << rest) - 1;
            bytes[..whole].iter().all(|byte| *byte == full) && (rest == 0 || bytes[whole] & mask == full & mask)
        }
    })
}

enum Run<'a> {
    Repeated { level: u8, n: u64 },
    Packed { bytes: &'a [u8], n: u64 },
}

/// Walks the runs until `n_values` levels are seen; false if `bytes` end before or `accept` refuses a run.
fn each_run<'a>(bytes: &'a [u8], width: usize, n_values: u64, mut accept: impl FnMut(Run<'a>) -> bool) -> bool {
    let mut input = Input { bytes, at: 0 };
    let mut left = n_values;
    while left > 0 {
        let Some(head) = input.varint() else { return false };
        let run = if head & 1 == 0 {
            let Some(level) = input.byte() else { return false };
            let n = (head >> 1).min(left);
            if n == 0 {
                return false;
            }
            left -= n;
            Run::Repeated { level, n }
        } else {
            let groups = head >> 1;
            let length = usize::try_from(groups).ok().and_then(|groups| groups.checked_mul(width));
            let packed = length.and_then(|length| bytes.get(input.at..input.at.checked_add(length)?));
            let Some(packed) = packed else { return false };
            input.at += packed.len();
            let n = groups.saturating_mul(8).min(left);
            if n == 0 {
                return false;
            }
            left -= n;
            Run::Packed { bytes: packed, n }
        };
        if !accept(run) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repetition(n_rows: usize, n_neurons: usize) -> Vec<u8> {
        let mut out = Vec::new();
        put_repetition(n_rows, n_neurons, &mut out);
        assert_eq!(out[..4], ((out.len() - 4) as u32).to_le_bytes());
        out.split_off(4)
    }

    #[test]
    fn the_written_pattern_is_accepted_and_no_other_length() {
        for (rows, neurons) in [(1, 1), (5, 1), (3, 2), (4, 9), (2, 2896)] {
            let levels = repetition(rows, neurons);
            let n = (rows * neurons) as u64;
            assert!(is_repetition(&levels, 0, n, neurons as u64), "{rows} x {neurons}");
            if rows > 1 {
                // A single row could be the first part of a longer one that goes on on the next page.
                assert!(!is_repetition(&levels, 0, n, neurons as u64 + 1), "{rows} x {neurons} as one longer");
            }
            assert!(!is_repetition(&levels, 0, n + 1, neurons as u64));
            if neurons > 1 {
                assert!(!is_repetition(&levels, 1, n, neurons as u64), "shifted by one value");
            }
        }
    }

    #[test]
    fn packed_levels_are_checked_bit_by_bit() {
        // Rows of 3: 0 1 1 0 1 1 0 1 | 1 and padding that may be anything.
        let packed = [(2 << 1) | 1, 0b1011_0110, 0b1111_1111];
        assert!(is_repetition(&packed, 0, 9, 3));
        assert!(!is_repetition(&packed, 0, 10, 3), "the tenth level starts a row but is 1");
        assert!(!is_repetition(&[(1 << 1) | 1, 0b1011_0111], 0, 8, 3));
        // The rest of a row that began on the page before.
        assert!(is_repetition(&[2 << 1, 1, 1 << 1, 0], 4, 3, 3));
    }

    #[test]
    fn definition_levels_below_the_maximum_are_seen() {
        let mut levels = Vec::new();
        put_definition(100, &mut levels);
        assert!(is_definition(&levels[4..], 100, 1));
        assert!(!is_definition(&levels[4..], 101, 1));
        assert!(!is_definition(&levels[4..], 100, 2));
        assert!(is_definition(&[(1 << 1) | 1, 0b1010_1010, 0b0000_0010], 5, 2));
        assert!(!is_definition(&[(1 << 1) | 1, 0b1010_1010, 0b0000_0001], 5, 2));
        assert!(!is_definition(&[(1 << 1) | 1, 0xff, 0b0011_1111], 8, 3));
        assert!(is_definition(&[(1 << 1) | 1, 0xff, 0b0011_1111], 7, 3));
    }

    #[test]
    fn endless_and_empty_runs_end() {
        assert!(!is_repetition(&[0, 0, 0, 0], 0, 4, 2));
        assert!(!is_definition(&[0xff; 12], 4, 1));
        assert!(!is_definition(&[1], 4, 1));
    }
}
