//! `record --backend cuda` against a driver whose device is the emulation of the kernels: the whole program, from the
//! driver's library to the files, without a GPU. What the real driver and device do remains to be seen on one.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

use layerscope_recorder::recording::{Manifest, Recording, RecordingError, Stage};
use tempfile::TempDir;

/// The folder of the emulated libcuda.so.1; `None`, said loudly, where there is no C++ compiler and that is accepted.
fn driver() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(build).as_deref()
}

fn build() -> Option<PathBuf> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("recorder/src");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("emulated-driver");
    fs::create_dir_all(&folder).unwrap();
    let compiler = env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let mut command = Command::new(&compiler);
    command.args([
        "-std=c++17",
        "-O2",
        "-march=native",
        "-ffp-contract=off",
        "-fPIC",
        "-shared",
        "-fvisibility=hidden",
    ]);
    command.args(["-Wall", "-Wno-unknown-pragmas", "-include", "cuda.h"]);
    for below in ["backend/cuda/emulation", "backend/cuda/device"] {
        command.arg("-I").arg(sources.join(below));
    }
    for operation in ["adam", "batch", "capture", "cross_entropy", "hidden", "moments", "output"] {
        command.arg("-I").arg(sources.join("op").join(operation));
    }
    let library = folder.join("libcuda.so.1");
    command.arg(sources.join("backend/cuda/emulation/driver.cpp")).arg("-o").arg(&library);
    match command.output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(_) if env::var_os("LAYERSCOPE_SKIP_EMULATION").is_some() => {
            eprintln!("SKIPPED: no C++ compiler, the CUDA backend was NOT run");
            return None;
        }
        Err(error) => panic!("{compiler}: {error}: tests need a C++ compiler (or LAYERSCOPE_SKIP_EMULATION=1)"),
    }
    // The program looks for both names; a GPU's own library must not be found first.
    fs::copy(&library, folder.join("libcuda.so")).unwrap();
    Some(folder)
}

fn record(folder: &Path, driver: Option<&Path>, fake: &str, more: &[&str]) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("record"));
    command.current_dir(folder).stdin(Stdio::null());
    command.args(["--model", "mnist_h1", "--sizes", "3,66", "--replicates", "2", "--dataset", "mnist-5k"]).args(more);
    command.env("LAYERSCOPE_MIRRORS", "none").env("XDG_CACHE_HOME", folder.join("cache")).env_remove("LAYERSCOPE_DATA");
    // An empty folder in front hides no library: without the emulated driver the machine's own is looked for.
    command.env("LD_LIBRARY_PATH", driver.unwrap_or(folder)).env("LAYERSCOPE_FAKE_CUDA", fake);
    command.output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every unit's key and `pre` and `post` of all its samples.
fn units(path: &Path) -> Vec<(String, Vec<f32>)> {
    let recording = Recording::open(path).unwrap();
    let mut units = Vec::new();
    for unit in recording.units() {
        let mut values = Vec::new();
        recording
            .read(unit, &Stage::ALL, 1 << 24, |chunk| {
                for matrix in [chunk.pre, chunk.post].into_iter().flatten() {
                    values.extend(matrix.iter().copied());
                }
                Ok::<(), RecordingError>(())
            })
            .unwrap();
        units.push((unit.key.to_string(), values));
    }
    units.sort_by(|a, b| a.0.cmp(&b.0));
    units
}

/// Two epochs would double the time and show nothing more: batches, evaluation and capture all repeat within one.
const TRAINED: [&str; 6] = ["--epochs", "1", "--samples", "300", "--batch-size", "512"];

