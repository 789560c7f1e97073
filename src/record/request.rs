//! What the user asked for, read and checked as far as that needs no data.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, bail, ensure};
use layerscope_recorder::{
    backend::cuda::Precision,
    dataset::{SplitName, catalogue},
    model::{MODELS, Model},
    recording::{Companions, Stage},
};

use super::{
    args::{PrecisionArg, RecordArgs, SplitArg},
    backend::BackendChoice,
    sizes,
};

/// More networks than this in one run are a slip of the pen.
const MAX_MEMBERS: usize = 100_000;

/// The data set to train on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatasetChoice {
    /// Full MNIST, or else its embedded subset.
    Auto,
    /// This one and no other.
    Named(&'static str),
}

/// A recording that makes sense in itself; whether it fits data and machine is [`RecordPlan`](super::plan::RecordPlan)'s
/// question.
#[derive(Clone, Debug)]
pub struct Request {
    /// The network.
    pub model: Model,
    /// Ascending, each once, at least one.
    pub sizes: Vec<usize>,
    /// Networks of each size.
    pub n_replicates: usize,
    /// The data set.
    pub dataset: DatasetChoice,
    /// Which split is recorded.
    pub split: SplitName,
    /// How many samples of it; all without a number.
    pub n_samples: Option<usize>,
    /// What is recorded; `pre` before `post`.
    pub stages: Vec<Stage>,
    /// After how many completed epochs; ascending, each once, at least one.
    pub capture_epochs: Vec<usize>,
    /// The files to write.
    pub files: Companions,
    /// Worker threads.
    pub n_threads: usize,
    /// What trains.
    pub backend: BackendChoice,
    /// Of a device's large products.
    pub precision: Precision,
    /// The arguments as typed.
    pub args: RecordArgs,
}

impl Request {
    /// Reads the texts among the arguments.
    ///
    /// # Errors
    /// One sentence for the first that is wrong, with its flag.
    pub fn new(args: RecordArgs) -> anyhow::Result<Self> {
        let backend = args.backend.parse()?;
        ensure!(
            !args.resume || !matches!(backend, BackendChoice::Cuda(_)),
            "--resume: a run on a device keeps no checkpoints to go on from (--overwrite starts anew)"
        );
        let model = model(args.model.as_deref().unwrap_or_default())?;
        let sizes = sizes::parse(args.sizes.as_deref().unwrap_or_default()).context("--sizes")?;
        let n_replicates = args.replicates as usize;
        ensure!(
            sizes.len().saturating_mul(n_replicates) <= MAX_MEMBERS,
            "{} sizes x {n_replicates} replicates are more than {MAX_MEMBERS} networks",
            sizes.len()
        );
        let dataset = match args.dataset.as_str() {
            "auto" => DatasetChoice::Auto,
            name => DatasetChoice::Named(catalogue::by_name(name).context("--dataset")?.name),
        };
        let available = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            model,
            sizes,
            n_replicates,
            dataset,
            split: match args.split {
                SplitArg::Train => SplitName::Train,
                SplitArg::Test => SplitName::Test,
            },
            n_samples: n_samples(&args.samples)?,
            stages: stages(&args.stages)?,
            capture_epochs: capture_epochs(&args.capture_epochs, args.epochs as usize)?,
            files: output(&args.out)?,
            n_threads: args.threads.map_or(available, usize::from),
            backend,
            precision: match args.precision {
                PrecisionArg::F32 => Precision::F32,
                PrecisionArg::Tf32 => Precision::Tf32,
                PrecisionArg::Tf32x3 => Precision::Tf32x3,
            },
            args,
        })
    }
}

fn model(name: &str) -> anyhow::Result<Model> {
    Model::by_name(name).with_context(|| {
        let known: Vec<_> = MODELS.iter().map(Model::name).collect();
        format!("--model: unknown model {name:?}: expected one of {}", known.join(", "))
    })
}

fn n_samples(text: &str) -> anyhow::Result<Option<usize>> {
    match (text, text.parse::<usize>()) {
        ("all", _) => Ok(None),
        (_, Ok(n)) if n > 0 => Ok(Some(n)),
        _ => bail!("--samples: expected all or a whole number from 1 on, found {text:?}"),
    }
}

