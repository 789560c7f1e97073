//! What trains: the CPU, or a CUDA device.

use std::{fmt, str::FromStr};

use anyhow::{Context, bail};
use layerscope_recorder::{
    backend::{
        Isa,
        cuda::{Gpu, Precision},
    },
    dataset::Dataset,
    train::{self, Observer, Plan, Restore, Start, TrainError},
};

use super::plan::bytes;

/// What was asked for with `--backend`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendChoice {
    /// Left to the program.
    Auto,
    /// The CPU.
    Cpu,
    /// The device of that number.
    Cuda(u32),
}

impl FromStr for BackendChoice {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text.split_once(':') {
            None if text == "auto" => Ok(Self::Auto),
            None if text == "cpu" => Ok(Self::Cpu),
            None if text == "cuda" => Ok(Self::Cuda(0)),
            Some(("cuda", index)) if index.parse::<u32>().is_ok() => Ok(Self::Cuda(index.parse()?)),
            _ => bail!("--backend: expected auto, cpu or cuda[:N], found {text:?}"),
        }
    }
}

impl fmt::Display for BackendChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

/// What trains, ready.
#[derive(Debug)]
pub enum Backend {
    /// The CPU.
    Cpu,
    /// A device.
    Cuda {
        /// With the kernels loaded.
        gpu: Box<Gpu>,
        /// Of its large products.
        precision: Precision,
    },
}

impl Backend {
    /// The backend, and what there is to say about it: which it is and why.
    ///
    /// # Errors
    /// A device that was asked for and cannot be used. The CPU never takes its place.
    pub fn open(choice: BackendChoice, precision: Precision, n_threads: usize) -> anyhow::Result<(Self, String)> {
        let cpu = |reason: &str| (Self::Cpu, format!("cpu ({}, {n_threads} threads): {reason}", Isa::detect().name()));
        match choice {
            BackendChoice::Cpu => Ok(cpu("as asked for")),
            BackendChoice::Auto => Ok(match Gpu::count() {
                Ok(_) => cpu("the CUDA backend has not been proven on a GPU yet; --backend cuda takes it"),
                Err(error) => cpu(&error.to_string()),
            }),
            BackendChoice::Cuda(index) => {
                let gpu = Gpu::open(index).with_context(|| format!("--backend {choice}"))?;
                let memory = bytes(gpu.total_bytes());
                let note = format!("{choice} ({}, {memory}, {precision}): as asked for", gpu.name());
                Ok((Self::Cuda { gpu: Box::new(gpu), precision }, note))
            }
        }
    }

    /// As it stands in a manifest.
    pub fn name(&self) -> String {
        match self {
            Self::Cpu => format!("cpu ({})", Isa::detect().name()),
            Self::Cuda { gpu, precision } => format!("cuda:{} ({}, {precision})", gpu.index(), gpu.name()),
        }
    }

    /// Trains the plan from `start` on, which a device takes from its beginning.
    ///
    /// # Errors
    /// As [`train::train_from`] and [`train::train_on`].
    pub fn train<O: Observer>(
        &mut self,
        plan: &Plan,
        dataset: &Dataset,
        start: &Start,
        restore: &mut Restore<'_, O::Error>,
        observer: &mut O,
    ) -> Result<(), TrainError<O::Error>> {
        match self {
            Self::Cpu => train::train_from(plan, dataset, start, restore, observer),
            Self::Cuda { gpu, precision } => train::train_on(&mut **gpu, *precision, plan, dataset, observer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_and_written() {
        for (text, choice) in
            [("auto", BackendChoice::Auto), ("cpu", BackendChoice::Cpu), ("cuda:3", BackendChoice::Cuda(3))]
        {
            assert_eq!(text.parse::<BackendChoice>().unwrap(), choice);
            assert_eq!(choice.to_string(), text);
        }
        assert_eq!("cuda".parse::<BackendChoice>().unwrap(), BackendChoice::Cuda(0));
        for text in ["", "gpu", "cpu:0", "auto:0", "cuda:", "cuda:-1", "cuda:1:2", "CUDA"] {
            assert!(text.parse::<BackendChoice>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_device_that_no_machine_has_is_an_error() {
        let error = Backend::open(BackendChoice::Cuda(9999), Precision::Tf32, 1).unwrap_err();
        assert!(format!("{error:#}").starts_with("--backend cuda:9999: "), "{error:#}");
    }
}
