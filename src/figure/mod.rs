//! Pictures of a sweep: one file per figure, each of which turns numbers into a [`Chart`].
//!
//! `chart/draw.rs` is the only module that knows the plotting crate.

mod chart;
mod color;
mod comparison;
mod density;
mod growth;
mod histogram;
mod mixture;
mod pca;
mod qq;
mod sweep;

pub use chart::{Axis, Bar, Chart, Level, Mark, Range, Scale, Series, Side, Stroke};
pub use comparison::{MeasureCurve, comparison, normality_and_accuracy};
pub use density::{Spread, density};
pub use growth::growth;
pub use histogram::histogram;
pub use mixture::{FittedCurve, Weight, fitted_density, weights};
pub use pca::{ComponentCurve, reconstruction_accuracy, reconstruction_distance, spectrum};
pub use qq::qq;
pub use sweep::{Observation, accuracy, dead, normality, sum_std, zeros};

use std::path::Path;
use thiserror::Error;

/// Why a picture could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FigureError {
    /// No unit has a value for this figure.
    #[error("nothing to draw: no unit has a value for this figure")]
    Empty,
    /// The raster backend failed.
    #[error("cannot encode the picture: {0}")]
    Raster(String),
    /// The file name does not end in `.svg` or `.png`.
    #[error("cannot draw {path}: expected a name that ends in .svg or .png")]
    UnknownExtension {
        /// The path as given.
        path: String,
    },
}

/// The file format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFormat {
    /// Scalable vector graphics.
    Svg,
    /// Portable network graphics, 3040 by 1920 pixels.
    Png,
}

impl ImageFormat {
    /// The format that a file name's extension asks for.
    ///
    /// # Errors
    /// [`FigureError::UnknownExtension`] for anything but `.svg` and `.png`.
    pub fn of(path: &Path) -> Result<Self, FigureError> {
        match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("svg") => Ok(ImageFormat::Svg),
            Some("png") => Ok(ImageFormat::Png),
            _ => Err(FigureError::UnknownExtension { path: path.display().to_string() }),
        }
    }
}
