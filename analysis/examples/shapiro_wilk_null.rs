//! Simulates the distribution of Shapiro-Wilk's W for normal samples larger than Royston's p-value is made for.
//!
//! ```sh
//! cargo run --release --example shapiro_wilk_null -- 5000:100000 7118:85770 1000000:3000 > null.csv
//! ```
//!
//! Each argument is a sample size and how many samples of it are drawn. The answer has a line `n,ln(1 - W)` per sample.
//! `fixtures/shapiro_wilk_null.py` fits quantiles, smooth in n, that the p-value of W is read from; the numbers of
//! samples behind the fit stand in `fixtures/shapiro_wilk_null.json`.
//!
//! A sample is not sorted but drawn in order: sums of exponential spacings, divided by the whole sum, are the order
//! statistics of uniform numbers (Devroye 1986, section V.3.1), and their normal quantiles those of a normal sample.
//! Every sample has its own random stream: the answer does not depend on the number of threads, and more samples of a
//! size begin with the same ones.

use layerscope_analysis::{Weights, shapiro_wilk_sorted};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};
use std::error::Error;
use std::io::Write;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "n,ln_one_minus_w")?;
    for argument in std::env::args().skip(1) {
        let (n, n_samples) = argument.split_once(':').ok_or("expected arguments such as 5000:100000")?;
        let (n, n_samples): (usize, u64) = (n.parse()?, n_samples.parse()?);
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
