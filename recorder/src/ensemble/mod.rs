//! Members of unequal size, packed so that they train as one network.

mod block;
mod member;
mod network;
mod packs;

pub use block::{BLOCK, Block, HALVES, Row, Trained, ZERO_ROW, lane, lane_mut};
pub use member::Member;
pub use network::{Groups, Head, Network, Parameters, Part};
pub(crate) use network::{read, write};
pub use packs::packs;