fn stages(text: &str) -> anyhow::Result<Vec<Stage>> {
    let mut stages = BTreeSet::new();
    for item in text.split(',').map(str::trim) {
        let stage = Stage::ALL.into_iter().find(|stage| stage.as_str() == item);
        stages.insert(stage.with_context(|| format!("--stages: expected pre, post or both, found {text:?}"))?);
    }
    Ok(stages.into_iter().collect())
}

fn capture_epochs(text: &str, n_epochs: usize) -> anyhow::Result<Vec<usize>> {
    let mut epochs = BTreeSet::new();
    for item in text.split(',').map(str::trim) {
        let epoch = match (item, item.parse()) {
            ("final", _) => n_epochs,
            (_, Ok(epoch)) => epoch,
            _ => bail!("--capture-epochs: expected final or numbers of completed epochs such as 0,1,5, found {text:?}"),
        };
        ensure!(epoch <= n_epochs, "--capture-epochs: {epoch} is more than the {n_epochs} epochs of the training");
        epochs.insert(epoch);
    }
    Ok(epochs.into_iter().collect())
}

fn output(path: &Path) -> anyhow::Result<Companions> {
    ensure!(path.file_name().is_some(), "--out: {:?} names no file", path.display().to_string());
    Ok(Companions::of(path))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::record::args::Cli;

    fn request(more: &[&str]) -> anyhow::Result<Request> {
        let given = ["record", "--model", "mnist_h1", "--sizes", "2,3"];
        Request::new(Cli::try_parse_from(given.iter().chain(more)).unwrap().record)
    }

    #[test]
    fn defaults_are_those_of_the_contract() {
        let request = request(&[]).unwrap();
        assert_eq!((request.sizes.as_slice(), request.n_replicates), ([2, 3].as_slice(), 1));
        assert_eq!((request.dataset, request.split), (DatasetChoice::Auto, SplitName::Train));
        assert_eq!((request.n_samples, request.capture_epochs.as_slice()), (None, [15].as_slice()));
        assert_eq!(request.stages, [Stage::Pre, Stage::Post]);
        assert_eq!((request.args.batch_size, request.args.lr, request.args.seed), (128, 1e-3, 0));
        assert_eq!(request.files, Companions::of("out.parquet".as_ref()));
    }

    #[test]
    fn lists_are_sets_in_order() {
        let request =
            request(&["--stages", "post,pre,post", "--capture-epochs", "final,5,0,5", "--samples", "7"]).unwrap();
        assert_eq!(request.stages, [Stage::Pre, Stage::Post]);
        assert_eq!(request.capture_epochs, [0, 5, 15]);
        assert_eq!(request.n_samples, Some(7));
    }

    #[test]
    fn a_device_keeps_nothing_to_go_on_from() {
        let error = request(&["--backend", "cuda", "--resume"]).unwrap_err().to_string();
        assert!(error.starts_with("--resume: a run on a device keeps no checkpoints"), "{error}");
        assert!(request(&["--backend", "cpu", "--resume"]).is_ok());
    }

    #[test]
    fn every_mistake_names_its_flag() {
        for (flag, value, expected) in [
            ("--stages", "pre,", "--stages: expected pre, post or both, found \"pre,\""),
            ("--samples", "0", "--samples: expected all or a whole number from 1 on, found \"0\""),
            ("--samples", "-1", "--samples: expected all or a whole number from 1 on, found \"-1\""),
            ("--capture-epochs", "16", "--capture-epochs: 16 is more than the 15 epochs of the training"),
            ("--capture-epochs", "last", "--capture-epochs: expected final or numbers"),
            ("--capture-epochs", "", "--capture-epochs: expected final or numbers"),
            ("--backend", "gpu", "--backend: expected auto, cpu or cuda[:N], found \"gpu\""),
            ("--backend", "cpu:1", "--backend: expected auto, cpu or cuda[:N], found \"cpu:1\""),
            ("--backend", "cuda:x", "--backend: expected auto, cpu or cuda[:N], found \"cuda:x\""),
            ("--dataset", "minst", "--dataset: unknown data set \"minst\": expected one of mnist, "),
            ("--replicates", "100000", "2 sizes x 100000 replicates are more than 100000 networks"),
            ("--out", "..", "--out: \"..\" names no file"),
        ] {
            let error = format!("{:#}", request(&[flag, value]).unwrap_err());
            assert!(error.starts_with(expected), "{flag} {value:?}: {error}");
        }
    }
}
