//! The two real subsets compiled into the program, so that it works before anything was downloaded.
//!
//! `mnist-5k`: the first 5,000 training and 1,000 test images of MNIST by Yann LeCun, Corinna Cortes and Christopher
//! J. C. Burges, under CC BY-SA 3.0. `fashion-mnist-5k`: the same cut of Fashion-MNIST by Han Xiao, Kashif Rasul and
//! Roland Vollgraf (Zalando SE), under the MIT licence. Both were cut by `fixtures/mnist-5k/make.py`; the texts stand
//! beside the files.

macro_rules! idx_files {
    ($folder:literal) => {
        [
            include_bytes!(concat!("../../../fixtures/", $folder, "/train-images-idx3-ubyte.gz")),
            include_bytes!(concat!("../../../fixtures/", $folder, "/train-labels-idx1-ubyte.gz")),
            include_bytes!(concat!("../../../fixtures/", $folder, "/t10k-images-idx3-ubyte.gz")),
            include_bytes!(concat!("../../../fixtures/", $folder, "/t10k-labels-idx1-ubyte.gz")),
        ]
    };
}

/// Gzipped IDX files of `mnist-5k`: training images and labels, test images and labels.
pub const MNIST_5K: [&[u8]; 4] = idx_files!("mnist-5k");

/// Gzipped IDX files of `fashion-mnist-5k`: training images and labels, test images and labels.
pub const FASHION_MNIST_5K: [&[u8]; 4] = idx_files!("fashion-mnist-5k");
