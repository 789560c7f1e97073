//! At how many components a layer is rebuilt.

/// Every number of components is taken up to here.
const DENSE: usize = 64;

/// 0, 1, .., 64, then ⌊2^(i/2)⌋ = 90, 128, 181, .. below `p`, then `p` itself; ascending.
pub fn component_ladder(p: usize) -> Vec<usize> {
    let mut ladder: Vec<usize> = (0..=DENSE.min(p)).collect();
    // ⌊√(2^i)⌋ from i = 13: 90.
    ladder.extend((13..u64::BITS).map(|i| (1_u64 << i).isqrt() as usize).take_while(|&k| k < p));
    if p > DENSE {
        ladder.push(p);
    }
    ladder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_then_by_half_octaves_then_all() {
        assert_eq!(component_ladder(3), [0, 1, 2, 3]);
        assert_eq!(component_ladder(64).len(), 65);
        assert_eq!(component_ladder(200)[64..], [64, 90, 128, 181, 200]);
        assert_eq!(component_ladder(128)[64..], [64, 90, 128]);
    }
}
