//! Every file operation of a run fails once, in four ways.

use std::{fs, path::Path, sync::Arc};

use clap::Parser;
use layerscope::record::{args::Cli, backend::Backend, plan::RecordPlan, request::Request, run::run};
use layerscope_recorder::{
    dataset::{Dataset, Search, Split},
    recording::disk::{Disk, SystemDisk},
};

use super::{
    disk::{Fault, FaultyDisk},
    setup::{Content, FILES, files, names},
};

/// A few samples of the embedded digits.
fn dataset() -> Dataset {
    let mut dataset = Search::from_environment(None).unwrap().load("mnist-5k", &mut ()).unwrap();
    for split in [&mut dataset.train, &mut dataset.test] {
        let n = 60;
        *split = Split::new(784, split.pixels()[..n * 784].to_vec(), split.labels()[..n].to_vec()).unwrap();
    }
    dataset
}

fn record(folder: &Path, dataset: &Dataset, more: &[&str], disk: Arc<dyn Disk>) -> anyhow::Result<()> {
    let out = folder.join("out.parquet").display().to_string();
    let arguments = ["record", "--model", "mnist_h1", "--sizes", "2,35", "--replicates", "2", "--epochs", "2"];
    let checkpoints =
        ["--checkpoint-every", "1", "--capture-epochs", "0,1,2", "--samples", "50", "--out", &out, "--quiet"];
    let request = Request::new(Cli::try_parse_from([&arguments[..], &checkpoints, more].concat())?.record)?;
    run(RecordPlan::new(request, dataset)?, dataset, &mut Backend::Cpu, disk).map(drop)
}

/// The bytes of the four files that are there.
fn contents(folder: &Path) -> Vec<Option<Vec<u8>>> {
    FILES.iter().map(|name| fs::read(folder.join(name)).ok()).collect()
}

/// In memory where the system has such a folder: what is tested is the order of operations, not the disk.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

#[test]
fn after_any_failed_operation_the_run_goes_on_to_the_same_recording() {
    let all = std::env::var("LAYERSCOPE_FAULTS").is_ok_and(|value| value == "all");
    let dataset = dataset();
    let whole = tempfile::tempdir().unwrap();
    let counter = Arc::new(FaultyDisk::new(Fault::Io, u64::MAX));
    record(whole.path(), &dataset, &[], counter.clone()).unwrap();
    let truth = Content::of(whole.path());
    assert_eq!(names(whole.path()), FILES);
    let n_operations = counter.n_operations();
    let (mut n_failed, mut n_passed) = (0, 0);
    for (index, fault) in Fault::ALL.into_iter().enumerate() {
        // With an earlier recording in place there are more operations: it leaves.
        for at in 0..n_operations + 8 {
            for earlier in [false, true] {
                // A sample that differs from fault to fault; all of the end, where the files get their names.
                let case = at * 2 + u64::from(earlier);
                let is_end = at + 20 > n_operations && fault == Fault::Io && earlier == at.is_multiple_of(2);
                if !all && case % 48 != index as u64 * 13 && !is_end {
                    continue;
                }
                let case = format!("{fault:?} at operation {at} of {n_operations}, earlier recording: {earlier}");
                let folder = folder();
                let folder = folder.path();
                if earlier {
                    record(folder, &dataset, &["--seed", "9"], Arc::new(SystemDisk)).unwrap();
                }
                let old = contents(folder);
                let more: &[&str] = if earlier { &["--overwrite"] } else { &[] };
                match record(folder, &dataset, more, Arc::new(FaultyDisk::new(fault, at))) {
                    Ok(()) => n_passed += 1,
                    Err(error) => {
                        n_failed += 1;
                        let message = format!("{error:#}");
                        let cause = if fault == Fault::NoSpace { "no space left" } else { "Input/output error" };
                        assert!(message.contains(cause), "{case}: {message}");
                        assert!(message.contains(&folder.display().to_string()), "{case}: {message}");
                        assert!(fault != Fault::Short && !message.contains('\n'), "{case}: {message}");
                    }
                }
                // Under the final name: the old recording with its companions, the new one with its own, or nothing.
                if files(folder).recording.exists() && contents(folder) != old {
                    assert_eq!(Content::of(folder), truth, "{case}");
                }
                record(folder, &dataset, &[more, &["--resume"]].concat(), Arc::new(SystemDisk))
                    .unwrap_or_else(|error| panic!("{case}: {error:#}"));
                if Content::of(folder) != truth || names(folder) != FILES {
                    panic!("{case}: {:?}\n{:?}\n{truth:?}", names(folder), Content::of(folder));
                }
            }
        }
    }
    println!("{n_operations} operations; {n_failed} runs failed, {n_passed} did not; all were completed by --resume");
    assert!(n_failed > 0 && n_passed > 0);
}
