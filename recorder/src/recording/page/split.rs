//! BYTE_STREAM_SPLIT: the k-th bytes of all values together, for k = 0..4 (little-endian order).
//!
//! The loops are written so that the compiler turns them into vector instructions: no index that could be out of range,
//! one block of fixed length at a time.

/// Values per block of the fixed-length loops.
const BLOCK: usize = 64;

/// Appends the four byte streams of `values` to `out`.
pub(crate) fn split(values: &[f32], out: &mut Vec<u8>) {
    let start = out.len();
    let n = values.len();
    out.resize(start + 4 * n, 0);
    let (s0, rest) = out[start..].split_at_mut(n);
    let (s1, rest) = rest.split_at_mut(n);
    let (s2, s3) = rest.split_at_mut(n);
    let streams = s0.chunks_mut(BLOCK).zip(s1.chunks_mut(BLOCK)).zip(s2.chunks_mut(BLOCK)).zip(s3.chunks_mut(BLOCK));
    for (block, (((b0, b1), b2), b3)) in values.chunks(BLOCK).zip(streams) {
        for ((((value, b0), b1), b2), b3) in block.iter().zip(b0).zip(b1).zip(b2).zip(b3) {
            let bits = value.to_bits();
            *b0 = bits as u8;
            *b1 = (bits >> 8) as u8;
            *b2 = (bits >> 16) as u8;
            *b3 = (bits >> 24) as u8;
        }
    }
}

/// Joins the streams of `encoded` into `values`; `encoded` holds four bytes per value.
///
/// # Panics
/// If the lengths do not agree; callers compare them first.
pub(crate) fn join(encoded: &[u8], values: &mut [f32]) {
    let n = values.len();
    assert_eq!(encoded.len(), 4 * n, "four streams of one byte per value");
    let (s0, rest) = encoded.split_at(n);
    let (s1, rest) = rest.split_at(n);
    let (s2, s3) = rest.split_at(n);
    let streams = s0.chunks(BLOCK).zip(s1.chunks(BLOCK)).zip(s2.chunks(BLOCK)).zip(s3.chunks(BLOCK));
    for (block, (((b0, b1), b2), b3)) in values.chunks_mut(BLOCK).zip(streams) {
        for ((((value, b0), b1), b2), b3) in block.iter_mut().zip(b0).zip(b1).zip(b2).zip(b3) {
            *value = f32::from_le_bytes([*b0, *b1, *b2, *b3]);
        }
    }
}

/// The part `first..first + values.len()` of the values in `encoded`, which holds `n` values in all.
pub(crate) fn join_part(encoded: &[u8], n: usize, first: usize, values: &mut [f32]) {
    for (i, value) in values.iter_mut().enumerate() {
        let at = |stream: usize| encoded[stream * n + first + i];
        *value = f32::from_le_bytes([at(0), at(1), at(2), at(3)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_survives_bit_for_bit() {
        for n in [0, 1, 2, 31, 63, 64, 65, 200] {
            let values: Vec<f32> = (0..n).map(|i| f32::from_bits(0x9e37_79b9_u32.wrapping_mul(i as u32 + 1))).collect();
            let mut encoded = vec![7];
            split(&values, &mut encoded);
            assert_eq!(encoded.len(), 1 + 4 * n);
            let mut back = vec![0.0; n];
            join(&encoded[1..], &mut back);
            let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&back), bits(&values));
            if n > 40 {
                let mut part = vec![0.0; 30];
                join_part(&encoded[1..], n, 7, &mut part);
                assert_eq!(bits(&part), bits(&values[7..37]));
            }
        }
    }

    #[test]
    fn the_streams_are_in_little_endian_order() {
        let mut encoded = Vec::new();
        split(&[f32::from_bits(0x0403_0201), f32::from_bits(0x1413_1211)], &mut encoded);
        assert_eq!(encoded, [0x01, 0x11, 0x02, 0x12, 0x03, 0x13, 0x04, 0x14]);
    }
}
