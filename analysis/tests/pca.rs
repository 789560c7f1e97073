//! Covariance, spectrum and reconstruction.

mod support;

use layerscope_analysis::{Covariance, Spectrum, dimensions};
use ndarray::Array2;
use std::time::Instant;

#[test]
#[ignore]
fn speed() {
    let (n, u) = (16384, 2896);
    let mut rng = support::samples::SplitMix64(1);
    let x = Array2::from_shape_fn((n, u), |_| (rng.uniform() - 0.5) as f32);
    for t in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(t).build().unwrap();
        pool.install(|| {
            let start = Instant::now();
            let mut c = Covariance::new(u);
            c.update(0, x.view());
            eprintln!("threads {t} update {:?}", start.elapsed());
            let m = c.finish().unwrap();
            eprintln!("finish {:?} {:e}", start.elapsed(), m.get(5, 3));
            let start = Instant::now();
            let s = Spectrum::values(&m).unwrap();
            eprintln!("values {:?} {:e} {:e}", start.elapsed(), s.eigenvalues()[0], s.eigenvalues()[2000]);
            let start = Instant::now();
            let s = Spectrum::with_vectors(&m).unwrap();
            eprintln!(
                "vectors {:?} {:e} {:e} {:e}",
                start.elapsed(),
                s.eigenvalues()[0],
                s.eigenvalues()[2000],
                s.vectors().unwrap()[(17, 1000)]
            );
            let start = Instant::now();
            eprintln!("dimensions {:?} {:?}", start.elapsed(), dimensions(&s));
        });
    }
}
