//! Sample quantiles.

/// The `q`-quantile of a sorted sample, interpolated linearly between order statistics.
///
/// With h = (n - 1) q and the sample counted from 0: x[⌊h⌋] + (h - ⌊h⌋)(x[⌊h⌋ + 1] - x[⌊h⌋]). This is type 7 of Hyndman
/// and Fan, the default of numpy, R and pandas.
///
/// # Returns
/// None for an empty sample, or a `q` outside 0..=1.
///
/// # References
/// R. J. Hyndman, Y. Fan (1996), Sample quantiles in statistical packages, The American Statistician 50, 361-365,
/// doi:10.1080/00031305.1996.10473566.
///
/// # Examples
/// ```
/// use layerscope_analysis::quantile;
/// assert_eq!(quantile(&[1.0, 2.0, 4.0, 8.0], 0.5), Some(3.0));
/// ```
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=1.0).contains(&q) {
        return None;
    }
    let last = sorted.len() - 1;
    let h = last as f64 * q;
    let below = (h.floor() as usize).min(last);
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    let t = h - below as f64;
    // From the nearer end, so that t = 1 gives `high` exactly.
    Some(if t < 0.5 { low + (high - low) * t } else { high - (high - low) * (1.0 - t) })
}
