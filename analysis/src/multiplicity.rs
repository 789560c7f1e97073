//! Adjusting p-values for the number of tests made.

/// How p-values are adjusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// Benjamini and Hochberg: bounds the expected share of false rejections among all rejections (the false discovery
    /// rate), for independent or positively dependent tests.
    BenjaminiHochberg,
    /// Benjamini and Yekutieli: the same bound under any dependence.
    BenjaminiYekutieli,
    /// Holm: bounds the probability of even one false rejection, under any dependence.
    Holm,
    /// The p-values as they are.
    None,
}

impl Adjustment {
    /// The name on the command line and in reports: `bh`, `by`, `holm`, `none`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BenjaminiHochberg => "bh",
            Self::BenjaminiYekutieli => "by",
            Self::Holm => "holm",
            Self::None => "none",
        }
    }
}

/// Adjusted p-values, in the order given: to reject all hypotheses whose adjusted p is at most α keeps the method's
/// promise at α.
///
/// With m p-values sorted, p_(1) the smallest:
/// - Benjamini-Hochberg: q_(i) = min over k >= i of m p_(k) / k, at most 1;
/// - Benjamini-Yekutieli: the same times Σ 1/j, j from 1 to m;
/// - Holm: q_(i) = max over k <= i of (m - k + 1) p_(k), at most 1.
///
/// Every value given counts as a hypothesis: leave out what was not tested.
///
/// # Panics
/// When a value is not in 0..=1.
///
/// # References
/// Y. Benjamini, Y. Hochberg (1995), Controlling the false discovery rate, Journal of the Royal Statistical Society B
/// 57, 289-300, doi:10.1111/j.2517-6161.1995.tb02031.x. Y. Benjamini, D. Yekutieli (2001), The control of the false
/// discovery rate in multiple testing under dependency, Annals of Statistics 29, 1165-1188, doi:10.1214/aos/1013699998.
/// S. Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6,
/// 65-70.
///
/// # Examples
/// ```
/// use layerscope_analysis::multiplicity::{Adjustment, adjust};
/// assert_eq!(adjust(&[0.5, 0.125, 0.25], Adjustment::BenjaminiHochberg), [0.5, 0.375, 0.375]);
/// assert_eq!(adjust(&[0.5, 0.125, 0.25], Adjustment::Holm), [0.5, 0.375, 0.5]);
/// ```
pub fn adjust(p: &[f64], method: Adjustment) -> Vec<f64> {
    assert!(p.iter().all(|p| (0.0..=1.0).contains(p)), "a p-value is not in 0..=1");
    if method == Adjustment::None {
        return p.to_vec();
    }
    let m = p.len();
    let mut ascending: Vec<usize> = (0..m).collect();
    ascending.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut q = vec![0.0; m];
    if method == Adjustment::Holm {
        let mut largest = 0.0_f64;
        for (rank, &at) in ascending.iter().enumerate() {
            largest = largest.max(((m - rank) as f64 * p[at]).min(1.0));
            q[at] = largest;
        }
        return q;
    }
    let dependence = match method {
        Adjustment::BenjaminiYekutieli => (1..=m).map(|j| 1.0 / j as f64).sum(),
        _ => 1.0,
    };
    let mut smallest = 1.0_f64;
    for (rank, &at) in ascending.iter().enumerate().rev() {
        smallest = smallest.min(dependence * m as f64 / (rank + 1) as f64 * p[at]);
        q[at] = smallest;
    }
    q
}
