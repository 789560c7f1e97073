//! Simulates the distribution of Shapiro-Wilk's W for normal samples larger than Royston's p-value is made for.
//!
//! ```sh
//! cargo run --release --example shapiro_wilk_null -- 100000 20000 > null.csv
//! ```
//!
//! The first number is how many samples of 5,000 values are drawn, the second how many of 1,000,000; between them the
//! number falls evenly in ln n. The answer has a line `n,ln(1 - W)` per sample. `fixtures/shapiro_wilk_null.py` fits the
//! quantiles, smooth in n, that the p-value of W is read from.
//!
//! A sample is not sorted but drawn in order: sums of exponential spacings, divided by the whole sum, are the order
//! statistics of uniform numbers (Devroye 1986, section V.3.1), and their normal quantiles those of a normal sample.
//! Every sample has its own random stream, so that the answer does not depend on the number of threads.

use layerscope_analysis::{Weights, shapiro_wilk_sorted};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};
use std::error::Error;
use std::io::Write;

/// Sample sizes: from Royston's end to the end of the calibration, two a doubling.
const SMALLEST: f64 = 5000.0;
const LARGEST: f64 = 1e6;
const STEPS: i32 = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let mut counts = std::env::args().skip(1).map(|count| count.parse::<f64>());
    let mut count = || {
        counts
            .next()
            .ok_or("expected the numbers of samples at the smallest and the largest size")?
            .map_err(Box::<dyn Error>::from)
    };
    let (at_smallest, at_largest) = (count()?, count()?);
    let mut out = std::io::stdout().lock();
    writeln!(out, "n,ln_one_minus_w")?;
    for step in 0..STEPS {
        let t = f64::from(step) / f64::from(STEPS - 1);
        let n = (SMALLEST * (LARGEST / SMALLEST).powf(t)).round() as usize;
        let n_samples = (at_smallest * (at_largest / at_smallest).powf(t)).round() as u64;
        let weights = Weights::new(n)?;
        let values: Vec<f64> = (0..n_samples)
            .into_par_iter()
            .map_init(
                || Vec::with_capacity(n),
                |sample, index| {
                    draw_sorted(sample, n, index);
                    shapiro_wilk_sorted(sample, &weights).map(|test| test.one_minus_w.ln())
                },
            )
            .collect::<Result<_, _>>()?;
        for value in values {
            writeln!(out, "{n},{value:.9}")?;
        }
        out.flush()?;
    }
    Ok(())
}

/// Fills `sample` with `n` sorted standard normal values, from a stream of its own for every `n` and `index`.
fn draw_sorted(sample: &mut Vec<f64>, n: usize, index: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
    rng.set_stream(index);
    // In the open interval (0, 1).
    let mut exponential = || -(((rng.next_u64() >> 11) as f64 + 0.5) * (-53.0_f64).exp2()).ln();
    sample.clear();
    let mut sum = 0.0;
    for _ in 0..n {
        sum += exponential();
        sample.push(sum);
    }
    let whole = sum + exponential();
    let normal = Normal::standard();
    for value in sample.iter_mut() {
        // From the nearer end, so that both tails keep their digits.
        *value = if *value < 0.5 * whole {
            normal.inverse_cdf(*value / whole)
        } else {
            -normal.inverse_cdf((whole - *value) / whole)
        };
    }
}
