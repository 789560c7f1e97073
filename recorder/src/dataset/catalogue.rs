//! The data sets the program knows: their files, published digests, official addresses and normalisation.

use super::{DatasetError, Normalization, embedded, idx::Kind};

/// A data set as published: four IDX files.
#[derive(Debug)]
pub struct Entry {
    /// Name for `--dataset` and for a recording's `dataset` column.
    pub name: &'static str,
    /// One line about it.
    pub description: &'static str,
    /// Training images, training labels, test images, test labels.
    pub files: [FileEntry; 4],
    /// Number of classes.
    pub n_classes: usize,
    /// The set's own constants.
    pub normalization: Normalization,
    /// Addresses of the folder that holds the files with `.gz`, each ending in a slash; the most trusted first.
    pub mirrors: &'static [&'static str],
    /// Folder in which torchvision keeps the files below its root.
    pub torchvision: Option<&'static str>,
    /// The gzipped files in the order of `files`, when they are compiled in.
    pub embedded: Option<[&'static [u8]; 4]>,
}

/// One file of a data set.
#[derive(Clone, Copy, Debug)]
pub struct FileEntry {
    /// Name without `.gz`.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Sizes in its header: `[N, rows, columns]` or `[N]`.
    pub shape: &'static [usize],
    /// SHA-256 of the uncompressed content. Gzip headers differ between distributors, so the packed file has no digest.
    pub sha256: &'static str,
}

impl FileEntry {
    /// Length of the uncompressed file in bytes: header and data.
    pub fn n_bytes(&self) -> u64 {
        (4 + 4 * self.shape.len() + self.shape.iter().product::<usize>()) as u64
    }
}

const fn files(digests: [&'static str; 4], train: &'static [usize; 3], test: &'static [usize; 3]) -> [FileEntry; 4] {
    [
        FileEntry { name: "train-images-idx3-ubyte", kind: Kind::Images, shape: train, sha256: digests[0] },
        FileEntry {
            name: "train-labels-idx1-ubyte",
            kind: Kind::Labels,
            shape: train.first_chunk::<1>().unwrap(),
            sha256: digests[1],
        },
        FileEntry { name: "t10k-images-idx3-ubyte", kind: Kind::Images, shape: test, sha256: digests[2] },
        FileEntry {
            name: "t10k-labels-idx1-ubyte",
            kind: Kind::Labels,
            shape: test.first_chunk::<1>().unwrap(),
            sha256: digests[3],
        },
    ]
}

/// Every data set, in the order in which they are listed.
pub static CATALOGUE: [Entry; 4] = [
    Entry {
        name: "mnist",
        description: "handwritten digits, 60,000 training and 10,000 test images of 28x28 (CC BY-SA 3.0)",
        files: files(
            [
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ],
            &[60_000, 28, 28],
            &[10_000, 28, 28],
        ),
        n_classes: 10,
        normalization: Normalization::MNIST,
        mirrors: &[
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "http://yann.lecun.com/exdb/mnist/",
        ],
        torchvision: Some("MNIST/raw"),
        embedded: None,
    },
    Entry {
        name: "fashion-mnist",
        description: "pieces of clothing, 60,000 training and 10,000 test images of 28x28 (MIT)",
        files: files(
            [
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ],
            &[60_000, 28, 28],
            &[10_000, 28, 28],
        ),
        n_classes: 10,
        normalization: Normalization::FASHION_MNIST,
        mirrors: &[
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ],
        torchvision: Some("FashionMNIST/raw"),
        embedded: None,
    },
    Entry {
        name: "mnist-5k",
        description: "the first 5,000 training and 1,000 test images of MNIST, compiled in (CC BY-SA 3.0)",
        files: files(
            [
                "1e3ffdb2f57e22d9e5363dde25c2d057542c2e72baa312f0f3b03948bb3802b7",
                "685aeb7baef68233efa643639a5e9c15bb48be09a628f96fb7f606ca2a1ea7bc",
                "de7c252b04f05e1f8309634180ccdf286dc6dbac8c579b74e76e02ae0331ca52",
                "832c0d20f0dc42e575488c75a83a970787d4c8d4d05831b2ef03701b4a478a90",
            ],
            &[5_000, 28, 28],
            &[1_000, 28, 28],
        ),
        n_classes: 10,
        normalization: Normalization::MNIST,
        mirrors: &[],
        torchvision: None,
        embedded: Some(embedded::MNIST_5K),
    },
    Entry {
        name: "fashion-mnist-5k",
        description: "the first 5,000 training and 1,000 test images of Fashion-MNIST, compiled in (MIT)",
        files: files(
            [
                "626b8bf8433327de7912bae1d0e4c70fdcca53de33970297bf9a2205500c574a",
                "86cccad95ab36653e416733235fc8fbb50b9429417f4eb2feb35e0b9a294e83c",
                "7a6d8e07ea021ec5bc73135ebd0a5770799557ec6f8242d8749c4f32a3cf4643",
                "b40abac7ec8228f434940f579deb7cf7b6e3103b5274cb91d1545771f5ef1c8b",
            ],
            &[5_000, 28, 28],
            &[1_000, 28, 28],
        ),
        n_classes: 10,
        normalization: Normalization::FASHION_MNIST,
        mirrors: &[],
        torchvision: None,
        embedded: Some(embedded::FASHION_MNIST_5K),
    },
];

/// The catalogue's entry of that name.
///
/// # Errors
/// [`DatasetError::Unknown`], which lists the names there are.
pub fn by_name(name: &str) -> Result<&'static Entry, DatasetError> {
    CATALOGUE.iter().find(|entry| entry.name == name).ok_or_else(|| DatasetError::Unknown {
        name: name.to_owned(),
        known: CATALOGUE.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", "),
    })
}

/// The known file with that digest, as `fashion-mnist's train-images-idx3-ubyte`.
pub(super) fn describe_digest(sha256: &str) -> Option<String> {
    CATALOGUE.iter().find_map(|entry| {
        let file = entry.files.iter().find(|file| file.sha256 == sha256)?;
        Some(format!("{}'s {}", entry.name, file.name))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_and_digests_are_unique() {
        let names: BTreeSet<_> = CATALOGUE.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), CATALOGUE.len());
        let digests: BTreeSet<_> = CATALOGUE.iter().flat_map(|entry| &entry.files).map(|file| file.sha256).collect();
        assert_eq!(digests.len(), 4 * CATALOGUE.len());
        assert!(digests.iter().all(|digest| digest.len() == 64));
    }

    #[test]
    fn lengths_are_those_of_the_published_files() {
        // `ls -l` of the official files, gunzipped.
        let mnist = by_name("mnist").unwrap();
        assert_eq!(mnist.files.map(|file| file.n_bytes()), [47_040_016, 60_008, 7_840_016, 10_008]);
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        assert_eq!(
            by_name("minst").unwrap_err().to_string(),
            "unknown data set \"minst\": expected one of mnist, fashion-mnist, mnist-5k, fashion-mnist-5k"
        );
    }
}
