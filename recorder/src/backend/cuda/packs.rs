//! Which members fit into the device's memory together.

use super::{Address, Device, Launch, Layout, Memory, NEURONS};
use crate::ensemble::Member;
use std::convert::Infallible;

/// Counts the memory that is asked for.
#[derive(Debug, Default)]
struct Counting {
    n_bytes: u64,
}

/// Devices hand out memory in pieces of this.
const PIECE: u64 = 512;

impl Device for Counting {
    type Error = Infallible;

    fn allocate(&mut self, _: &'static str, n_bytes: u64) -> Result<Address, Infallible> {
        self.n_bytes = self.n_bytes.saturating_add(n_bytes.max(1).next_multiple_of(PIECE));
        Ok(Address::NONE)
    }
    fn n_allocated(&self) -> usize {
        0
    }
    fn free_to(&mut self, _: usize) -> Result<(), Infallible> {
        Ok(())
    }
    fn free_bytes(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }
    fn upload(&mut self, _: Address, _: &[u8]) -> Result<(), Infallible> {
        Ok(())
    }
    fn download(&mut self, _: Address, _: &mut [u8]) -> Result<(), Infallible> {
        Ok(())
    }
    fn fetch(&mut self, _: usize, _: Address, _: usize) -> Result<(), Infallible> {
        Ok(())
    }
    fn fetched(&mut self, _: usize) -> Result<&[u8], Infallible> {
        Ok(&[])
    }
    fn run(&mut self, _: &[Launch], _: usize) -> Result<(), Infallible> {
        Ok(())
    }
    fn wait(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Bytes that an ensemble of this layout takes beside the data.
#[must_use]
pub fn ensemble_bytes(layout: &Layout, n_samples: usize, n_steps: usize) -> u64 {
    let mut counting = Counting::default();
    let Ok(_) = Memory::allocate(&mut counting, layout, n_samples, n_steps);
    counting.n_bytes
}

/// A member that does not fit by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// Which.
    pub member: Member,
    /// Bytes that it takes.
    pub n_bytes: u64,
}

/// Blocks of neurons in a pack: what a grid has in its second dimension.
const MAX_BLOCKS: usize = 65_535;

/// Cuts members, in their order, into runs of neighbours of at most `limit` bytes and 65,535 blocks; `bytes` is what a
/// member takes by itself, which is a little more than its share of a pack (it counts its replicate's batches as its own).
///
/// # Errors
///
/// The first member that is larger than `limit`.
pub fn device_packs(
    members: &[Member],
    limit: u64,
    mut bytes: impl FnMut(&Member) -> u64,
) -> Result<Vec<Vec<Member>>, TooLarge> {
    let mut packs: Vec<Vec<Member>> = Vec::new();
    let (mut filled, mut n_blocks) = (0_u64, 0);
    for &member in members {
        let n_bytes = bytes(&member);
        if n_bytes > limit {
            return Err(TooLarge { member, n_bytes });
        }
        filled = filled.saturating_add(n_bytes);
        n_blocks += member.size.div_ceil(NEURONS);
        match packs.last_mut() {
            Some(pack) if filled <= limit && n_blocks <= MAX_BLOCKS => pack.push(member),
            _ => {
                (filled, n_blocks) = (n_bytes, member.size.div_ceil(NEURONS));
                packs.push(vec![member]);
            }
        }
    }
    Ok(packs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_keep_the_order_and_the_limit() {
        let members: Vec<Member> =
            (0..3).flat_map(|r| [5, 70, 200].map(|size| Member { size, replicate: r })).collect();
        let bytes = |member: &Member| ensemble_bytes(&Layout::new(std::slice::from_ref(member), 784, 10, 128), 1000, 8);
        let whole = ensemble_bytes(&Layout::new(&members, 784, 10, 128), 1000, 8);
        let apart: u64 = members.iter().map(bytes).sum();
        assert!(whole <= apart, "{whole} {apart}");
        assert_eq!(device_packs(&members, apart, bytes).unwrap(), std::slice::from_ref(&members));
        let limit = apart / 3;
        let packs = device_packs(&members, limit, bytes).unwrap();
        assert!(packs.len() >= 3);
        assert_eq!(packs.concat(), members);
        for pack in &packs {
            assert!(ensemble_bytes(&Layout::new(pack, 784, 10, 128), 1000, 8) <= limit);
        }
        let many = [Member { size: 64 * 40_000, replicate: 0 }; 2];
        assert_eq!(device_packs(&many, u64::MAX, |_| 1).unwrap().len(), 2, "more blocks than a grid has");
        let small = bytes(&members[2]) - 1;
        let expected = TooLarge { member: members[2], n_bytes: small + 1 };
        assert_eq!(device_packs(&members, small, bytes), Err(expected));
    }
}
