//! The samples of the fixtures, made from a seed the same way as in fixtures/samples.py; that file says why.

use std::f64::consts::PI;

/// Steele, Lea, Flood (2014), Fast splittable pseudorandom number generators.
pub struct SplitMix64(pub u64);

impl SplitMix64 {
    /// In the open interval (0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (((z ^ (z >> 31)) >> 11) as f64 + 0.5) * (-53.0_f64).exp2()
    }

    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (2.0 * PI * self.uniform()).cos()
    }

    pub fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }
}

/// `n` values shift + scale * draw.
pub fn sample(family: &str, seed: u64, n: usize, scale: f64, shift: f64) -> Vec<f64> {
    let mut rng = SplitMix64(seed);
    let grid = 20.0_f64.exp2();
    (0..n).map(|_| shift + scale * ((draw(family, &mut rng) * grid + 0.5).floor() / grid)).collect()
}

fn draw(family: &str, rng: &mut SplitMix64) -> f64 {
    match family {
        "normal" => rng.normal(),
        "exponential" => rng.exponential(),
        "uniform" => rng.uniform(),
        "gamma2" => rng.exponential() + rng.exponential(),
        "half_zeros" => {
            let kept = rng.uniform() < 0.5;
            let value = rng.exponential();
            if kept { value } else { 0.0 }
        }
        "ties" => (10.0 * rng.uniform()).floor(),
        "bimodal" => {
            let offset = if rng.uniform() < 0.3 { 0.0 } else { 5.0 };
            offset + rng.normal()
        }
        "cauchy" => (PI * (rng.uniform() - 0.5)).tan(),
        "sparse" => {
            let fires = rng.uniform() < 0.01;
            let value = 1.0 + rng.exponential();
            if fires { value } else { 0.0 }
        }
        "relu" => rng.normal().max(0.0),
        other => panic!("no family {other}"),
    }
}
