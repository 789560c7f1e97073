//! Why a family cannot be fitted.

use crate::Reason;

/// Misuse of [`Params`](super::Params), or a sample without an estimate; linfa's traits need one type for both.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The tolerance is not a number above 0.
    #[error("expected a tolerance above 0, found {found}")]
    Tolerance {
        /// The tolerance.
        found: f64,
    },
    /// Without a round nothing is fitted.
    #[error("expected at least one iteration, found 0")]
    MaxIterations,
    /// The start is of another family than the one to be fitted.
    #[error("expected a start of the family {expected}, found one of {found}")]
    Start {
        /// The family to be fitted.
        expected: &'static str,
        /// The family of the start.
        found: &'static str,
    },
    /// The data set has not one feature.
    #[error("expected a data set of one feature, found {found}")]
    Features {
        /// Number of features.
        found: usize,
    },
    /// The sample has no estimate.
    #[error(transparent)]
    Sample(#[from] Reason),
    /// What linfa itself answers.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}
