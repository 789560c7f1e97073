//! A real process is killed at random moments.

use std::{
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use super::setup::{Content, FILES, done, files, left, names, record};

/// Several packs, checkpoints and row groups; about a second.
const RUN: [&str; 21] = [
    "--model",
    "mnist_h1",
    "--sizes",
    "40,300",
    "--replicates",
    "2",
    "--dataset",
    "mnist-5k",
    "--epochs",
    "3",
    "--capture-epochs",
    "0,2,3",
    "--samples",
    "3000",
    "--checkpoint-every",
    "1",
    "--memory",
    "100MiB",
    "--threads",
    "2",
    "--quiet",
];

/// splitmix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Starts a run and kills it after `delay`, unless it has ended.
fn kill(folder: &Path, more: &[&str], delay: Duration) {
    let mut command = record(folder, &[&RUN[..], more].concat());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(delay);
    // SIGKILL; a process that has ended already is left alone.
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_run_leaves_the_old_state_or_one_to_go_on_from() {
    let n_kills: u64 = std::env::var("LAYERSCOPE_KILLS").map_or(6, |value| value.parse().unwrap());
    let seed: u64 = std::env::var("LAYERSCOPE_SEED").map_or(20_261_128, |value| value.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (whole, earlier) = (folder.path().join("whole"), folder.path().join("earlier"));
    for path in [&whole, &earlier] {
        fs::create_dir(path).unwrap();
    }
    let started = Instant::now();
    done(&whole, &RUN);
    let duration = started.elapsed();
    done(&earlier, &[&RUN[..], &["--seed", "5"]].concat());
    let (truth, old) = (Content::of(&whole), Content::of(&earlier));
    assert_ne!(truth, old);

    let (mut random, mut kills, mut counts) = (seed, 0, [0_u64; 4]);
    while kills < n_kills {
        let folder = folder.path().join(format!("run-{kills}"));
        fs::create_dir(&folder).unwrap();
        let replaces = next(&mut random).is_multiple_of(2);
        if replaces {
            for name in FILES {
                fs::copy(earlier.join(name), folder.join(name)).unwrap();
            }
        }
        let mut more: Vec<&str> = if replaces { vec!["--overwrite"] } else { vec![] };
        // Some runs are killed again while they go on.
        loop {
            let delay = duration.mul_f64(1.1 * (next(&mut random) >> 11) as f64 / (1_u64 << 53) as f64);
            kill(&folder, &more, delay);
            kills += 1;
            let state = if files(&folder).recording.exists() {
                // Whole, and beside its own companions: digests of all files are compared.
                let content = Content::of(&folder);
                assert!(content == truth || replaces && content == old, "seed {seed}, kill {kills}: another recording");
                usize::from(content == truth)
            } else {
                2 + usize::from(left(&folder).exists())
            };
            counts[state] += 1;
            if !more.contains(&"--resume") {
                more.push("--resume");
            }
            if kills >= n_kills || !next(&mut random).is_multiple_of(3) {
                break;
            }
        }
        done(&folder, &[&RUN[..], &more].concat());
        assert!(Content::of(&folder) == truth, "seed {seed}, kill {kills}: the resumed recording differs");
        assert_eq!(names(&folder).iter().filter(|name| *name != "cache").collect::<Vec<_>>(), FILES);
        fs::remove_dir_all(&folder).unwrap();
    }
    let [n_old, n_new, n_nothing, n_partial] = counts;
    println!(
        "{kills} kills within {duration:.2?}: {n_old} left the earlier recording, {n_new} the complete new one, \
         {n_partial} a part to go on from, {n_nothing} nothing; all runs ended with the same digests"
    );
}
