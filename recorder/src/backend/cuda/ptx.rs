//! The kernels as the program carries them.

/// Name and PTX (ISA 8.8, for compute capability 8.0 and later) of every module. `ptx/generate.py` writes the files.
pub const MODULES: [(&str, &str); 6] = [
    ("batch", include_str!("ptx/batch.ptx")),
    ("capture", include_str!("ptx/capture.ptx")),
    ("cross_entropy", include_str!("ptx/cross_entropy.ptx")),
    ("hidden", include_str!("ptx/hidden.ptx")),
    ("moments", include_str!("ptx/moments.ptx")),
    ("output", include_str!("ptx/output.ptx")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cuda::emulation::KERNEL_SOURCES;
    use sha2::{Digest, Sha256};
    use std::fmt::Write;

    #[test]
    fn every_module_was_made_from_these_sources() {
        let recorded = include_str!("ptx/sources.txt");
        let lines = recorded.lines().filter_map(|line| line.split_once("  "));
        let mut expected: Vec<(String, String)> =
            lines.map(|(digest, path)| (path.to_owned(), digest.to_owned())).collect();
        let digest = |text: &str| {
            Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").unwrap();
                hex
            })
        };
        let sources = KERNEL_SOURCES.iter().map(|(path, text)| ((*path).to_owned(), digest(text)));
        let modules = MODULES.iter().map(|(name, text)| (format!("{name}.ptx"), digest(text)));
        let mut found: Vec<(String, String)> = sources.chain(modules).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "run recorder/src/backend/cuda/ptx/generate.py");
    }

    #[test]
    fn every_kernel_that_is_launched_is_in_one_module() {
        for kernel in [
            "batch_gather",
            "batch_advance",
            "hidden_forward_f32",
            "hidden_forward_tf32",
            "hidden_forward_3xtf32",
            "hidden_update_f32",
            "hidden_update_tf32",
            "hidden_update_3xtf32",
            "output_forward",
            "output_backward",
            "cross_entropy_judge",
            "cross_entropy_total",
            "capture_rows",
            "moments_update",
        ] {
            let entry = format!(".entry {kernel}(");
            assert_eq!(MODULES.iter().filter(|(_, ptx)| ptx.contains(&entry)).count(), 1, "{kernel}");
        }
    }
}