#[test]
fn a_recording_from_the_device_is_that_of_the_cpu() {
    let Some(driver) = driver() else { return };
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap(), TempDir::new().unwrap()];
    let [cpu, cuda, packs] = folders.each_ref().map(TempDir::path);
    let output = record(cpu, None, "", &[&TRAINED[..], &["--backend", "cpu"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let arguments = [&TRAINED[..], &["--backend", "cuda", "--precision", "f32"]].concat();
    let output = record(cuda, Some(driver), "", &arguments);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("record: backend cuda:0 (emulated device, 1.1 GB, f32): as asked for"), "{said}");
    let manifest: Manifest = serde_json::from_slice(&fs::read(cuda.join("out.manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest.backend.as_deref(), Some("cuda:0 (emulated device, f32)"));

    let (found, expected) = (units(&cuda.join("out.parquet")), units(&cpu.join("out.parquet")));
    assert_eq!(found.len(), 4);
    for ((key, found), (expected_key, expected)) in found.iter().zip(&expected) {
        assert_eq!((key, found.len()), (expected_key, expected.len()));
        // Ten steps, sums in another order: weights differ by about a hundredth of the learning rate of 1e-3 at most,
        // sums of 784 of them by this.
        let is_near = |f: f32, e: f32| (f - e).abs() <= 2e-3;
        let far = found.iter().zip(expected).position(|(&f, &e)| !is_near(f, e));
        assert_eq!(far, None, "{key}: {:?}", far.map(|at| (found[at], expected[at])));
    }

    // Less memory: the networks train one after the other (that no value changes is tested beside the trainer).
    let arguments = ["--epochs", "0", "--samples", "300", "--batch-size", "512", "--backend", "cuda"];
    let output = record(packs, Some(driver), "memory=13500000", &arguments);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("record: the networks train in ") && said.contains(" parts: the device has "), "{said}");
    assert_eq!(units(&packs.join("out.parquet")).len(), 4);
}

#[test]
fn what_is_missing_is_said_and_nothing_is_left_behind() {
    let Some(driver) = driver() else { return };
    for (fake, backend, expected) in [
        (
            "version=12040",
            "cuda",
            "--backend cuda:0: the NVIDIA driver is for CUDA 12.4, 12.9 is needed: install driver 575",
        ),
        ("devices=0", "cuda", "--backend cuda:0: the NVIDIA driver finds no device: check nvidia-smi"),
        ("devices=2", "cuda:2", "--backend cuda:2: there is no CUDA device 2: 2 found, counted from 0"),
        ("capability=7", "cuda", "--backend cuda:0: emulated device has compute capability 7.0, 8.0 is needed"),
        ("memory=1000000", "cuda", "no device memory for images: 3920000 bytes asked for, 1000000 of 1000000 free"),
        ("memory=7000000", "cuda", "a network of size 66 needs "),
        ("fault=3", "cuda", "the device failed ("),
    ] {
        let folder = TempDir::new().unwrap();
        let output =
            record(folder.path(), Some(driver), fake, &["--epochs", "1", "--samples", "10", "--backend", backend]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{fake}: {said}");
        let errors: Vec<&str> = said.lines().filter(|line| !line.starts_with("record: backend cuda")).collect();
        assert!(errors.len() == 1 && errors[0].contains(expected), "{fake}\nexpected {expected}\nfound    {said}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{fake}: something was left behind");
    }
    let folder = TempDir::new().unwrap();
    let output = record(folder.path(), Some(driver), "version=11080", &["--epochs", "0", "--samples", "1"]);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("record: backend cpu (") && said.contains("the NVIDIA driver is for CUDA 11.8"), "{said}");
}

#[test]
fn a_dry_run_says_what_would_train_or_why_not() {
    let Some(driver) = driver() else { return };
    for (fake, expected) in [
        ("", "\nbackend    cuda:0 (emulated device, 1.1 GB, tf32): as asked for\ndevice     "),
        ("devices=0", "\nbackend    --backend cuda:0: the NVIDIA driver finds no device: check nvidia-smi"),
    ] {
        let folder = TempDir::new().unwrap();
        let output = record(folder.path(), Some(driver), fake, &["--backend", "cuda", "--dry-run"]);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains(expected) && said.contains(" of its memory for all networks side by side"), "{said}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
