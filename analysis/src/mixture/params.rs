//! How a family is fitted: checked parameters in linfa's way.

use linfa::dataset::{DatasetBase, Records};
use linfa::{ParamGuard, traits};
use ndarray::{ArrayBase, Data, Ix2};

use super::em::Stop;
use super::fit::Fit;
use super::values::Values;
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
    stop: Stop,
}

impl Params {
    /// The family with a tolerance of 1e-10 and at most 1000 rounds.
    pub fn new(family: Family) -> Self {
        Self(ValidParams { family, start: None, stop: Stop { tolerance: 1e-10, max_rounds: 1000 } })
    }

    /// The climb starts at these parameters alone in place of the fixed list of starts: for a sample close to one whose fit
    /// they are, such as a bootstrap replicate of it. Families of one component need no start and ignore it.
    #[must_use]
    pub fn starting_at(mut self, parameters: Parameters) -> Self {
        self.0.start = Some(parameters);
        self
    }

    /// The climb stops when a round raises the log-likelihood by at most this per value.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.0.stop.tolerance = tolerance;
        self
    }

    /// The climb over all values stops after this many rounds, and the fit, the best until then, says `converged: false`.
    #[must_use]
    pub fn max_iterations(mut self, max_iterations: u64) -> Self {
        self.0.stop.max_rounds = max_iterations;
        self
    }

    /// Fits the family to a sample of values >= 0 in any order; exact zeros are counted and not fitted.
    ///
    /// # Method
    /// Explicit estimates for one component. Mixtures: rounds that never lower the likelihood, from starts by moments, cuts
    /// at quantiles and k-means. From 2048 values on the starts are compared on 1024 means of neighbouring values, and the
    /// best three climb on over all of them. The order of the values does not matter, not even in the last bit.
    ///
    /// # Errors
    /// [`Reason::NotFinite`], [`Reason::Negative`]; [`Reason::TooFew`] when no value is above 0.
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
        let ValidParams { family, start, stop: Stop { tolerance, max_rounds } } = self.0;
        if !(tolerance > 0.0 && tolerance.is_finite()) {
            return Err(FitError::Tolerance { found: tolerance });
        }
        if max_rounds == 0 {
            return Err(FitError::MaxIterations);
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

impl ValidParams {
    /// As [`Params::fit_sample`].
    ///
    /// # Errors
    /// As [`Params::fit_sample`].
    pub fn fit_sample(&self, sample: &[f64]) -> Result<Fit, Reason> {
        Ok(Fit::of(self.family, &Values::new(sample)?, self.start.as_ref(), self.stop))
    }
}
