//! Adjusted p-values against statsmodels and R, and what follows from their definition.

mod support;

use layerscope_analysis::multiplicity::{Adjustment, adjust};
use proptest::prelude::*;
use serde::Deserialize;
use support::samples::SplitMix64;
use support::{Tolerance, assert_close};

#[derive(Debug, Deserialize)]
struct Case {
    seed: u64,
    n: usize,
    power: i32,
    bh: Vec<f64>,
    by: Vec<f64>,
    holm: Vec<f64>,
}

impl Case {
    /// As in fixtures/multiplicity.py.
    fn p_values(&self) -> Vec<f64> {
        let mut rng = SplitMix64(self.seed);
        let grid = 20.0_f64.exp2();
        let mut p: Vec<f64> =
            (0..self.n).map(|_| ((rng.uniform() * grid + 0.5).floor() / grid).powi(self.power)).collect();
        (2..self.n).step_by(3).for_each(|i| p[i] = p[i - 1]);
        p
    }
}

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[test]
fn adjusted_p_values_are_statsmodels() {
    let fixture: Fixture = serde_json::from_str(include_str!("../../fixtures/multiplicity.json")).unwrap();
    assert!(fixture.cases.len() >= 200);
    for case in &fixture.cases {
        let p = case.p_values();
        for (method, expected) in [
            (Adjustment::BenjaminiHochberg, &case.bh),
            (Adjustment::BenjaminiYekutieli, &case.by),
            (Adjustment::Holm, &case.holm),
        ] {
            let found = adjust(&p, method);
            assert_eq!(found.len(), expected.len());
            for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
                // Twelve roundings of the power, and three of the factor.
                assert_close(format!("{method:?} {i} {case:?}"), *found, *expected, Tolerance::rel(4e-15));
            }
        }
        assert_eq!(adjust(&p, Adjustment::None), p);
    }
}

proptest! {
    /// q >= p, in the same order as p, the more careful method never below the other, and independent of the order.
    #[test]
    fn adjusting_keeps_the_order(mut p in prop::collection::vec(0.0..=1.0_f64, 1..40)) {
        p.push(p[0]);
        let [bh, by, holm] = [Adjustment::BenjaminiHochberg, Adjustment::BenjaminiYekutieli, Adjustment::Holm]
            .map(|method| adjust(&p, method));
        for i in 0..p.len() {
            prop_assert!(p[i] <= bh[i] && bh[i] <= by[i] && by[i] <= 1.0 && bh[i] <= holm[i] && holm[i] <= 1.0);
            for j in 0..p.len() {
                prop_assert!(p[i] > p[j] || (bh[i] <= bh[j] && by[i] <= by[j] && holm[i] <= holm[j]));
            }
        }
        let mut reversed = p.clone();
        reversed.reverse();
        let mut again = adjust(&reversed, Adjustment::BenjaminiHochberg);
        again.reverse();
        prop_assert_eq!(again, bh);
    }
}

#[test]
fn no_tests_need_no_adjusting() {
    assert!(adjust(&[], Adjustment::BenjaminiHochberg).is_empty());
}
