//! Why a number does not exist: the reason that a row of the report carries instead of a value.

/// Why a statistic has no value for one unit.
///
/// Data is not an error: a neuron that is constant, or a layer with two neurons, yields a reason and the remaining
/// units are analysed. `Display` is the sentence that the report prints in the field `reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// All values are equal, so a statistic that divides by the spread does not exist.
    #[error("all {n} values are equal")]
    Constant {
        /// Number of values.
        n: u64,
    },
    /// The statistic needs more values than there are.
    #[error("{n} values, at least {needed} are needed")]
    TooFew {
        /// Number of values found.
        n: u64,
        /// Number of values needed.
        needed: u64,
    },
    /// The method is calibrated only up to a number of values that is exceeded.
    #[error("{n} values, the method is calibrated up to {limit}")]
    TooMany {
        /// Number of values found.
        n: u64,
        /// Largest number of values for which the method is calibrated.
        limit: u64,
    },
    /// Some values are below 0.
    #[error("{n_negative} of {n} values are below 0")]
    Negative {
        /// Number of values below 0.
        n_negative: u64,
        /// Number of values.
        n: u64,
    },
    /// The journal's fit divides 0 by 0: its densities underflow.
    #[error("the journal's fit fails here: both densities underflow at a value, or a component has no weight left")]
    Underflow,
    /// No neuron of a layer varies, so its variance has no directions.
    #[error("all {n_neurons} neurons are constant")]
    NoVariance {
        /// Number of neurons.
        n_neurons: u64,
    },
    /// An iteration ended without an answer.
    #[error("{what} did not converge")]
    NotConverged {
        /// What was sought.
        what: &'static str,
    },
    /// Some values are NaN or infinite.
    #[error("{n_nonfinite} of {n} values are NaN or infinite")]
    NotFinite {
        /// Number of NaN or infinite values.
        n_nonfinite: u64,
        /// Number of values, the non-finite ones included.
        n: u64,
    },
    /// The distribution in question cannot have some of the values.
    #[error("{n_outside} of {n} values are outside the range of the distribution")]
    OutsideSupport {
        /// Number of values outside.
        n_outside: u64,
        /// Number of values.
        n: u64,
    },
    /// One of the families to be compared cannot be fitted to the sample.
    #[error("one of the families cannot be fitted")]
    NoFit,
    /// Too few bootstrap replicates have a value.
    #[error("{n} bootstrap replicates have a value, at least {needed} are needed")]
    FewReplicates {
        /// Number of replicates with a value.
        n: u64,
        /// Number of replicates needed.
        needed: u64,
    },
}

/// An error with the count of the values that are not finite, if there are any.
pub(crate) fn require_finite(values: &[f64]) -> Result<(), Reason> {
    match values.iter().filter(|x| !x.is_finite()).count() as u64 {
        0 => Ok(()),
        n_nonfinite => Err(Reason::NotFinite { n_nonfinite, n: values.len() as u64 }),
    }
}
