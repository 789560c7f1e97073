//! Beginning a recording, or going on with one: what lies under the output's name decides.

use std::{collections::BTreeSet, fs, sync::Arc};

use anyhow::{bail, ensure};
use layerscope_recorder::{
    dataset::Dataset,
    recording::{
        Companions, Manifest, RecordingError, WriterOptions,
        disk::Disk,
        unfinished::{self, Begun, Found, Point, Resumption, Unfinished},
        weights::{TensorSpec, Weights, member_tensors},
    },
};

use super::{
    backend::Backend,
    layout, manifest,
    plan::{self, RecordPlan, bytes},
    request::Request,
};

/// A recording to write, and where its training starts.
pub struct Opened {
    /// Takes what is recorded.
    pub unfinished: Unfinished,
    /// Where to start.
    pub point: Point,
    /// The state there, where it is not the beginning of a pack.
    pub state: Option<Weights>,
}

/// Refuses outputs that cannot be written, before any work is done: those that exist, or were interrupted, unless the
/// arguments say what is to become of them.
///
/// # Errors
/// Says which file is in the way and what to do.
pub fn check(request: &Request, disk: Arc<dyn Disk>) -> anyhow::Result<()> {
    let (files, resume, overwrite) = (&request.files, request.args.resume, request.args.overwrite);
    let interrupted = Found::open(files, disk)?.is_some();
    if interrupted && !resume && !overwrite {
        let (path, folder) = (files.recording.clone(), unfinished::folder(files));
        return Err(RecordingError::Unfinished { path, folder }.into());
    }
    plan::check_outputs(files, overwrite || resume)
}

/// The recording to write, begun anew or taken up again; `None` where all of it is there already. An interrupted
/// recording's layout becomes the plan's.
///
/// # Errors
/// Names the first difference between the interrupted run and this one; what cannot be read or written.
pub fn open(
    plan: &mut RecordPlan,
    dataset: &Dataset,
    backend: &Backend,
    disk: Arc<dyn Disk>,
) -> anyhow::Result<Option<Opened>> {
    let files = plan.request.files.clone();
    let path = files.recording.display();
    let (resume, overwrite, quiet) = (plan.request.args.resume, plan.request.args.overwrite, plan.request.args.quiet);
    let say = |what: String| {
        if !quiet {
            eprintln!("record: {path}: {what}");
        }
    };
    let now = manifest::of(plan, dataset, backend);
    let found = Found::open(&files, disk.clone())?;
    match found {
        Some(found) if resume => {
            let was = found.begun();
            if let Some(different) = was.check_version().or_else(|| difference(&was.manifest, &now)) {
                bail!("--resume: {path}: {different} (--overwrite starts anew)");
            }
            if found.is_complete() {
                found.commit()?;
                say("was complete and has its name now".to_owned());
                return Ok(None);
            }
            adopt(plan, was, dataset)?;
            let options = options(plan);
            let (unfinished, Resumption { point, state, kept_rows }) = found.resume(options, &tensors(plan))?;
            let n_packs = plan.layout.packs.len() * plan.training.n_replicates;
            let (pack, epoch) = (point.pack, point.epoch);
            say(format!("going on after {pack} of {n_packs} packs and {epoch} epochs, {kept_rows} rows are kept"));
            return Ok(Some(Opened { unfinished, point, state }));
        }
        // Complete, but stopped while the files got their names: they get them before they are replaced. Damaged, they
        // are replaced as they are.
        Some(found) if found.is_complete() => drop(found.commit()),
        // What is begun anew needs the lock on the old ledger.
        other => drop(other),
    }
    if resume {
        if is_recorded(&files, &now, overwrite)? {
            unfinished::discard(&files, disk)?;
            say("is complete, nothing is left to do".to_owned());
            return Ok(None);
        }
        say("nothing to resume, starting anew".to_owned());
    }
    let begun = Begun { manifest: now, layout: plan.layout.clone(), overwrite };
    let unfinished = Unfinished::begin(&files, begun, options(plan), &tensors(plan), disk)?;
    Ok(Some(Opened { unfinished, point: Point::default(), state: None }))
}

/// Takes over the layout of the interrupted run: rows have their places in it.
fn adopt(plan: &mut RecordPlan, was: &Begun, dataset: &Dataset) -> anyhow::Result<()> {
    let needed = layout::memory_bytes(&was.layout, &plan.training, dataset);
    let allowed = plan.request.args.memory.0 as u64;
    ensure!(
        needed <= allowed,
        "--memory: the interrupted run was laid out for {}, {} are allowed",
        bytes(needed),
        bytes(allowed)
    );
    plan.training.capture.chunk_bytes = was.layout.chunk_bytes;
    plan.layout = was.layout.clone();
    Ok(())
}

fn options(plan: &RecordPlan) -> WriterOptions {
    WriterOptions {
        stages: plan.request.stages.clone(),
        row_group_bytes: plan.layout.row_group_bytes,
        ..WriterOptions::default()
    }
}

fn tensors(plan: &RecordPlan) -> Vec<TensorSpec> {
    let training = &plan.training;
    let (n_inputs, n_classes) = (training.model.n_inputs(), training.n_classes());
    let members =
        training.sizes.iter().flat_map(|&size| (0..training.n_replicates).map(move |replicate| (size, replicate)));
    members.flat_map(|(size, replicate)| member_tensors(size, replicate, n_inputs, n_classes)).collect()
}

