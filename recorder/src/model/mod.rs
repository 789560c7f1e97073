//! Networks as data: what layers they have, never how a layer is computed.

mod mnist_h1;

/// How many units a layer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Units {
    /// The width that the sweep varies.
    Swept,
    /// The same in every member.
    Fixed(usize),
}

impl Units {
    /// The number of units in a member of the given size.
    #[must_use]
    pub fn at(self, size: usize) -> usize {
        match self {
            Self::Swept => size,
            Self::Fixed(units) => units,
        }
    }
}

/// One layer. A layer's input is the output of the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// z = W x + b with W `[O, I]`. Weights and biases start uniform in +-1 / sqrt(I).
    Dense {
        /// O.
        units: Units,
    },
    /// a = max(z, 0), derivative 0 at 0. What goes in is recorded as `pre`, what comes out as `post`.
    Relu {
        /// The layer's name in recordings.
        name: &'static str,
    },
}

/// A network whose width is swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    name: &'static str,
    n_inputs: usize,
    layers: &'static [Layer],
}

/// Every model there is.
pub const MODELS: &[Model] = &[mnist_h1::MODEL];

impl Model {
    /// The model called `name`, if there is one; [`MODELS`] lists them.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        MODELS.iter().copied().find(|model| model.name == name)
    }

    /// The name by which `record --model` and recordings call it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// I, the number of values in a sample.
    #[must_use]
    pub fn n_inputs(&self) -> usize {
        self.n_inputs
    }

    /// The layers, first to last.
    #[must_use]
    pub fn layers(&self) -> &'static [Layer] {
        self.layers
    }

    /// Names of the recorded layers, first to last.
    #[must_use]
    pub fn recorded_layers(&self) -> Vec<&'static str> {
        let name = |layer: &Layer| match layer {
            Layer::Relu { name } => Some(*name),
            Layer::Dense { .. } => None,
        };
        self.layers.iter().filter_map(name).collect()
    }

    /// (I, O) of every dense layer in a member of the given size.
    pub fn dense_shapes(&self, size: usize) -> impl Iterator<Item = (usize, usize)> {
        let mut inputs = self.n_inputs;
        self.layers.iter().filter_map(move |layer| match layer {
            Layer::Dense { units } => {
                let shape = (inputs, units.at(size));
                inputs = shape.1;
                Some(shape)
            }
            Layer::Relu { .. } => None,
        })
    }

    /// Trainable numbers in a member: the sum over dense layers of (I + 1) O.
    #[must_use]
    pub fn n_parameters(&self, size: usize) -> u64 {
        self.dense_shapes(size).map(|(inputs, outputs)| (inputs as u64 + 1) * outputs as u64).sum()
    }
}
