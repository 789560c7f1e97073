//! Which rows belong together: the key of a unit and the two stages of its values.

use std::fmt;

/// The key columns that the rows of one matrix share.
///
/// Units are ordered by the fields in the order written here.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitKey {
    /// Model name, such as `mnist_h1`; empty where a foreign recording has none.
    pub model: String,
    /// Dataset name, such as `mnist-5k`.
    pub dataset: String,
    /// `train` or `test`.
    pub split: String,
    /// Swept width.
    pub size: i32,
    /// Replicate, counted from 0.
    pub replicate: i32,
    /// Training epochs completed at capture; 0 is at initialisation.
    pub epoch: i32,
    /// Layer name, such as `hidden`.
    pub layer: String,
}

impl fmt::Display for UnitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in [("model", &self.model), ("dataset", &self.dataset), ("split", &self.split)] {
            if !value.is_empty() {
                write!(f, "{name} {value}, ")?;
            }
        }
        write!(f, "size {}, replicate {}, epoch {}, layer {}", self.size, self.replicate, self.epoch, self.layer)
    }
}

/// Where in the layer a value was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Before the activation function.
    Pre,
    /// After it.
    Post,
}

impl Stage {
    /// Both stages in the order of their columns.
    pub const ALL: [Self; 2] = [Self::Pre, Self::Post];

    /// The stage's column name: `pre` or `post`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pre => super::schema::PRE,
            Self::Post => super::schema::POST,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
