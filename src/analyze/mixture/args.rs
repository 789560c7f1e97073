//! What was typed after `analyze mixture`.

use super::super::args::Choices;
use clap::{Args, ValueEnum};
use layerscope_analysis::mixture::Family;
use std::fmt::{self, Display};
use std::str::FromStr;

/// Choices of `mixture`.
#[derive(Args, Clone, Debug)]
pub struct MixtureArgs {
    /// Common choices.
    #[command(flatten)]
    pub choices: Choices,
    /// Which distributions to fit: all, or of exp_normal, two_gamma, exponential, normal, gamma, lognormal. E.g.
    /// two_gamma,gamma
    #[arg(long, value_name = "all|NAME,..", default_value = "all")]
    pub families: Families,
    /// How the two mixtures are fitted: em, or journal as the prototype did it (starts, rounds, stopping rule). E.g.
    /// journal
    #[arg(long, value_enum, default_value_t = Method::Em)]
    pub method: Method,
    /// Bootstrap replicates behind each interval and p-value; 0 for none of them. E.g. 999
    #[arg(long, value_name = "N", default_value_t = 99)]
    pub bootstrap: usize,
    /// Seed of the bootstrap. E.g. 42
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Confidence level of the intervals, between 0 and 1. E.g. 0.9
    #[arg(long, value_name = "P", default_value = "0.95", value_parser = parse_level)]
    pub level: f64,
    /// Which picture --plot draws. E.g. fit
    #[arg(long, value_enum, default_value_t = MixtureFigure::Weights, requires = "plot")]
    pub figure: MixtureFigure,
}

/// How the mixtures are fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// Expectation maximisation from several starts until the likelihood stands still.
    Em,
    /// The prototype's fits: one start, at most 100 rounds, stopped by the weight.
    Journal,
}

impl Method {
    /// The name as typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Em => "em",
            Self::Journal => "journal",
        }
    }
}

/// The two pictures of `mixture`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MixtureFigure {
    /// Weight of the component near zero against size
    Weights,
    /// The fitted densities over the histogram of one unit
    Fit,
}

impl MixtureFigure {
    /// The name as typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Fit => "fit",
        }
    }
}

/// The families to fit, each at most once, in the order of [`Family::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Families(pub Vec<Family>);

impl FromStr for Families {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split(',').map(str::trim).collect();
        let known = |word: &str| word == "all" || Family::ALL.iter().any(|family| family.as_str() == word);
        if let Some(unknown) = words.iter().find(|word| !known(word)) {
            let names: Vec<&str> = Family::ALL.iter().map(|family| family.as_str()).collect();
            return Err(format!("no family `{unknown}`: expected all or {}", names.join(", ")));
        }
        let asked = |family: &Family| words.contains(&"all") || words.contains(&family.as_str());
        Ok(Self(Family::ALL.into_iter().filter(asked).collect()))
    }
}

impl Display for Families {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|family| family.as_str()).collect();
        f.write_str(&names.join(","))
    }
}

fn parse_level(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(level) if level > 0.0 && level < 1.0 => Ok(level),
        _ => Err("expected a number between 0 and 1, such as 0.95".into()),
    }
}