/// Whether exactly this recording is there under its final name.
fn is_recorded(files: &Companions, now: &Manifest, overwrite: bool) -> anyhow::Result<bool> {
    let all = [&files.recording, &files.weights, &files.history, &files.manifest];
    let Some(taken) = all.into_iter().find(|path| fs::symlink_metadata(path).is_ok()) else { return Ok(false) };
    let whole = all.iter().all(|path| path.is_file());
    let was = if whole { Manifest::read(&files.manifest)? } else { None };
    let length = fs::metadata(&files.recording).map(|metadata| metadata.len()).ok();
    let different = match was {
        Some(was) if was.bytes.is_some() && was.bytes == length => difference(&was, now),
        _ if overwrite => return Ok(false),
        _ => return Err(RecordingError::Exists { path: taken.clone() }.into()),
    };
    match different {
        None => Ok(true),
        Some(_) if overwrite => Ok(false),
        Some(different) => {
            let path = files.recording.display();
            bail!("--resume: {path} is complete, but of another command: {different} (--overwrite replaces it)")
        }
    }
}

/// The first thing that differs between two runs and would show in their values.
fn difference(was: &Manifest, now: &Manifest) -> Option<String> {
    let device =
        |manifest: &Manifest| manifest.backend.as_deref().unwrap_or_default().split(' ').next().map(str::to_owned);
    let text = |value: Option<String>| value.unwrap_or_else(|| "nothing".to_owned());
    let set = |manifest: &Manifest, key: &str| text(manifest.settings.get(key).map(ToString::to_string));
    let keys: BTreeSet<_> = was.settings.keys().chain(now.settings.keys()).collect();
    let settings = keys.into_iter().filter(|key| *key != "threads").map(|key| {
        let flag = if key == "learning_rate" { "lr".to_owned() } else { key.replace('_', "-") };
        (format!("--{flag}"), set(was, key), set(now, key))
    });
    let seed = |manifest: &Manifest| text(manifest.seed.map(|seed| seed.to_string()));
    let name = |manifest: &Manifest| text(manifest.datasets.first().map(|dataset| dataset.name.clone()));
    let files =
        |manifest: &Manifest| manifest.datasets.iter().flat_map(|dataset| dataset.files.clone()).collect::<Vec<_>>();
    let digest = |manifest: &Manifest, wanted: &str| {
        text(files(manifest).into_iter().find(|file| file.name == wanted).map(|file| file.sha256))
    };
    let data: Vec<_> = files(was).into_iter().chain(files(now)).map(|file| file.name).collect();
    let data = data.into_iter().map(|file| {
        let (was, now) = (digest(was, &file), digest(now, &file));
        (format!("SHA-256 of {file}"), was, now)
    });
    [("--dataset".to_owned(), name(was), name(now)), ("--seed".to_owned(), seed(was), seed(now))]
        .into_iter()
        .chain([("--backend".to_owned(), text(device(was)), text(device(now)))])
        .chain(settings)
        .chain(data)
        .find(|(_, was, now)| was != now)
        .map(|(what, was, now)| format!("{what}: was {was}, now {now}"))
}

/// The error with what can be done about it, where something was kept.
pub fn kept(error: anyhow::Error, files: &Companions) -> anyhow::Error {
    let folder = unfinished::folder(files);
    anyhow::anyhow!("{error:#}; what was done is kept in {}, --resume continues it", folder.display())
}

#[cfg(test)]
mod tests {
    use layerscope_recorder::recording::manifest::{DatasetEntry, DatasetFile};
    use serde_json::json;

    use super::*;

    fn manifest() -> Manifest {
        let file = DatasetFile { name: "train-images".to_owned(), sha256: "ab".to_owned() };
        let mut manifest = Manifest {
            seed: Some(1),
            backend: Some("cpu (AVX2)".to_owned()),
            datasets: vec![DatasetEntry { name: "mnist".to_owned(), files: vec![file] }],
            ..Manifest::new()
        };
        manifest.settings.insert("learning_rate".to_owned(), json!(0.001));
        manifest.settings.insert("capture_epochs".to_owned(), json!([0, 5]));
        manifest.settings.insert("threads".to_owned(), json!(2));
        manifest
    }

    #[test]
    fn the_first_difference_is_named_as_it_is_typed() {
        let change = |change: &dyn Fn(&mut Manifest)| {
            let mut now = manifest();
            change(&mut now);
            difference(&manifest(), &now)
        };
        assert_eq!(change(&|_| {}), None);
        assert_eq!(change(&|now| now.backend = Some("cpu (AVX-512)".to_owned())), None);
        assert_eq!(change(&|now| now.settings["threads"] = json!(1)), None);
        for (found, expected) in [
            (change(&|now| now.seed = Some(2)), "--seed: was 1, now 2"),
            (change(&|now| now.backend = Some("cuda:0 (H200)".to_owned())), "--backend: was cpu, now cuda:0"),
            (change(&|now| now.settings["learning_rate"] = json!(0.01)), "--lr: was 0.001, now 0.01"),
            (change(&|now| now.settings["capture_epochs"] = json!([5])), "--capture-epochs: was [0,5], now [5]"),
            (change(&|now| now.datasets[0].name = "mnist-5k".to_owned()), "--dataset: was mnist, now mnist-5k"),
            (
                change(&|now| now.datasets[0].files[0].sha256 = "cd".to_owned()),
                "SHA-256 of train-images: was ab, now cd",
            ),
            (change(&|now| now.datasets[0].files.clear()), "SHA-256 of train-images: was ab, now nothing"),
            (change(&|now| drop(now.settings.remove("learning_rate"))), "--lr: was 0.001, now nothing"),
        ] {
            assert_eq!(found.as_deref(), Some(expected));
        }
    }
}
