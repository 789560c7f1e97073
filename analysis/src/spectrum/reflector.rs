//! Householder's reflections, of which reductions of symmetric matrices are made.

use crate::covariance::dot;

/// A sum of squares below which a vector of a matrix with entries near 1 is taken for 0: squares are about to lose their
/// digits, and the vector, below 1e-146, is nothing beside the rounding of that matrix.
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
    /// A. S. Householder (1958), Unitary triangularization of a nonsymmetric matrix, Journal of the ACM 5, 339-342; with the
    /// sign of B. N. Parlett (1971), Analysis of algorithms for reflections in bisectors, SIAM Review 13, 197-208, for which
    /// nothing cancels.
    #[inline(always)]
    pub fn to_axis(vector: &mut [f64]) -> Self {
        let (head, tail) = vector.split_first_mut().expect("a vector has an entry");
        let first = std::mem::replace(head, 1.0);
        let squares = dot(tail, tail);
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
    pub fn apply(self, v: &[f64], other: &mut [f64]) {
        subtract(other, self.factor * dot(v, other), v);
    }
}

/// a -= factor · b.
#[inline(always)]
pub(super) fn subtract(a: &mut [f64], factor: f64, b: &[f64]) {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks_mut::<4>(), b.as_chunks::<4>());
    for (a, b) in a.as_flattened_mut().iter_mut().zip(b.as_flattened()) {
        *a -= factor * b;
    }
    for (a, b) in a_rest.iter_mut().zip(b_rest) {
        *a -= factor * b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_goes_to_the_first_axis_and_keeps_its_length() {
        for vector in [vec![3.0, -4.0], vec![-1.0, 2.0, 2.0], vec![0.0, 0.0, -7.0], vec![1e-120, 1e-130, 1e-120]] {
            let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
            let mut v = vector.clone();
            let reflector = Reflector::to_axis(&mut v);
            assert!((reflector.image.abs() - length).abs() <= 4.0 * f64::EPSILON * length, "{vector:?}");
            let mut reflected = vector.clone();
            reflector.apply(&v, &mut reflected);
            assert!((reflected[0] - reflector.image).abs() <= 4.0 * f64::EPSILON * length, "{vector:?}");
            assert!(reflected[1..].iter().all(|x| x.abs() <= 4.0 * f64::EPSILON * length), "{vector:?}: {reflected:?}");
        }
    }

    #[test]
    fn what_is_on_the_axis_stays() {
        for tail in [0.0, 1e-200] {
            let mut v = [5.0, tail, tail];
            let Reflector { factor, image } = Reflector::to_axis(&mut v);
            assert_eq!((factor, image, v), (0.0, 5.0, [1.0, 0.0, 0.0]));
        }
        let mut single = [-2.0];
        assert_eq!(Reflector::to_axis(&mut single).image, -2.0);
    }
}
