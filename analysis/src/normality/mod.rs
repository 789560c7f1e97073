//! Tests of normality beside Shapiro-Wilk: each looks at another side of the distribution.
//!
//! - [`anderson_darling`]: the distance between the empirical distribution and a normal one, tails weighted up.
//! - [`jarque_bera`] and [`dagostino`]: skewness and kurtosis alone, from a [`Shape`].
//!
//! [`Battery`] is all of them on one sample. Small p speaks against a normal distribution, in all of them.

mod anderson_darling;
mod battery;
mod dagostino;
mod jarque_bera;
mod quantile;
mod shape;

pub use anderson_darling::{AndersonDarling, anderson_darling};
pub use battery::Battery;
pub use dagostino::{Dagostino, dagostino};
pub use jarque_bera::{JarqueBera, jarque_bera};
pub use quantile::normal_quantile;
pub use shape::Shape;
