//! Statistics over the activations of a layer: pure functions of slices, f64 inside.
//!
//! Nothing here opens a file or knows where the numbers come from. Two kinds of statistics are visible in their
//! signatures:
//!
//! - What merges is an accumulator with `update`, `merge` and `finish`: [`Moments`]. It streams, takes the samples in
//!   any pieces and on any number of threads, and gives the same bits whatever these were.
//! - What needs a whole column is a function of a slice: [`shapiro_wilk`] and its companions in [`normality`],
//!   [`gaussian_kde`], [`quantile`].
//!
//! Start at [`Moments`]: its per-neuron results, [`NeuronMoments`], are what [`summary`], [`layer_spread`] and [`dead`]
//! take.
//!
//! A number that does not exist has a [`Reason`] in its place; nothing panics on data.
//!
//! Letters: N samples, U neurons of a layer. Matrices of activations are [N, U], f32.

#![deny(unsafe_code)]

pub mod bootstrap;
mod covariance;
mod dead;
mod density;
mod gamma;
pub mod goodness_of_fit;
pub mod inference;
pub mod interval;
mod likelihood_ratio;
pub mod mixture;
mod moments;
mod most_normal;
pub mod multiplicity;
pub mod normality;
mod quantile;
mod rank_correlation;
mod reason;
mod reconstruction;
mod scale;
mod shapiro_wilk;
mod sort;
mod spectrum;
mod summary;
mod trend;
mod variance;

pub use covariance::{Covariance, CovarianceMatrix};
pub use dead::{DORMANT_TAUS, Dead, LEVEL, dead};
pub use density::{Bandwidth, Density, GRID_POINTS, gaussian_kde, gaussian_kde_at};
pub use gamma::{GammaEstimate, shape_of, weighted_gamma};
pub use likelihood_ratio::{LikelihoodRatio, likelihood_ratio_test};
pub use moments::{Moments, NeuronMoments};
pub use most_normal::most_normal;
pub use quantile::quantile;
pub use rank_correlation::rank_correlation;
pub use reason::Reason;
pub use reconstruction::{Basis, OutputLayer, ReconstructionAccuracy, component_ladder, journal_distance};
pub use shapiro_wilk::{
    PMethod, ROYSTON_MAX_N, SIMULATED_MAX_N, ShapiroWilk, SubsampleW, Weights, shapiro_wilk,
    shapiro_wilk_of_activations, shapiro_wilk_sorted, subsample_w,
};
pub use spectrum::{
    Dimensions, RANK_TOLERANCE, SHARES, Solver, Spectrum, dimensions, marchenko_pastur_edge, marchenko_pastur_median,
};
pub use summary::{Summary, summary};
pub use trend::{Shape, Trend, best_trend, trends};
pub use variance::{LayerSpread, STD_QUANTILES, layer_spread, standard_deviations};
