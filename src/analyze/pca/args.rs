//! What was typed after `analyze pca`.

use super::super::args::Choices;
use clap::{Args, ValueEnum};
use std::num::NonZeroUsize;

/// Choices of `pca`.
#[derive(Args, Clone, Debug)]
pub struct PcaArgs {
    /// Common choices.
    #[command(flatten)]
    pub choices: Choices,
    /// Only the K largest eigenvalues, by a faster solver that checks its answer; for very wide layers [default: all]. E.g.
    /// 50
    #[arg(long, value_name = "K")]
    pub top: Option<NonZeroUsize>,
    /// What reconstructions project on: the components, or journal for the prototype's columns of the component matrix.
    /// E.g. journal
    #[arg(long, value_enum, default_value_t = Method::Standard)]
    pub method: Method,
    /// Which picture --plot draws. E.g. distance
    #[arg(long, value_enum, default_value_t = PcaFigure::Spectrum, requires = "plot")]
    pub figure: PcaFigure,
}

/// What reconstructions project on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// The first k principal components, around the mean
    Standard,
    /// The prototype's mistake, to be seen as such: the first k columns of the matrix whose rows are the components,
    /// around 0 for the accuracy; its curves are nearly straight lines whatever the data
    Journal,
}

impl Method {
    /// The name as typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Journal => "journal",
        }
    }
}

/// The pictures of `pca`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PcaFigure {
    /// Eigenvalues against their number, both on logarithmic axes, a curve per size
    Spectrum,
    /// Mean squared distance of the reconstruction against the number of components
    Distance,
    /// Accuracy of the network on the reconstruction against the number of components
    Accuracy,
}

impl PcaFigure {
    /// The name as typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spectrum => "spectrum",
            Self::Distance => "distance",
            Self::Accuracy => "accuracy",
        }
    }
}
