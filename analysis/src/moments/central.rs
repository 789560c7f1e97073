//! Central moments of a set of values, and their exact pairwise merging.

/// Count, mean, sums of powers of the deviations from the mean, and sum of absolute values of one neuron.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Central {
    /// Number of values, exact up to 2^53.
    pub n: f64,
    pub mean: f64,
    /// Σ (x - mean)^2, and the third and fourth powers.
    pub m2: f64,
    pub m3: f64,
    pub m4: f64,
    /// Σ |x|
    pub sum_abs: f64,
}

impl Central {
    /// From the sums Σ d, Σ d², Σ d³, Σ d⁴ of the deviations d = x - `shift`.
    ///
    /// `shift` is one of the values. That bounds the cancellation: the value itself contributes (shift - mean)^k to the
    /// k-th central sum, of which the subtracted term is at most n times as much.
    pub fn from_shifted(n: f64, shift: f64, [s1, s2, s3, s4]: [f64; 4], sum_abs: f64) -> Self {
        if n == 0.0 {
            return Self::default();
        }
        let d = s1 / n;
        let m2 = s2 - s1 * d;
        let m3 = s3 - d * (3.0 * s2 - 2.0 * s1 * d);
        let m4 = s4 - d * (4.0 * s3 - d * (6.0 * s2 - 3.0 * s1 * d));
        Self { n, mean: shift + d, m2: m2.max(0.0), m3, m4: m4.max(0.0), sum_abs }
    }

    /// The moments of two disjoint sets of values taken together.
    ///
    /// Chan, Golub, LeVeque (1979) for the second moment, Pébay (2008), Sandia report SAND2008-6212, equations 3.1, for
    /// the third and fourth. The order of the arguments is part of the result: callers merge in the order of the rows.
    pub fn merge(a: &Self, b: &Self) -> Self {
        if a.n == 0.0 {
            return *b;
        }
        if b.n == 0.0 {
            return *a;
        }
        let n = a.n + b.n;
        let delta = b.mean - a.mean;
        let (pa, pb) = (a.n / n, b.n / n);
        let d2 = delta * delta;
        // n_a n_b / n
        let product = a.n * pb;
        Self {
            n,
            mean: a.mean + delta * pb,
            m2: a.m2 + b.m2 + d2 * product,
            m3: a.m3 + b.m3 + d2 * delta * product * (pa - pb) + 3.0 * delta * (pa * b.m2 - pb * a.m2),
            m4: a.m4
                + b.m4
                + d2 * d2 * product * (pa * pa - pa * pb + pb * pb)
                + 6.0 * d2 * (pa * pa * b.m2 + pb * pb * a.m2)
                + 4.0 * delta * (pa * b.m3 - pb * a.m3),
            sum_abs: a.sum_abs + b.sum_abs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Central {
        let sums = values.iter().fold([0.0; 4], |[s1, s2, s3, s4], x| {
            let d = x - values[0];
            [s1 + d, s2 + d * d, s3 + d * d * d, s4 + d * d * d * d]
        });
        Central::from_shifted(values.len() as f64, values[0], sums, values.iter().map(|x| x.abs()).sum())
    }

    #[test]
    fn small_sets_by_hand() {
        // mean 4, deviations -3 -2 0 5: squares 9 4 0 25, cubes -27 -8 0 125, fourth powers 81 16 0 625
        let all = Central { n: 4.0, mean: 4.0, m2: 38.0, m3: 90.0, m4: 722.0, sum_abs: 16.0 };
        assert_eq!(of(&[1.0, 2.0, 4.0, 9.0]), all);
        // Small integers and halves are exact in binary, so merging gives the very same numbers.
        assert_eq!(Central::merge(&of(&[1.0, 2.0]), &of(&[4.0, 9.0])), all);
        let uneven = Central::merge(&of(&[1.0]), &of(&[2.0, 4.0, 9.0]));
        assert!((uneven.m3 - 90.0).abs() < 1e-12 && (uneven.m4 - 722.0).abs() < 1e-11, "{uneven:?}");
    }

    #[test]
    fn the_empty_set_is_neutral() {
        let some = of(&[3.0, 5.0]);
        assert_eq!(Central::merge(&some, &Central::default()), some);
        assert_eq!(Central::merge(&Central::default(), &some), some);
    }
}
