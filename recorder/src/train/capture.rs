//! Activations of a network for the recorder.

use super::observer::{Activations, Observer};
use super::{Plan, TrainError};
use crate::backend::{Isa, Kernel, Lanes, Simd};
use crate::ensemble::{BLOCK, Block, Network, Row, ZERO_ROW, read};
use crate::input::{Affine, Rows, Samples};
use crate::op::hidden;
use rayon::prelude::*;

/// Samples that one thread computes at a time.
const GROUP: usize = 128;

/// Hands the activations of the plan's first samples to the observer, in chunks of the plan's size.
#[allow(clippy::too_many_arguments)]
pub(super) fn capture<O: Observer>(
    network: &Network,
    samples: &Samples,
    plan: &Plan,
    epoch: usize,
    affine: Affine,
    isa: Isa,
    pool: &rayon::ThreadPool,
    observer: &mut O,
) -> Result<(), TrainError<O::Error>> {
    let member = network.member();
    let size = member.size;
    let chunk = (plan.capture.chunk_bytes / (2 * size_of::<f32>() * size)).clamp(1, plan.capture.n_samples.max(1));
    let (mut pre, mut post) = (vec![0.0; chunk * size], vec![0.0; chunk * size]);
    for layer in plan.model.recorded_layers() {
        for first_sample in (0..plan.capture.n_samples).step_by(chunk) {
            let n = chunk.min(plan.capture.n_samples - first_sample);
            let (pre, post) = (&mut pre[..n * size], &mut post[..n * size]);
            pool.install(|| {
                pre.par_chunks_mut(GROUP * size).zip(post.par_chunks_mut(GROUP * size)).enumerate().for_each_init(
                    Vec::new,
                    |scratch, (group, (pre, post))| {
                        let rows = samples.rows(first_sample + group * GROUP, pre.len() / size, scratch);
                        for (index, block) in network.blocks.iter().enumerate() {
                            let block = &read(block);
                            isa.run(Copy { block, first: index * BLOCK, size, rows, affine, pre, post });
                        }
                    },
                );
            });
            let labels = &samples.labels()[first_sample..first_sample + n];
            let activations = Activations { member, epoch, layer, first_sample, labels, pre, post };
            observer.activations(&activations).map_err(TrainError::Observer)?;
            if observer.cancelled() {
                return Err(TrainError::Cancelled);
            }
        }
    }
    Ok(())
}

/// Writes a block's columns of `pre` and `post` `[n, size]`.
struct Copy<'a> {
    block: &'a Block,
    /// The block's first neuron.
    first: usize,
    size: usize,
    rows: Rows<'a>,
    affine: Affine,
    pre: &'a mut [f32],
    post: &'a mut [f32],
}

impl Kernel for Copy<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        let Block { weights, bias, weight_sums, .. } = self.block;
        let n = self.pre.len() / self.size;
        let mut pre: [Row; GROUP] = [ZERO_ROW; GROUP];
        hidden::forward::<S>(&weights.values, weight_sums, &bias.values[0], self.affine, self.rows, &mut pre[..n]);
        let mut post = pre;
        hidden::relu::<S>(&mut post[..n]);
        let width = BLOCK.min(self.size - self.first);
        for (to, rows) in [(self.pre, &pre), (self.post, &post)] {
            for (sample, row) in to.chunks_exact_mut(self.size).zip(rows) {
                for (values, lanes) in sample[self.first..self.first + width].chunks_mut(Lanes::WIDTH).zip(row) {
                    values.copy_from_slice(&lanes.0[..values.len()]);
                }
            }
        }
    }
}
