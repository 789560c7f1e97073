//! Fitting a family: checked parameters in linfa's way, several starts, and what came out of it.

use linfa::dataset::{DatasetBase, Records};
use linfa::{ParamGuard, traits};
use ndarray::{ArrayBase, Data, Ix2};

use super::floor::Floor;
use super::search::{self, Found, Limits};
use super::values::{Split, Values};
use super::{Family, FitError, Parameters};
use crate::Reason;

/// How a family is fitted; `check` it, or fit directly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params(ValidParams);

/// Checked [`Params`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValidParams {
    family: Family,
    start: Option<Parameters>,
    limits: Limits,
}

impl Params {
    /// The family with a tolerance of 1e-10 and at most 10,000 iterations.
    pub fn new(family: Family) -> Self {
        let limits = Limits { tolerance: 1e-10, iterations: 10_000, search: 10_000 };
        Self(ValidParams { family, start: None, limits })
    }

    /// EM starts at these parameters alone in place of the fixed list of starts: for a sample close to one whose fit they
    /// are, such as a bootstrap replicate of it. Families of one component need no start and ignore it.
    #[must_use]
    pub fn starting_at(mut self, parameters: Parameters) -> Self {
        self.0.start = Some(parameters);
        self
    }

    /// EM stops when a cycle raises the log-likelihood by less than this per value.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.0.limits.tolerance = tolerance;
        self
    }

    /// EM stops after this many expectation steps from each start, and the fit says `converged: false`.
    #[must_use]
    pub fn max_iterations(mut self, max_iterations: u64) -> Self {
        self.0.limits.iterations = max_iterations;
        self
    }

    /// Each start gets this many expectation steps before the best two are followed to the end, in place of 10,000: a
    /// quicker search that misses the better of two nearly equal maxima more often.
    #[must_use]
    pub fn max_search_iterations(mut self, max_iterations: u64) -> Self {
        self.0.limits.search = max_iterations;
        self
    }

    /// Fits the family to a sample of values >= 0 in any order; exact zeros are counted and not fitted.
    ///
    /// # Errors
    /// [`Reason::NotFinite`], [`Reason::Negative`]; [`Reason::TooFew`] when there are not more values above 0 than
    /// parameters; [`Reason::Constant`] when all of them are equal (but for the exponential distribution).
    ///
    /// # Panics
    /// When the parameters do not pass [`ParamGuard::check`].
    ///
    /// # Examples
    /// ```
    /// use layerscope_analysis::mixture::{Family, Params, Status};
    /// let near_zero = (1..=60).map(|i| 0.002 * f64::from(i));
    /// let useful = (1..=90).map(|i| 2.0 + 0.02 * f64::from(i));
    /// let sample: Vec<f64> = near_zero.chain(useful).collect();
    /// let fit = Params::new(Family::TwoGamma).fit_sample(&sample)?;
    /// assert_eq!(fit.status, Status::Ok);
    /// assert!((fit.parameters.weight().unwrap() - 0.4).abs() < 0.01);
    /// # Ok::<(), layerscope_analysis::Reason>(())
    /// ```
    pub fn fit_sample(&self, sample: &[f64]) -> Result<Fit, Reason> {
        self.check_unwrap().fit_sample(sample)
    }
}

impl ParamGuard for Params {
    type Checked = ValidParams;
    type Error = FitError;

    fn check_ref(&self) -> Result<&ValidParams, FitError> {
        let ValidParams { family, start, limits: Limits { tolerance, iterations, search } } = self.0;
        if !(tolerance > 0.0 && tolerance.is_finite()) {
            return Err(FitError::Tolerance { found: tolerance });
        }
        if iterations.min(search) < 3 {
            return Err(FitError::MaxIterations { found: iterations.min(search) });
        }
        if let Some(start) = start.filter(|start| start.family() != family) {
            return Err(FitError::Start { expected: family.as_str(), found: start.family().as_str() });
        }
        Ok(&self.0)
    }

    fn check(self) -> Result<ValidParams, FitError> {
        self.check_ref().copied()
    }
}

impl<D: Data<Elem = f64>, T> traits::Fit<ArrayBase<D, Ix2>, T, FitError> for ValidParams {
    type Object = Fit;

    /// Fits the family to the values of a data set of one feature, [N, 1].
    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<Fit, FitError> {
        match dataset.records().nfeatures() {
            1 => Ok(self.fit_sample(&dataset.records().iter().copied().collect::<Vec<f64>>())?),
            found => Err(FitError::Features { found }),
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The likelihood has an inner maximum, and both components of a mixture are needed.
    Ok,
    /// The fit rests on a floor, or a component describes fewer than three values.
    Degenerate,
    /// One component describes the values as well: the BIC of the mixture is not below that of the best one-component
    /// family that it contains, or the exponential component has the larger mean. Weight and parameters mean little.
    NotIdentified,
}

impl Status {
    /// The name in reports: `ok`, `degenerate`, `not_identified`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degenerate => "degenerate",
            Self::NotIdentified => "not_identified",
        }
    }
}

