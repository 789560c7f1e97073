//! The size whose distribution is closest to normal.

/// The size with the largest W, and that W; of equal ones the first. NaN never wins; None when nothing is left.
///
/// # Examples
/// ```
/// use layerscope_analysis::most_normal;
/// assert_eq!(most_normal([(64, 0.95), (90, 0.98), (128, f64::NAN)]), Some((90, 0.98)));
/// ```
pub fn most_normal<S>(candidates: impl IntoIterator<Item = (S, f64)>) -> Option<(S, f64)> {
    let comparable = candidates.into_iter().filter(|(_, w)| !w.is_nan());
    comparable.reduce(|best, next| if next.1 > best.1 { next } else { best })
}
