//! Spearman's rank correlation: whether one number grows with another.

use crate::Reason;
use crate::reason::require_finite;

/// Spearman's rho of pairs (x, y): the correlation of their ranks, in -1..=1.
///
/// ρ = Σ (r_i - r̄)(s_i - s̄) / √(Σ (r_i - r̄)² Σ (s_i - s̄)²), r and s the ranks of x and y, the mean rank for equal values.
///
/// # Errors
/// [`Reason::TooFew`] below three pairs, [`Reason::Constant`] when all x or all y are equal, [`Reason::NotFinite`].
///
/// # References
/// C. Spearman (1904), The proof and measurement of association between two things, American Journal of Psychology 15,
/// 72-101, doi:10.2307/1412159.
///
/// # Examples
/// ```
/// use layerscope_analysis::rank_correlation;
/// assert_eq!(rank_correlation(&[(1.0, 10.0), (2.0, 100.0), (3.0, 1000.0)])?, 1.0);
/// # Ok::<(), layerscope_analysis::Reason>(())
/// ```
pub fn rank_correlation(pairs: &[(f64, f64)]) -> Result<f64, Reason> {
    const LEAST: u64 = 3;
    let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    require_finite(&x)?;
    require_finite(&y)?;
    let n = pairs.len() as u64;
    if n < LEAST {
        return Err(Reason::TooFew { n, needed: LEAST });
    }
    let (r, s) = (ranks(&x), ranks(&y));
    // Ranks and their mean ranks sum to n (n + 1) / 2 whatever the ties.
    let mean = (n as f64 + 1.0) / 2.0;
    let (mut rr, mut ss, mut rs) = (0.0, 0.0, 0.0);
    for (r, s) in r.iter().zip(&s) {
        rr += (r - mean).powi(2);
        ss += (s - mean).powi(2);
        rs += (r - mean) * (s - mean);
    }
    if rr == 0.0 || ss == 0.0 {
        return Err(Reason::Constant { n });
    }
    // Rounding must not lead out of the range.
    Ok((rs / (rr * ss).sqrt()).clamp(-1.0, 1.0))
}

/// Ranks from 1, equal values sharing the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + (tied.len() as f64 + 1.0) / 2.0;
        tied.iter().for_each(|&at| ranks[at] = rank);
        first += tied.len();
    }
    ranks
}