/// One start and where it led.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start {
    /// How it was found, such as `k-means`.
    pub name: &'static str,
    /// The log-likelihood that it led to; of a large sample that of the cells that stand for it.
    pub log_likelihood: f64,
}

/// A fitted family.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The likeliest parameters found; of a mixture component 1 is the one with the smaller mean.
    pub parameters: Parameters,
    /// Values above 0 that were fitted.
    pub n: u64,
    /// Exact zeros: the point mass beside the family.
    pub n_zero: u64,
    /// Σ ln f(x) over the n values, at `parameters`.
    pub log_likelihood: f64,
    /// Expectation steps of the run that won; 0 where the estimate is explicit.
    pub iterations: u64,
    /// Whether the likelihood stopped growing before the limit of iterations.
    pub converged: bool,
    /// Whether the parameters can be trusted.
    pub status: Status,
    /// Floors that the fit rests on.
    pub floors: Vec<Floor>,
    /// -2 log_likelihood + 2 k, k the [`Family::n_parameters`].
    pub aic: f64,
    /// -2 log_likelihood + k ln n.
    pub bic: f64,
    /// BIC plus twice the entropy of the responsibilities, -Σ (τ ln τ + (1 - τ) ln(1 - τ)) over the values: it prefers
    /// components that lie apart. BIC for one component.
    pub icl: f64,
    /// The starts of a mixture.
    pub starts: Vec<Start>,
}

impl Fit {
    /// n_zero / (n + n_zero): the estimate of the point mass at zero.
    pub fn zero_fraction(&self) -> f64 {
        self.n_zero as f64 / (self.n + self.n_zero) as f64
    }

    /// The log-likelihood of all values: log_likelihood + n_zero ln p + n ln(1 - p), p the [`Self::zero_fraction`].
    pub fn log_likelihood_with_zeros(&self) -> f64 {
        let p = self.zero_fraction();
        let term = |count: u64, share: f64| if count == 0 { 0.0 } else { count as f64 * share.ln() };
        self.log_likelihood + term(self.n_zero, p) + term(self.n, 1.0 - p)
    }
}

impl ValidParams {
    /// As [`Params::fit_sample`].
    ///
    /// # Errors
    /// As [`Params::fit_sample`].
    pub fn fit_sample(&self, sample: &[f64]) -> Result<Fit, Reason> {
        let split = Split::of(sample)?;
        let n = split.positive.len() as u64;
        let needed = self.family.n_parameters() as u64 + 1;
        if n < needed {
            return Err(Reason::TooFew { n, needed });
        }
        let values = Values::new(&split.positive);
        if values.is_constant() && self.family != Family::Exponential {
            return Err(Reason::Constant { n });
        }
        let found = if self.family.is_mixture() {
            search::mixture(self.family, &values, self.start, self.limits)
        } else {
            search::one_component(self.family, &values)
        };
        Ok(self.describe(found, &values, split.n_zero))
    }

    fn describe(&self, found: Found, values: &Values, n_zero: u64) -> Fit {
        let Found { parameters, log_likelihood, .. } = found;
        let k = self.family.n_parameters() as f64;
        let log_likelihood = log_likelihood - values.ln_jacobian();
        let bic = -2.0 * log_likelihood + k * values.n.ln();
        let entropy = if self.family.is_mixture() { entropy(&parameters, values) } else { 0.0 };
        Fit {
            parameters: parameters.scaled(values.scale),
            n: values.n as u64,
            n_zero,
            log_likelihood,
            iterations: found.iterations,
            converged: found.converged,
            status: found.status,
            floors: found.floors,
            aic: -2.0 * log_likelihood + 2.0 * k,
            bic,
            icl: bic + 2.0 * entropy,
            starts: found.starts,
        }
    }
}

/// -Σ (τ ln τ + (1 - τ) ln(1 - τ)) over the values, τ the responsibility of component 1; 0 ln 0 is 0.
fn entropy(parameters: &Parameters, values: &Values) -> f64 {
    let term = |share: f64| if share > 0.0 { -share * share.ln() } else { 0.0 };
    let of = |x: &f64| parameters.responsibility(*x).map_or(0.0, |share| term(share) + term(1.0 - share));
    values.x.iter().map(of).sum()
}
