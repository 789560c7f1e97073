//! Seconds a training step and an evaluation of a whole sweep take on real batches, and how near the walls that is.
//!
//! `cargo bench -p layerscope-recorder --bench train -- --data-dir DIR [--dataset mnist] [--sizes 64,90] [--epochs 2]
//! [--threads 2] [--json]`: without `--data-dir`, the embedded mnist-5k.

use layerscope_recorder::backend::{Isa, shared_cache_bytes};
use layerscope_recorder::dataset::{Search, SplitName};
use layerscope_recorder::input::Samples;
use layerscope_recorder::model::Model;
use layerscope_recorder::train::{Activations, Capture, EpochMeasures, MemberWeights, Observer, Plan, Progress, train};
use std::convert::Infallible;
use std::time::Instant;

/// The journal's ladder from 64 to 2896.
const SIZES: [usize; 12] = [64, 90, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048, 2896];

/// Sums the seconds of each epoch over the packs.
struct Clock {
    n_epochs: usize,
    training: Vec<f64>,
    evaluation: Vec<f64>,
    last: Instant,
    measured: bool,
    last_accuracy: f64,
}

impl Observer for Clock {
    type Error = Infallible;
    fn progress(&mut self, _: &Progress<'_>) {
        self.last = Instant::now();
        self.measured = false;
    }
    fn epoch(&mut self, measures: &EpochMeasures) -> Result<(), Infallible> {
        // The first member of a pack reports right after the evaluation of all of them.
        if !self.measured {
            self.evaluation[measures.epoch - 1] += self.last.elapsed().as_secs_f64();
            self.training[measures.epoch - 1] += measures.seconds;
            self.measured = true;
        }
        if measures.epoch == self.n_epochs {
            self.last_accuracy = measures.test.accuracy;
        }
        Ok(())
    }
    fn activations(&mut self, _: &Activations<'_>) -> Result<(), Infallible> {
        Ok(())
    }
    fn weights(&mut self, _: &MemberWeights<'_>) -> Result<(), Infallible> {
        Ok(())
    }
    fn cancelled(&self) -> bool {
        false
    }
}

fn value(name: &str) -> Option<String> {
    let arguments: Vec<String> = std::env::args().collect();
    arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1).cloned())
}

fn number(name: &str, default: usize) -> usize {
    value(name).map_or(default, |text| text.parse().expect("a number"))
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn main() {
    let data_dir = value("--data-dir").map(Into::into);
    let name = value("--dataset").unwrap_or_else(|| if data_dir.is_some() { "mnist" } else { "mnist-5k" }.into());
    let search = Search::from_environment(data_dir).expect("a readable folder");
    let dataset = search.load(&name, &mut ()).expect("a data set");
    let sizes: Vec<usize> = value("--sizes")
        .map_or(SIZES.to_vec(), |text| text.split(',').map(|size| size.parse().expect("a size")).collect());
    let n_epochs = number("--epochs", 2);
    let plan = Plan {
        model: Model::by_name("mnist_h1").expect("the model"),
        sizes: sizes.clone(),
        n_replicates: 1,
        n_epochs,
        batch_size: number("--batch-size", 128),
        learning_rate: 1e-3,
        seed: 0,
        n_threads: number("--threads", 2),
        capture: Capture { split: SplitName::Test, n_samples: 0, epochs: Vec::new(), chunk_bytes: 64 << 20 },
    };
    let mut clock = Clock {
        n_epochs,
        training: vec![0.0; n_epochs],
        evaluation: vec![0.0; n_epochs],
        last: Instant::now(),
        measured: true,
        last_accuracy: f64::NAN,
    };
    train(&plan, &dataset, &mut clock).expect("training");

    let n_steps = dataset.train.n_samples().div_ceil(plan.batch_size) as f64;
    let step = median(&clock.training) / n_steps;
    let evaluation = median(&clock.evaluation);
    let lit = Samples::dense_share(dataset.train.pixels());
    // Forward and weight gradient: a multiply and an add for each weight and sample in both.
    let dense = sizes.iter().map(|&size| 4.0 * 784.0 * size as f64).sum::<f64>() * plan.batch_size as f64;
    // Weights and both moments, read and written once.
    let optimizer_bytes = sizes.iter().map(|&size| 6.0 * 4.0 * 785.0 * size as f64).sum::<f64>();
    let report = serde_json::json!({
        "dataset": name,
        "sizes": sizes.len(),
        "batch_size": plan.batch_size,
        "epochs": n_epochs,
        "threads": plan.n_threads,
        "isa": Isa::detect().name(),
        "cache_bytes": shared_cache_bytes(),
        "seconds_per_step": step,
        "seconds_per_step_min": clock.training.iter().copied().fold(f64::INFINITY, f64::min) / n_steps,
        "seconds_per_evaluation": evaluation,
        "seconds_per_evaluation_min": clock.evaluation.iter().copied().fold(f64::INFINITY, f64::min),
        "seconds_per_step_with_evaluation": step + evaluation / n_steps,
        "test_accuracy_of_the_widest": clock.last_accuracy,
        "share_of_non_zero_inputs": lit,
        "dense_equivalent_gflop_per_s": dense / step / 1e9,
        "computed_gflop_per_s": dense * lit / step / 1e9,
        "optimizer_gb_per_s": optimizer_bytes / step / 1e9,
    });
    if std::env::args().any(|argument| argument == "--json") {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
}
