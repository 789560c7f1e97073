//! Loss and accuracy over a whole split.

use crate::backend::{Isa, Kernel, Lanes, Simd};
use crate::ensemble::{Block, Network, Row, ZERO_ROW, read};
use crate::input::{Affine, Rows, Samples};
use crate::op::{cross_entropy, hidden, output};
use rayon::prelude::*;

/// Samples evaluated at a time: their lists and a block's weights fit into a core's second-level cache together.
const CHUNK: usize = 512;

/// Samples whose activations of a block are in the first-level cache at once.
const GROUP: usize = 64;

/// What a network is worth on a split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measures {
    /// Mean cross-entropy in nats: the sum over the N samples divided by N. NaN for a network that has diverged.
    pub loss: f64,
    /// Correct samples divided by N.
    pub accuracy: f64,
}

/// Measures of every network over all samples, on the current thread pool. NaN for an empty split.
///
/// Sums are taken in the order of the samples, whatever the number of threads; logits are the same bits as in training.
pub(super) fn evaluate(networks: &[Network], samples: &Samples, affine: Affine, isa: Isa) -> Vec<Measures> {
    let n_chunks = samples.len().div_ceil(CHUNK);
    let parts: Vec<(f64, usize)> = (0..networks.len() * n_chunks)
        .into_par_iter()
        .with_max_len(1)
        .map_init(
            || (Vec::new(), vec![Lanes::ZERO; CHUNK]),
            |(scratch, logits), task| {
                let first = task % n_chunks * CHUNK;
                let n = CHUNK.min(samples.len() - first);
                let rows = samples.rows(first, n, scratch);
                let network = &networks[task / n_chunks];
                let logits = &mut logits[..n];
                logits.fill(Lanes::ZERO);
                for block in &network.blocks {
                    isa.run(Share { block: &read(block), rows, affine, logits });
                }
                let bias = read(&network.head).bias.values[0];
                let labels = &samples.labels()[first..first + n];
                isa.run(Judge { logits, labels, bias, n_classes: network.n_classes() })
            },
        )
        .collect();
    let n = samples.len() as f64;
    (0..networks.len())
        .map(|network| {
            let parts = &parts[network * n_chunks..(network + 1) * n_chunks];
            let loss: f64 = parts.iter().map(|part| part.0).sum();
            let correct: usize = parts.iter().map(|part| part.1).sum();
            Measures { loss: loss / n, accuracy: correct as f64 / n }
        })
        .collect()
}

/// Adds a block's share to the logits of some samples.
struct Share<'a> {
    block: &'a Block,
    rows: Rows<'a>,
    affine: Affine,
    logits: &'a mut [Lanes],
}

impl Kernel for Share<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        let Block { weights, bias, output, weight_sums, .. } = self.block;
        let n_inputs = weights.values.len();
        let mut post: [Row; GROUP] = [ZERO_ROW; GROUP];
        for (group, logits) in self.logits.chunks_mut(GROUP).enumerate() {
            let (first, n) = (group * GROUP, logits.len());
            let rows = self.rows.range(first, n, n_inputs);
            let post = &mut post[..n];
            hidden::forward::<S>(&weights.values, weight_sums, &bias.values[0], self.affine, rows, post);
            hidden::relu::<S>(post);
            output::forward::<S>(&output.values, post, logits);
        }
    }
}

/// The sum of losses and the number of correct samples.
struct Judge<'a> {
    logits: &'a [Lanes],
    labels: &'a [u8],
    bias: Lanes,
    n_classes: usize,
}

impl Kernel for Judge<'_> {
    type Output = (f64, usize);
    #[inline(always)]
    fn run<S: Simd>(self) -> (f64, usize) {
        let (mut loss, mut correct) = (0.0, 0);
        for (lanes, &label) in self.logits.iter().zip(self.labels) {
            let logits = S::load(lanes).add(S::load(&self.bias));
            let judged = cross_entropy::judge::<S>(logits, label, self.n_classes);
            loss += judged.loss;
            correct += usize::from(judged.correct);
        }
        (loss, correct)
    }
}
