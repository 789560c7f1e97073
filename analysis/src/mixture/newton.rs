//! The Newton step on the log-likelihood: what EM's rounds creep towards, in one.

use super::floor::Limits;
use super::pair::{Before, COORDINATES, Matrix, Pair, Vector};
use super::part::Part;
use super::points::Pass;

/// A curvature, relative to that of the complete data, is taken for at least this: the step is bounded anyhow.
const LEAST_CURVATURE: f64 = 1e-6;

/// The pair after a Newton step and the largest change of a coordinate, at most `longest`; None where there is no step.
///
/// The information is C - M, C that of the complete data and M what is missing. In coordinates in which C is the unit
/// matrix, EM's step is the gradient (to first order) and Newton's divides its part along each eigenvector of the
/// information by the eigenvalue: at most 1, near 0 where EM is slow, negative where the likelihood is not concave. Dividing
/// by the absolute value instead keeps the step uphill everywhere (Dauphin et al. 2014): a short enough one always pays.
///
/// # References
/// Y. N. Dauphin, R. Pascanu, C. Gulcehre, K. Cho, S. Ganguli, Y. Bengio (2014), Identifying and attacking the saddle point
/// problem in high-dimensional non-convex optimization, Advances in Neural Information Processing Systems 27.
pub(super) fn newton<A: Before<B>, B: Part>(
    pair: &Pair<A, B>,
    pass: &Pass,
    limits: &Limits,
    longest: f64,
) -> Option<(Pair<A, B>, f64)> {
    let (mut gradient, mut complete, mut missing) = pair.derivatives(pass, limits);
    if pair.tied {
        // Away from the tie the likelihood rises: only EM's step can part the means.
        if gradient[1] < 0.0 {
            return None;
        }
        let rate = pair.first.tied_rate(&pair.second);
        complete[3][3] += gradient[1] * rate * rate;
        gradient[3] += rate * gradient[1];
        tie(&mut complete, rate);
        tie(&mut missing, rate);
    }
    let held = pair.held(limits);
    // A coordinate at its limit stays if the likelihood rises beyond; one that the family does not have stays too.
    let is_free = |k: usize| held[k] * gradient[k] <= 0.0 && complete[k][k] > 0.0 && !(pair.tied && k == 1);
    let free: Vec<usize> = (0..COORDINATES).filter(|k| is_free(*k)).collect();
    let step = uphill(&complete, &missing, &gradient, &free)?;
    let length = step.iter().fold(0.0, |length: f64, s| length.max(s.abs()));
    let shrink = if length > longest { longest / length } else { 1.0 };
    length.is_finite().then(|| (pair.moved(&step.map(|s| s * shrink), limits), length * shrink))
}

/// Adds `rate` times coordinate 1 to coordinate 3, in rows and columns.
fn tie(matrix: &mut Matrix, rate: f64) {
    let tied = matrix[1];
    matrix[3].iter_mut().zip(tied).for_each(|(x, y)| *x += rate * y);
    for row in matrix.iter_mut() {
        row[3] += rate * row[1];
    }
}

/// The step over the free coordinates; None where the complete information is not positive definite.
fn uphill(complete: &Matrix, missing: &Matrix, gradient: &Vector, free: &[usize]) -> Option<Vector> {
    let n = free.len();
    let mut lower = [[0.0; COORDINATES]; COORDINATES];
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let rest = complete[free[i]][free[j]] - sum;
            if i > j {
                lower[i][j] = rest / lower[j][j];
            } else if rest > 1e-14 * complete[free[i]][free[i]] {
                lower[i][i] = rest.sqrt();
            } else {
                return None;
            }
        }
    }
    let forward = |column: &dyn Fn(usize) -> f64| {
        let mut x = [0.0; COORDINATES];
        for i in 0..n {
            let sum: f64 = (0..i).map(|k| lower[i][k] * x[k]).sum();
            x[i] = (column(i) - sum) / lower[i][i];
        }
        x
    };
    // L⁻¹ M L⁻ᵀ: the columns of M first, then the rows of the result.
    let columns: [Vector; COORDINATES] =
        std::array::from_fn(|j| if j < n { forward(&|i| missing[free[i]][free[j]]) } else { [0.0; COORDINATES] });
    let mut share: Matrix =
        std::array::from_fn(|i| if i < n { forward(&|j| columns[j][i]) } else { [0.0; COORDINATES] });
    let vectors = diagonalise(&mut share, n);
    let right = forward(&|i| gradient[free[i]]);
    let mut scaled = [0.0; COORDINATES];
    for k in 0..n {
        let along: f64 = (0..n).map(|i| vectors[i][k] * right[i]).sum();
        let curvature = (1.0 - share[k][k]).abs().max(LEAST_CURVATURE);
        (0..n).for_each(|i| scaled[i] += vectors[i][k] * along / curvature);
    }
    let mut step = [0.0; COORDINATES];
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| lower[k][i] * step[free[k]]).sum();
        step[free[i]] = (scaled[i] - sum) / lower[i][i];
    }
    Some(step)
}

/// Jacobi's rotations: makes the first `n` rows and columns of a symmetric matrix diagonal and returns the eigenvectors
/// as columns.
fn diagonalise(matrix: &mut Matrix, n: usize) -> Matrix {
    let mut vectors = [[0.0; COORDINATES]; COORDINATES];
    (0..COORDINATES).for_each(|k| vectors[k][k] = 1.0);
    // Five coordinates are done in about four sweeps; the convergence is quadratic.
    for _ in 0..12 {
        let off: f64 = (0..n).map(|p| (p + 1..n).map(|q| matrix[p][q].abs()).sum::<f64>()).sum();
        if off.is_nan() || off <= 1e-15 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if matrix[p][q] == 0.0 {
                    continue;
                }
                let theta = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let cos = 1.0 / (t * t + 1.0).sqrt();
                let sin = t * cos;
                for k in 0..n {
                    (matrix[k][p], matrix[k][q]) =
                        (cos * matrix[k][p] - sin * matrix[k][q], sin * matrix[k][p] + cos * matrix[k][q]);
                    (vectors[k][p], vectors[k][q]) =
                        (cos * vectors[k][p] - sin * vectors[k][q], sin * vectors[k][p] + cos * vectors[k][q]);
                }
                let (above, below) = matrix.split_at_mut(q);
                for (x, y) in above[p].iter_mut().zip(&mut below[0]).take(n) {
                    (*x, *y) = (cos * *x - sin * *y, sin * *x + cos * *y);
                }
            }
        }
    }
    vectors
}
