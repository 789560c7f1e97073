//! The corpus of the fuzz targets, input by input: what once was found stays mended, without a fuzzer.
//!
//! `LAYERSCOPE_FUZZ=SECONDS` also mutates the corpus for so long per target, without guidance by coverage: what can be
//! done without `cargo fuzz`. The number of inputs is printed with `--nocapture`; one that panics is kept in the folder of
//! temporary files, named in the panic's output.

#[path = "../fuzz/arguments.rs"]
mod arguments;
#[path = "../fuzz/readers.rs"]
mod readers;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Bytes of a mutated input at most.
const MOST: usize = 1 << 14;

/// Runs `target` on every input of its corpus, on prefixes of it, and on mutations if there is time for them.
fn replay(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 5, "{name}: {} inputs", paths.len());
    let corpus: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    for (path, data) in paths.iter().zip(&corpus) {
        // A panic names the input.
        println!("{}", path.display());
        target(data);
        let step = data.len() / 16 + 1;
        (0..data.len()).step_by(step).for_each(|n| target(&data[..n]));
    }
    let seconds = std::env::var("LAYERSCOPE_FUZZ").map_or(0, |text| text.parse().expect("LAYERSCOPE_FUZZ: seconds"));
    let (until, kept) =
        (Instant::now() + Duration::from_secs(seconds), std::env::temp_dir().join(format!("fuzz-{name}")));
    let (mut random, mut runs) = (Random(0x5eed), 0_u64);
    while Instant::now() < until {
        let data = random.mutate(&corpus);
        fs::write(&kept, &data).unwrap();
        target(&data);
        runs += 1;
    }
    if runs > 0 {
        println!(
            "{name}: {runs} mutated inputs in {seconds} s (a panic would have left its input in {})",
            kept.display()
        );
        fs::remove_file(&kept).unwrap();
    }
}

/// Numbers without a pattern, the same in every run (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 1) as usize % n.max(1)
    }

    /// One to eight changes to an input: bits, bytes, numbers at the ends of their ranges, cuts, repeats, splices.
    fn mutate(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut data = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.below(8) {
            let at = self.below(data.len());
            let end = data.len().min(at + 1 + self.below(16));
            match self.below(8) {
                0 | 1 if !data.is_empty() => data[at] ^= 1 << self.below(8),
                2 if !data.is_empty() => data[at] = [0, 1, 0x7f, 0x80, 0xff, b'0', b'9', b','][self.below(8)],
                3 => {
                    let edges = [0, 1, u64::MAX, u64::MAX >> 1, 1 << 31, u64::from(u32::MAX), 1 << 40];
                    let bytes = edges[self.below(edges.len())].to_le_bytes();
                    let n = [2, 4, 8][self.below(3)];
                    data.iter_mut().skip(at).zip(&bytes[..n]).for_each(|(to, from)| *to = *from);
                }
                4 => drop(data.drain(at.min(end)..end)),
                5 => data.insert(at, self.below(256) as u8),
                6 => {
                    let again = data[at.min(end)..end].to_vec();
                    data.splice(at..at, again);
                }
                _ => {
                    let other = &corpus[self.below(corpus.len())];
                    let first = self.below(other.len());
                    let last = other.len().min(first + 1 + self.below(64));
                    data.splice(at.min(end)..end, other[first.min(last)..last].iter().copied());
                }
            }
        }
        data.truncate(MOST);
        data
    }
}

#[test]
fn the_idx_reader_survives_its_corpus() {
    replay("idx", readers::idx);
}

#[test]
fn the_recording_reader_survives_its_corpus() {
    replay("recording", readers::recording);
}

#[test]
fn the_safetensors_reader_survives_its_corpus() {
    replay("weights", readers::weights);
}

#[test]
fn the_arguments_survive_their_corpus() {
    replay("arguments", arguments::arguments);
}
