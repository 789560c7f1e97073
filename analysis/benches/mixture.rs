//! Fits of mixtures to 30,000 values, all starts included: a layer of 2,896 neurons over eleven replicates, in one sample.
//!
//!     cargo bench --workspace --bench mixture -- [--json] [--n 30000] [--rounds 3]
//!
//! Seconds are medians over rounds, on one thread. Samples: two gammas apart, two that overlap, and one alone, where the
//! likelihood of two is flat. `near` starts at known parameters, as a bootstrap replicate does.

use layerscope_analysis::mixture::{Family, Parameters, Params};
use serde_json::json;
use std::hint::black_box;
use std::time::Instant;

const SAMPLES: [(&str, Parameters); 3] = [
    ("apart", Parameters::TwoGamma { weight: 0.3, shape1: 1.2, scale1: 0.1, shape2: 30.0, scale2: 0.1 }),
    ("overlapping", Parameters::TwoGamma { weight: 0.3, shape1: 1.2, scale1: 0.6, shape2: 4.0, scale2: 0.4 }),
    ("one_population", Parameters::Gamma { shape: 4.0, scale: 0.4 }),
];

/// The value behind an option of the command line.
fn value(option: &str, default: usize) -> usize {
    let mut arguments = std::env::args().skip_while(|argument| argument != option);
    arguments.nth(1).map_or(default, |text| text.parse().expect("a whole number"))
}

/// Median seconds of a fit.
fn measure(params: &Params, sample: &[f64], rounds: usize) -> f64 {
    let once = || {
        let started = Instant::now();
        black_box(params.fit_sample(black_box(sample)).expect("positive values"));
        started.elapsed().as_secs_f64()
    };
    let mut seconds: Vec<f64> = (0..rounds).map(|_| once()).collect();
    seconds.sort_by(f64::total_cmp);
    seconds[rounds / 2]
}

fn main() {
    let (n, rounds) = (value("--n", 30_000), value("--rounds", 3));
    let mut report = json!({"threads": 1, "n": n});
    for (name, law) in SAMPLES {
        let sample = law.draws(n, 5);
        for family in [Family::TwoGamma, Family::ExpNormal] {
            let seconds = measure(&Params::new(family), &sample, rounds);
            report[format!("{}_{name}_s", family.as_str())] = seconds.into();
        }
        if law.family() == Family::TwoGamma {
            let near = Params::new(Family::TwoGamma).starting_at(law);
            report[format!("two_gamma_{name}_near_s")] = measure(&near, &sample, rounds).into();
        }
    }
    if std::env::args().any(|argument| argument == "--json") {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
}
