//! How a number grows with the size: a constant, a line or a logarithm, compared by AIC.

use statrs::distribution::{ContinuousCDF, FisherSnedecor};

use crate::Reason;
use crate::reason::require_finite;

/// The shape of a curve over the size x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// y = a
    Constant,
    /// y = a + b x
    Line,
    /// y = a + b log₂ x: b is the growth per doubling.
    Logarithm,
}

impl Shape {
    /// All shapes, in the order of their generality.
    pub const ALL: [Self; 3] = [Self::Constant, Self::Line, Self::Logarithm];

    /// The name in reports: `constant`, `line`, `logarithm`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Line => "line",
            Self::Logarithm => "logarithm",
        }
    }

    /// The function of x that the slope b multiplies.
    fn regressor(self, x: f64) -> f64 {
        match self {
            Self::Constant => 0.0,
            Self::Line => x,
            Self::Logarithm => x.log2(),
        }
    }

    fn n_coefficients(self) -> usize {
        if self == Self::Constant { 1 } else { 2 }
    }
}

/// One shape, fitted by least squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// The shape.
    pub shape: Shape,
    /// a: the value at x = 0 for a line, at x = 1 for a logarithm.
    pub intercept: f64,
    /// b; 0 for a constant.
    pub slope: f64,
    /// Number of points.
    pub n: u64,
    /// Σ (y - fit)²
    pub residual_sum: f64,
    /// 1 - Σ (y - fit)² / Σ (y - ȳ)²; 0 for a constant, None when all y are equal.
    pub r_squared: Option<f64>,
    /// n ln(Σ (y - fit)² / n) + 2 k, k the number of coefficients plus one for the variance; smaller is better. None when the
    /// fit is exact, where the likelihood has no maximum.
    pub aic: Option<f64>,
    /// The probability of residuals as large beside the spread of the points that share an x, if the shape were true; small values
    /// reject the shape. None without repeated x, or without more distinct x than coefficients.
    pub lack_of_fit_p: Option<f64>,
}

impl Trend {
    /// The fitted y at `x`.
    pub fn at(&self, x: f64) -> f64 {
        self.intercept + self.slope * self.shape.regressor(x)
    }
}

/// Fits each of [`Shape::ALL`] to points (x, y) with x > 0, in that order.
///
/// Least squares with equal weights, which is maximum likelihood for independent normal errors of one variance. The AIC
/// compares the shapes with each other; that the best of them is good enough is another question, which the lack-of-fit
/// test answers when sizes are repeated (replicates): F = ((RSS - SSP) / (m - c)) / (SSP / (n - m)), SSP the sum of squares
/// around the mean of each x, m the number of distinct x, c the number of coefficients.
///
/// # Errors
/// [`Reason::TooFew`] below 4 points (a line with its variance takes 3), [`Reason::Constant`] when all x are equal,
/// [`Reason::NotFinite`].
///
/// # Panics
/// When an x is not greater than 0.
///
/// # References
/// H. Akaike (1974), A new look at the statistical model identification, IEEE Transactions on Automatic Control 19, 716-723,
/// doi:10.1109/TAC.1974.1100705. N. R. Draper, H. Smith (1998), Applied Regression Analysis, 3rd edition, section 2.1.
///
/// # Examples
/// ```
/// use layerscope_analysis::{Shape, trends};
/// // One more for every doubling: a logarithm.
/// let points = [(64.0, 6.1), (128.0, 7.0), (256.0, 7.9), (512.0, 9.0), (1024.0, 10.1)];
/// let [constant, line, logarithm] = trends(&points)?;
/// assert!(logarithm.aic < line.aic && line.aic < constant.aic);
/// # Ok::<(), layerscope_analysis::Reason>(())
/// ```
pub fn trends(points: &[(f64, f64)]) -> Result<[Trend; 3], Reason> {
    const LEAST: u64 = 4;
    require_finite(&points.iter().flat_map(|(x, y)| [*x, *y]).collect::<Vec<f64>>())?;
    assert!(points.iter().all(|(x, _)| *x > 0.0), "a size that is not greater than 0");
    let n = points.len() as u64;
    if n < LEAST {
        return Err(Reason::TooFew { n, needed: LEAST });
    }
    if points.iter().all(|(x, _)| *x == points[0].0) {
        return Err(Reason::Constant { n });
    }
    let pure = pure_error(points);
    Ok(Shape::ALL.map(|shape| fit(shape, points, pure)))
}

