//! The layer rebuilt from its first components: its distance, and the accuracy through the output layer.

use crate::support::{Tolerance, assert_close};
use crate::{covariance, normal};
use layerscope_analysis::{Basis, OutputLayer, ReconstructionAccuracy, Spectrum, component_ladder, journal_distance};
use ndarray::{Array2, Axis, Slice};

#[test]
fn the_distance_is_the_tail_of_the_eigenvalues() {
    let scales: Vec<f64> = (0..23).map(|j| 0.8_f64.powi(j)).collect();
    let layer = normal(5, 60, &scales);
    let spectrum = Spectrum::with_vectors(&covariance(&layer)).unwrap();
    let vectors = spectrum.vectors().unwrap();
    let distance = spectrum.reconstruction_distance();
    assert_eq!(distance.len(), 24);
    for k in 0..=23 {
        let mut sum = 0.0;
        for row in layer.rows() {
            let centred: Vec<f64> = row.iter().zip(spectrum.mean()).map(|(&x, mean)| f64::from(x) - mean).collect();
            let mut rest = centred.clone();
            for i in 0..k {
                let score: f64 = centred.iter().zip(vectors.col(i).iter()).map(|(x, v)| x * v).sum();
                rest.iter_mut().zip(vectors.col(i).iter()).for_each(|(r, v)| *r -= score * v);
            }
            sum += rest.iter().map(|r| r * r).sum::<f64>();
        }
        // Roundings of 60 · 23 squares of the total variance.
        let close = Tolerance { abs: 1e-13 * distance[0], rel: 1e-12 };
        assert_close(format!("k = {k}"), distance[k], sum / 60.0, close);
    }
    assert_eq!(distance[23], 0.0);
}

/// Output weights of 3 classes over 70 neurons before a ReLU, and the classes that the network answers.
fn network(layer: &Array2<f32>) -> (OutputLayer, Vec<i32>) {
    let weight = normal(51, 3, &[1.0; 70]);
    let bias = vec![0.1, -0.2, 0.0];
    let answers = layer.rows().into_iter().map(|row| {
        let logit = |class: usize| {
            let terms = row.iter().zip(weight.row(class)).map(|(&x, &w)| f64::from(x.max(0.0)) * f64::from(w));
            terms.sum::<f64>() + f64::from(bias[class])
        };
        (0..3).max_by(|&a, &b| logit(a).total_cmp(&logit(b))).unwrap() as i32
    });
    let labels = answers.collect();
    (OutputLayer { weight: weight.into_raw_vec_and_offset().0, bias, relu: true }, labels)
}

fn accuracies(layer: &Array2<f32>, labels: &[i32], output: &OutputLayer, basis: Basis) -> Vec<(usize, f64)> {
    let mut accuracy = ReconstructionAccuracy::new(basis, output, component_ladder(layer.ncols()));
    // Uneven pieces, out of order.
    for (from, to) in [(700, 1000), (0, 300), (300, 700)] {
        accuracy.update(from as u64, layer.slice_axis(Axis(0), Slice::from(from..to)), &labels[from..to]);
    }
    accuracy.finish()
}

#[test]
fn accuracy_with_all_components_is_the_networks_own() {
    let scales: Vec<f64> = (0..70).map(|j| 2.0 * 0.9_f64.powi(j)).collect();
    let mut layer = normal(52, 1000, &scales);
    layer.column_mut(1).iter_mut().for_each(|x| *x += 0.5);
    let (output, mut labels) = network(&layer);
    // Every tenth label is wrong on purpose: the network's accuracy is 0.9.
    labels.iter_mut().step_by(10).for_each(|label| *label = (*label + 1) % 3);
    let spectrum = Spectrum::with_vectors(&covariance(&layer)).unwrap();
    let found = accuracies(&layer, &labels, &output, Basis::principal(&spectrum).unwrap());
    let ks: Vec<usize> = found.iter().map(|pair| pair.0).collect();
    assert_eq!(ks, (0..=64).chain([70]).collect::<Vec<_>>());
    assert_eq!(found[65].1, 0.9);
    // Against a reconstruction in f64, sample by sample: a few samples of 1000 may tie in f32.
    let vectors = spectrum.vectors().unwrap();
    for k in [0, 1, 5, 20, 64] {
        let rebuilt = Array2::from_shape_fn((1000, 70), |(i, j)| {
            let share = |c: usize| {
                let score: f64 =
                    (0..70).map(|l| (f64::from(layer[(i, l)]) - spectrum.mean()[l]) * vectors[(l, c)]).sum();
                score * vectors[(j, c)]
            };
            (spectrum.mean()[j] + (0..k).map(share).sum::<f64>()) as f32
        });
        let (_, answers) = network(&rebuilt);
        let right = answers.iter().zip(&labels).filter(|(a, b)| a == b).count();
        assert_close(format!("k = {k}"), found[k].1, right as f64 / 1000.0, Tolerance::abs(0.002));
    }
    assert!(found[5].1 > found[0].1 && found[20].1 > 0.8, "{found:?}");
}

#[test]
fn the_journals_columns_give_a_straight_line_and_components_do_not() {
    let scales: Vec<f64> = (0..70).map(|j| 2.0 * 0.8_f64.powi(j)).collect();
    // Mixed by a fixed rotation-like product, so that neurons share directions as those of a network do.
    let mixing = normal(61, 70, &[1.0; 70]);
    let layer = normal(62, 1000, &scales).dot(&mixing);
    let spectrum = Spectrum::with_vectors(&covariance(&layer)).unwrap();
    let (journal, standard) = (journal_distance(&spectrum).unwrap(), spectrum.reconstruction_distance());
    assert_eq!(journal.len(), 71);
    assert_close("none", journal[0], standard[0], Tolerance::rel(1e-12));
    assert_close("all", journal[70], 0.0, Tolerance::abs(1e-12 * standard[0]));
    let off_line =
        |curve: &[f64]| (0..=70).map(|k| (curve[k] / curve[0] - (1.0 - k as f64 / 70.0)).abs()).fold(0.0, f64::max);
    assert!(off_line(&standard) > 0.6 && off_line(&journal) < 0.35, "{} {}", off_line(&standard), off_line(&journal));
    // Against the definition: samples projected on the first k columns of the matrix whose rows are the components.
    let vectors = spectrum.vectors().unwrap();
    let k = 33;
    let mut sum = 0.0;
    for row in layer.rows() {
        let y: Vec<f64> = row.iter().zip(spectrum.mean()).map(|(&x, mean)| f64::from(x) - mean).collect();
        let mut rest = y.clone();
        for c in 0..k {
            // Column c of C = Vᵀ is row c of V.
            let score: f64 = (0..70).map(|i| y[i] * vectors[(c, i)]).sum();
            (0..70).for_each(|i| rest[i] -= score * vectors[(c, i)]);
        }
        sum += rest.iter().map(|r| r * r).sum::<f64>();
    }
    assert_close("k = 33", journal[k], sum / 1000.0, Tolerance::rel(1e-10));
    let (output, labels) = network(&layer);
    let found = accuracies(&layer, &labels, &output, Basis::journal(&spectrum).unwrap());
    assert_eq!(found[65], (70, 1.0));
    let proper = accuracies(&layer, &labels, &output, Basis::principal(&spectrum).unwrap());
    assert!(proper[10].1 > found[10].1 + 0.1, "{} {}", proper[10].1, found[10].1);
}
