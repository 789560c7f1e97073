//! The journal's base network: one hidden layer over 28 x 28 images, ten classes.

use super::{Layer, Model, Units};

/// 784 -> size (ReLU) -> 10.
pub(super) const MODEL: Model = Model {
    name: "mnist_h1",
    n_inputs: 784,
    layers: &[
        Layer::Dense { units: Units::Swept },
        Layer::Relu { name: "hidden" },
        Layer::Dense { units: Units::Fixed(10) },
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_its_parameters() {
        assert_eq!(MODEL.n_parameters(64), 784 * 64 + 64 + 64 * 10 + 10);
        assert_eq!(MODEL.dense_shapes(64).collect::<Vec<_>>(), [(784, 64), (64, 10)]);
        assert_eq!(MODEL.recorded_layers(), ["hidden"]);
    }
}
