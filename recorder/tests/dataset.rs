//! Data sets as a program gets them: from memory and from the places they are looked for in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use layerscope_recorder::dataset::{
    Dataset, Mirrors, Origin, Search,
    catalogue::{Entry, by_name},
    embedded::MNIST_5K,
};

/// MNIST's first images as if they were published: not compiled in, looked for where torchvision keeps MNIST.
fn published() -> &'static Entry {
    let small = by_name("mnist-5k").unwrap();
    Box::leak(Box::new(Entry {
        name: "small",
        description: "",
        files: small.files,
        n_classes: 10,
        normalization: small.normalization,
        mirrors: &[],
        torchvision: Some("MNIST/raw"),
        embedded: None,
    }))
}

fn nowhere(root: &Path) -> Search {
    Search {
        data_dir: None,
        environment: None,
        cache: Some(root.join("cache")),
        working: Some(root.into()),
        mirrors: Mirrors::Off,
    }
}

fn place(folder: &Path, packed: bool) {
    fs::create_dir_all(folder).unwrap();
    for (file, bytes) in published().files.iter().zip(MNIST_5K) {
        if packed {
            fs::write(folder.join(format!("{}.gz", file.name)), bytes).unwrap();
        } else {
            let mut plain = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut plain).unwrap();
            fs::write(folder.join(file.name), plain).unwrap();
        }
    }
}

fn origin_of(dataset: &Dataset, index: usize) -> PathBuf {
    match &dataset.files[index].origin {
        Origin::File(path) => path.clone(),
        Origin::Embedded => panic!("file {index} is embedded"),
    }
}

#[test]
fn the_embedded_subsets_are_the_first_images() {
    let root = tempfile::tempdir().unwrap();
    // Labels of the first ten training images of MNIST and Fashion-MNIST, as every tutorial shows them.
    for (name, labels) in
        [("mnist-5k", [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]), ("fashion-mnist-5k", [9, 0, 0, 3, 0, 2, 7, 2, 5, 5])]
    {
        let dataset = nowhere(root.path()).load(name, &mut ()).unwrap();
        assert_eq!(dataset.name, name);
        assert_eq!((dataset.train.n_samples(), dataset.test.n_samples()), (5000, 1000), "{name}");
        assert_eq!((dataset.train.n_inputs(), dataset.n_classes), (784, 10), "{name}");
        assert_eq!(dataset.train.labels()[..10], labels, "{name}");
        assert_eq!(dataset.files.len(), 4, "{name}");
        assert!(dataset.files.iter().all(|file| file.origin == Origin::Embedded), "{name}");
    }
}

#[test]
fn the_most_specific_place_wins() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let search =
        Search { data_dir: Some(root.join("given")), environment: Some(root.join("environment")), ..nowhere(root) };
    // From the last place to the first: each new one hides those before it.
    for (place_at, packed) in [
        ("data/MNIST/raw", false),
        ("cache/small", true),
        ("environment/MNIST/raw", true),
        ("environment", false),
        ("environment/small", true),
        ("given/MNIST/raw", true),
        ("given", false),
        ("given/small", true),
    ] {
        place(&root.join(place_at), packed);
        let dataset = search.load_entry(published(), &mut ()).unwrap();
        for index in 0..4 {
            assert_eq!(origin_of(&dataset, index).parent().unwrap(), root.join(place_at), "file {index}");
        }
        assert_eq!(dataset.test.labels()[..4], [7, 2, 1, 0], "{place_at}");
    }
}

#[test]
fn a_missing_file_says_where_it_was_looked_for() {
    let root = tempfile::tempdir().unwrap();
    place(&root.path().join("cache/small"), true);
    fs::remove_file(root.path().join("cache/small/t10k-images-idx3-ubyte.gz")).unwrap();
    let error = nowhere(root.path()).load_entry(published(), &mut ()).unwrap_err();
    assert!(error.is_missing());
    let message = error.to_string();
    assert!(message.starts_with("small: t10k-images-idx3-ubyte is not in "), "{message}");
    assert!(message.contains("cache/small") && message.ends_with("there is no address to fetch from"), "{message}");
}

#[test]
fn a_damaged_file_is_an_error_and_not_skipped() {
    let root = tempfile::tempdir().unwrap();
    let (first, second) = (root.path().join("cache/small"), root.path().join("data/MNIST/raw"));
    place(&first, false);
    place(&second, false);
    let path = first.join("train-images-idx3-ubyte");
    let whole = fs::read(&path).unwrap();
    let load = || nowhere(root.path()).load_entry(published(), &mut ()).unwrap_err();

    let mut changed = whole.clone();
    changed[3_000_000] ^= 1;
    fs::write(&path, changed).unwrap();
    let message = load().to_string();
    assert!(message.starts_with(&format!("{}: expected SHA-256 1e3ffdb2", path.display())), "{message}");
    assert!(message.contains(" of the uncompressed file, found "), "{message}");

    fs::write(&path, &whole[..3_000_000]).unwrap();
    assert!(load().to_string().ends_with("truncated: expected 3920016 bytes, found 3000000"), "{}", load());

    fs::copy(first.join("train-labels-idx1-ubyte"), &path).unwrap();
    assert!(load().to_string().ends_with("expected magic 2051, found 2049 (is this the label file?)"), "{}", load());

    let other = nowhere(root.path()).load("fashion-mnist-5k", &mut ()).unwrap();
    let header: Vec<u8> = [2051u32, 5000, 28, 28].iter().flat_map(|word| word.to_be_bytes()).collect();
    fs::write(&path, [&header, other.train.pixels()].concat()).unwrap();
    assert!(load().to_string().ends_with("(this is fashion-mnist-5k's train-images-idx3-ubyte)"), "{}", load());
    assert!(!load().is_missing());
}