/// The shape with the smallest AIC; None when none has one.
pub fn best_trend(trends: &[Trend]) -> Option<&Trend> {
    trends.iter().filter(|trend| trend.aic.is_some()).min_by(|a, b| {
        let aic = |trend: &Trend| trend.aic.unwrap_or(f64::INFINITY);
        aic(a).total_cmp(&aic(b))
    })
}

/// The spread of the points that share an x.
#[derive(Clone, Copy, Debug)]
struct PureError {
    /// Σ (y - mean of the y with the same x)²
    sum: f64,
    /// Number of distinct x.
    n_distinct: usize,
}

fn pure_error(points: &[(f64, f64)]) -> PureError {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let groups = sorted.chunk_by(|a, b| a.0 == b.0);
    groups.fold(PureError { sum: 0.0, n_distinct: 0 }, |total, group| PureError {
        sum: total.sum + squares_around_mean(group.iter().map(|(_, y)| *y)),
        n_distinct: total.n_distinct + 1,
    })
}

fn fit(shape: Shape, points: &[(f64, f64)], pure: PureError) -> Trend {
    let n = points.len() as f64;
    let of = |(x, y): &(f64, f64)| (shape.regressor(*x), *y);
    let (g_mean, y_mean) = points.iter().map(of).fold((0.0, 0.0), |sum, (g, y)| (sum.0 + g / n, sum.1 + y / n));
    let (mut sgg, mut sgy) = (0.0, 0.0);
    for (g, y) in points.iter().map(of) {
        sgg += (g - g_mean).powi(2);
        sgy += (g - g_mean) * (y - y_mean);
    }
    let slope = if shape == Shape::Constant { 0.0 } else { sgy / sgg };
    let residual_sum: f64 = points.iter().map(of).map(|(g, y)| (y - y_mean - slope * (g - g_mean)).powi(2)).sum();
    // A constant's residuals are the total: the same sum, so that its R² is exactly 0.
    let total = squares_around_mean(points.iter().map(|(_, y)| *y));
    let residual_sum = if shape == Shape::Constant { total } else { residual_sum };
    let n_parameters = shape.n_coefficients() + 1;
    Trend {
        shape,
        intercept: y_mean - slope * g_mean,
        slope,
        n: points.len() as u64,
        residual_sum,
        r_squared: (total > 0.0).then(|| 1.0 - residual_sum / total),
        aic: (residual_sum > 0.0).then(|| n * (residual_sum / n).ln() + 2.0 * n_parameters as f64),
        lack_of_fit_p: lack_of_fit(residual_sum, points.len(), shape.n_coefficients(), pure),
    }
}

fn lack_of_fit(residual_sum: f64, n: usize, n_coefficients: usize, pure: PureError) -> Option<f64> {
    let (above, below) = (pure.n_distinct.checked_sub(n_coefficients)?, n.checked_sub(pure.n_distinct)?);
    if above == 0 || below == 0 || pure.sum <= 0.0 {
        return None;
    }
    // The difference of two sums of squares may round to just below 0 where the shape meets every mean.
    let lack = (residual_sum - pure.sum).max(0.0);
    let f = (lack / above as f64) / (pure.sum / below as f64);
    FisherSnedecor::new(above as f64, below as f64).ok().map(|distribution| distribution.sf(f))
}

fn squares_around_mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let (n, sum) = values.clone().fold((0.0, 0.0), |(n, sum), y| (n + 1.0, sum + y));
    values.map(|y| (y - sum / n).powi(2)).sum()
}
