//! Householder's reflections, of which reductions of symmetric matrices are made.

use pulp::Simd;

/// A sum of squares below which a vector of a matrix with entries near 1 is taken for 0: squares are about to lose
/// their digits, and the vector, below 1e-146, is nothing beside the rounding of that matrix.
const NEGLIGIBLE: f64 = f64::MIN_POSITIVE / f64::EPSILON;

/// I - τ v vᵀ, orthogonal and symmetric; v is kept by its owner.
#[derive(Clone, Copy)]
pub(super) struct Reflector {
    /// τ = 2 / |v|², or 0 for the identity.
    pub factor: f64,
    /// What the first entry of the reflected vector becomes; the others become 0.
    pub image: f64,
}

impl Reflector {
    /// The reflection of `vector` to a multiple of the first axis; v, with v_0 = 1, takes the place of `vector`.
    ///
    /// # References
    /// A. S. Householder (1958), Unitary triangularization of a nonsymmetric matrix, Journal of the ACM 5, 339-342;
    /// with the sign of B. N. Parlett (1971), Analysis of algorithms for reflections in bisectors, SIAM Review 13,
    /// 197-208, for which nothing cancels.
    #[inline(always)]
    pub fn to_axis<S: Simd>(simd: S, vector: &mut [f64]) -> Self {
        let (head, tail) = vector.split_first_mut().expect("a vector has an entry");
        let first = std::mem::replace(head, 1.0);
        let squares = dot(simd, tail, tail);
        if squares < NEGLIGIBLE {
            tail.fill(0.0);
            return Self { factor: 0.0, image: first };
        }
        let image = -(first * first + squares).sqrt().copysign(first);
        let scale = 1.0 / (first - image);
        tail.iter_mut().for_each(|x| *x *= scale);
        Self { factor: (image - first) / image, image }
    }

    /// Reflects `other` at the plane whose normal is `v`.
    #[inline(always)]
    pub fn apply<S: Simd>(self, simd: S, v: &[f64], other: &mut [f64]) {
        subtract(simd, other, self.factor * dot(simd, v, other), v);
    }
}

/// a -= factor · b.
#[inline(always)]
pub(super) fn subtract<S: Simd>(simd: S, a: &mut [f64], factor: f64, b: &[f64]) {
    let ((a, a_rest), (b, b_rest)) = (S::as_mut_simd_f64s(a), S::as_simd_f64s(b));
    let negative = simd.splat_f64s(-factor);
    for (a, b) in a.iter_mut().zip(b) {
        *a = simd.mul_add_e_f64s(negative, *b, *a);
    }
    for (a, b) in a_rest.iter_mut().zip(b_rest) {
        *a -= factor * b;
    }
}

/// Σ a_i b_i.
#[inline(always)]
pub(super) fn dot<S: Simd>(simd: S, a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (S::as_simd_f64s(a), S::as_simd_f64s(b));
    // Sums that do not wait for each other.
    let mut sums = [simd.splat_f64s(0.0); 4];
    let ((a, a_few), (b, b_few)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum = simd.mul_add_e_f64s(*a, *b, *sum);
        }
    }
    for ((sum, a), b) in sums.iter_mut().zip(a_few).zip(b_few) {
        *sum = simd.mul_add_e_f64s(*a, *b, *sum);
    }
    let [first, second, third, fourth] = sums;
    let sum = simd.add_f64s(simd.add_f64s(first, second), simd.add_f64s(third, fourth));
    simd.reduce_sum_f64s(sum) + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::Scalar;

    #[test]
    fn a_vector_goes_to_the_first_axis_and_keeps_its_length() {
        for vector in [vec![3.0, -4.0], vec![-1.0, 2.0, 2.0], vec![0.0, 0.0, -7.0], vec![1e-120, 1e-130, 1e-120]] {
            let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
            let mut v = vector.clone();
            let reflector = Reflector::to_axis(Scalar::new(), &mut v);
            assert!((reflector.image.abs() - length).abs() <= 4.0 * f64::EPSILON * length, "{vector:?}");
            let mut reflected = vector.clone();
            reflector.apply(Scalar::new(), &v, &mut reflected);
            assert!((reflected[0] - reflector.image).abs() <= 4.0 * f64::EPSILON * length, "{vector:?}");
            assert!(reflected[1..].iter().all(|x| x.abs() <= 4.0 * f64::EPSILON * length), "{vector:?}: {reflected:?}");
        }
    }

    #[test]
    fn what_is_on_the_axis_stays() {
        for tail in [0.0, 1e-200] {
            let mut v = [5.0, tail, tail];
            let Reflector { factor, image } = Reflector::to_axis(Scalar::new(), &mut v);
            assert_eq!((factor, image, v), (0.0, 5.0, [1.0, 0.0, 0.0]));
        }
        let mut single = [-2.0];
        assert_eq!(Reflector::to_axis(Scalar::new(), &mut single).image, -2.0);
    }
}
