//! The state of a pack between two epochs, handed out and taken back.

use super::TrainError;
use crate::ensemble::{Network, Parameters, Part};

/// Where a run begins or goes on: at the beginning by default.
///
/// That a pack, a number of epochs and the networks are all of the state is a property of the training: the order of the
/// samples in an epoch comes from (seed, replicate, epoch), the optimizer's step from the epoch.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// The first pack to train, counted over all replicates.
    pub pack: usize,
    /// Epochs that it has completed and been measured after; captures after the last of them are still to come.
    pub epoch: usize,
    /// The sizes that train side by side, all of the plan's in their order; what suits this machine without them. They
    /// change the order of events, so a run that goes on has those it began with.
    pub packs: Option<Vec<Vec<usize>>>,
}

/// Reads a tensor of a state that was kept, by its name; needed only where [`Start::epoch`] is not 0.
pub type Restore<'a, E> = dyn FnMut(&str) -> Result<Vec<f32>, E> + 'a;

/// A pack between two epochs.
#[derive(Clone, Copy, Debug)]
pub struct PackState<'a> {
    /// The pack, counted over all replicates.
    pub pack: usize,
    /// Epochs completed.
    pub epoch: usize,
    pub(super) networks: &'a [Network],
}

impl PackState<'_> {
    /// Names and shapes of its tensors, values and both moments of every parameter, in the order of
    /// [`for_each`](Self::for_each).
    #[must_use]
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let mut tensors = Vec::new();
        for network in self.networks {
            let (size, n_inputs, n_classes) = (network.member().size, network.n_inputs(), network.n_classes());
            for part in Part::ALL {
                let shapes = [vec![size, n_inputs], vec![size], vec![n_classes, size], vec![n_classes]];
                tensors.extend(NAMES.into_iter().map(|name| tensor(network, part, name)).zip(shapes));
            }
        }
        tensors
    }

    /// Calls `each` with every tensor's name and values.
    ///
    /// # Errors
    ///
    /// The first that `each` returns.
    pub fn for_each<E>(&self, mut each: impl FnMut(&str, &[f32]) -> Result<(), E>) -> Result<(), E> {
        for network in self.networks {
            for part in Part::ALL {
                let mut parameters = network.unpack(part);
                for (name, values) in NAMES.into_iter().zip(fields(&mut parameters)) {
                    each(&tensor(network, part, name), values)?;
                }
            }
        }
        Ok(())
    }

    /// Puts every tensor back into the networks.
    pub(super) fn restore<E>(&self, restore: &mut Restore<'_, E>) -> Result<(), TrainError<E>> {
        let mut shapes = self.tensors().into_iter().map(|(_, shape)| shape);
        for network in self.networks {
            for part in Part::ALL {
                let mut parameters = Parameters::default();
                for ((name, values), shape) in NAMES.into_iter().zip(fields(&mut parameters)).zip(&mut shapes) {
                    let name = tensor(network, part, name);
                    *values = restore(&name).map_err(TrainError::Observer)?;
                    let (expected, found) = (shape.iter().product(), values.len());
                    if expected != found {
                        return Err(TrainError::State { name, expected, found });
                    }
                }
                network.pack(part, &parameters);
            }
        }
        Ok(())
    }
}

/// Parameters in the order of [`fields`].
const NAMES: [&str; 4] = ["hidden.weight", "hidden.bias", "output.weight", "output.bias"];

fn fields(parameters: &mut Parameters) -> [&mut Vec<f32>; 4] {
    let Parameters { hidden_weight, hidden_bias, output_weight, output_bias } = parameters;
    [hidden_weight, hidden_bias, output_weight, output_bias]
}

fn tensor(network: &Network, part: Part, name: &str) -> String {
    let member = network.member();
    let suffix = match part {
        Part::Values => "",
        Part::First => ".first_moment",
        Part::Second => ".second_moment",
    };
    format!("size={}/replicate={}/{name}{suffix}", member.size, member.replicate)
}
