//! Sorting activations: whole columns of f32, for statistics of order.

use crate::Reason;

/// Bits of a digit: three passes over 32 bits, and counts that stay in the first-level cache.
const DIGIT: u32 = 11;
/// Below this many values comparing is faster than counting.
const FEW: usize = 1500;

/// The values in order as f64, sorted in place; [`Reason::NotFinite`] when some are NaN or infinite.
pub(crate) fn sorted_column(values: &mut [f32]) -> Result<Vec<f64>, Reason> {
    let n_nonfinite = values.iter().filter(|x| !x.is_finite()).count() as u64;
    if n_nonfinite > 0 {
        return Err(Reason::NotFinite { n_nonfinite, n: values.len() as u64 });
    }
    sort_f32(values);
    Ok(values.iter().map(|x| f64::from(*x)).collect())
}

/// Sorts finite values ascending (-0 before 0): [`f32::total_cmp`] order.
///
/// Long columns by digits, least significant first: three passes whatever the values, about five times as fast as
/// comparing. A pass in which all values have the same digit is left out.
fn sort_f32(values: &mut [f32]) {
    if values.len() < FEW || u32::try_from(values.len()).is_err() {
        values.sort_unstable_by(f32::total_cmp);
        return;
    }
    let mut keys: Vec<u32> = values.iter().map(|x| to_key(*x)).collect();
    let mut counts = [[0_u32; 1 << DIGIT]; 3];
    for key in &keys {
        for (pass, counts) in counts.iter_mut().enumerate() {
            counts[digit(*key, pass)] += 1;
        }
    }
    let mut sorted = vec![0; keys.len()];
    for (pass, counts) in counts.iter_mut().enumerate() {
        if counts[digit(keys[0], pass)] as usize == keys.len() {
            continue;
        }
        let mut place = 0;
        for count in counts.iter_mut() {
            place += std::mem::replace(count, place);
        }
        for key in &keys {
            let place = &mut counts[digit(*key, pass)];
            sorted[*place as usize] = *key;
            *place += 1;
        }
        std::mem::swap(&mut keys, &mut sorted);
    }
    values.iter_mut().zip(keys).for_each(|(value, key)| *value = from_key(key));
}

/// A number whose order as an integer is the value's: the sign bit turned, for negative values all bits.
fn to_key(x: f32) -> u32 {
    let bits = x.to_bits();
    let negative = ((bits as i32) >> 31) as u32;
    bits ^ (negative | 1 << 31)
}

fn from_key(key: u32) -> f32 {
    let positive = ((key as i32) >> 31) as u32;
    f32::from_bits(key ^ (!positive | 1 << 31))
}

fn digit(key: u32, pass: usize) -> usize {
    (key >> (DIGIT * pass as u32)) as usize & ((1 << DIGIT) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_as_by_comparing() {
        let mut state = 7_u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            f32::from_bits((state >> 32) as u32)
        };
        for n in [0, 1, 2, FEW - 1, FEW, FEW + 1, 5003] {
            // All exponents and both signs; then both zeros, many of them, as behind a ReLU.
            let any: Vec<f32> = std::iter::repeat_with(&mut draw).filter(|x| x.is_finite()).take(n).collect();
            let relu: Vec<f32> =
                any.iter().map(|x| if x.to_bits() % 3 == 0 { x.abs() } else { 0.0_f32.copysign(*x) }).collect();
            for values in [any, relu, vec![1.5; n]] {
                let (mut found, mut expected) = (values.clone(), values);
                sort_f32(&mut found);
                expected.sort_by(f32::total_cmp);
                let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&found), bits(&expected), "n {n}");
            }
        }
    }
}
