//! Which members train side by side.

use super::{BLOCK, Block};
use crate::model::Model;

/// Cuts `sizes` into runs of neighbours whose trained state (weights and moments) is at most `cache_bytes`; a size that
/// is larger by itself is a run of its own.
///
/// The members of a pack take a step together, and a pack trains for a whole epoch before the next one: its state then
/// stays in the cache that the cores share instead of crossing the memory bus at every step. Members do not depend on
/// each other, so this changes the speed of a run and never its result.
#[must_use]
pub fn packs(sizes: &[usize], model: &Model, n_classes: usize, cache_bytes: usize) -> Vec<Vec<usize>> {
    let bytes = |size: usize| size.div_ceil(BLOCK) * Block::state_bytes(model.n_inputs(), n_classes);
    let mut packs: Vec<Vec<usize>> = Vec::new();
    let mut filled = 0;
    for &size in sizes {
        filled += bytes(size);
        match packs.last_mut() {
            Some(pack) if filled <= cache_bytes => pack.push(size),
            _ => {
                filled = bytes(size);
                packs.push(vec![size]);
            }
        }
    }
    for (index, sizes) in packs.iter().enumerate() {
        log::info!("pack {index}: sizes {sizes:?}, together within {} MiB of cache", cache_bytes >> 20);
    }
    packs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_fits_into_the_cache_and_keeps_the_order() {
        let model = Model::by_name("mnist_h1").unwrap();
        let sizes = [64, 90, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048, 2896];
        let packs = packs(&sizes, &model, 10, 24 << 20);
        assert_eq!(packs.concat(), sizes);
        assert!(packs.len() < sizes.len());
        for pack in &packs {
            let bytes: usize = pack.iter().map(|s| s.div_ceil(BLOCK) * Block::state_bytes(784, 10)).sum();
            assert!(pack.len() == 1 || bytes <= 24 << 20);
        }
    }
}
