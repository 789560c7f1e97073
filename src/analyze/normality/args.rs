//! What was typed after `analyze normality`.

use super::super::args::Choices;
use super::Subsample;
use anyhow::bail;
use clap::{Args, ValueEnum};
use layerscope_analysis::multiplicity::Adjustment;
use serde_json::{Map, Value};

/// Choices of `normality`.
#[derive(Args, Clone, Debug)]
pub struct NormalityArgs {
    /// Common choices.
    #[command(flatten)]
    pub choices: Choices,
    /// What is tested. E.g. activations
    #[arg(long, value_enum, default_value_t = Target::Std)]
    pub target: Target,
    /// How the p-values of a unit's neurons are adjusted for their number, with --target activations [default: bh]. E.g.
    /// holm
    #[arg(long, value_enum, value_name = "METHOD")]
    pub adjust: Option<Adjust>,
    /// Compare sizes by the mean W of random subsamples of N standard deviations, drawn without replacement [default: by
    /// W of all]. E.g. 64
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(3..))]
    pub subsample: Option<u32>,
    /// Number of subsamples. E.g. 1000
    #[arg(long, value_name = "R", default_value = "200", requires = "subsample")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub draws: u32,
    /// Seed of the subsamples. E.g. 42
    #[arg(long, value_name = "S", default_value = "0", requires = "subsample")]
    pub seed: u64,
    /// Which picture --plot draws. E.g. qq
    #[arg(long, value_enum, default_value_t = NormalityFigure::W, requires = "plot")]
    pub figure: NormalityFigure,
}

impl NormalityArgs {
    /// An error for choices that do not meet.
    pub fn check(&self) -> anyhow::Result<()> {
        match self.target {
            Target::Std if self.adjust.is_some() => {
                bail!("--adjust is for --target activations: there is one test per network")
            }
            Target::Activations if self.subsample.is_some() => bail!("--subsample is for --target std"),
            Target::Activations if self.figure == NormalityFigure::Qq => bail!("--figure qq is for --target std"),
            _ => Ok(()),
        }
    }

    /// How p-values are adjusted, if neurons are tested.
    pub fn adjustment(&self) -> Adjustment {
        self.adjust.unwrap_or(Adjust::Bh).into()
    }

    /// What the numbers depend on, for the report's `options`.
    pub fn options(&self) -> Map<String, Value> {
        let mut options = Map::new();
        match self.target {
            Target::Std => {
                options.insert("target".into(), "std".into());
                options.insert("subsample".into(), self.subsample.into());
                if self.subsample.is_some() {
                    options.insert("draws".into(), self.draws.into());
                    options.insert("seed".into(), self.seed.into());
                }
            }
            Target::Activations => {
                options.insert("target".into(), "activations".into());
                options.insert("adjust".into(), self.adjustment().as_str().into());
            }
        }
        if self.choices.plot.is_some() {
            options.insert("figure".into(), if self.figure == NormalityFigure::Qq { "qq" } else { "w" }.into());
        }
        options
    }

    /// The subsamples that sizes are compared by.
    pub fn subsample(&self) -> Option<Subsample> {
        let size = self.subsample? as usize;
        Some(Subsample { size, draws: u64::from(self.draws), seed: self.seed })
    }
}

/// What `normality` tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// The standard deviations of a network's neurons, one test per network
    Std,
    /// Every neuron's own samples, one test per neuron
    Activations,
}

/// How p-values are adjusted for the number of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Adjust {
    /// Benjamini-Hochberg: the share of false ones among the rejections, for independent or positively dependent tests
    Bh,
    /// Holm: the probability of any false rejection
    Holm,
    /// Benjamini-Yekutieli: as bh, under any dependence
    By,
    /// Not at all
    None,
}

impl From<Adjust> for Adjustment {
    fn from(adjust: Adjust) -> Self {
        match adjust {
            Adjust::Bh => Adjustment::BenjaminiHochberg,
            Adjust::Holm => Adjustment::Holm,
            Adjust::By => Adjustment::BenjaminiYekutieli,
            Adjust::None => Adjustment::None,
        }
    }
}

/// The pictures of `normality`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NormalityFigure {
    /// W against size
    W,
    /// Quantiles of the standard deviations against normal ones
    Qq,
}
