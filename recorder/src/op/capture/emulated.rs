//! capture.cu on the emulated device.

use super::cuda;
use crate::backend::cuda::emulation::{Emulator, ORDERS, Rig, ramp};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Two batches of `n` samples as rows 0.. of `n_rows`; the rest must stay untouched.
fn check(rig: &mut Rig, n: usize) {
    let (layout, capacity, n_rows) = (rig.layout.clone(), rig.layout.capacity(), 2 * n + 1);
    let offsets = rig.device.holding(&layout.row_offsets(n_rows));
    let rows = rig.device.poisoned::<f32>(layout.total_size() * n_rows);
    let mut values = Vec::new();
    for batch in 0..2 {
        values.push(ramp(layout.n_neurons() * capacity, 3.0, 41 + batch));
        rig.fill(rig.memory.pre, &values[batch as usize]);
        let launch = cuda::rows(&layout, &rig.memory, rig.memory.pre, offsets, rows, n as u32, batch as u32 * n as u32);
        rig.device.launch(&launch).unwrap();
    }
    rig.device.check_guards();
    let (found, offsets) = (rig.floats(rows), layout.row_offsets(n_rows));
    for (member, own) in layout.members().iter().enumerate() {
        for row in 0..n_rows {
            for neuron in 0..own.size {
                let found = found[offsets[member] as usize + row * own.size + neuron];
                if row == 2 * n {
                    assert!(found.is_nan(), "row {row} was written");
                } else {
                    let packed = layout.member_first_block()[member] as usize * 64 + neuron;
                    assert_eq!(found, values[row / n][packed * capacity + row % n], "{member}, {row}, {neuron}");
                }
            }
        }
    }
}

#[test]
fn every_value_arrives_at_its_row() {
    for (index, (members, n)) in
        [(&[(1, 0)][..], 1), (&[(31, 0), (65, 0)], 32), (&[(64, 0), (63, 1), (130, 0)], 33), (&[(7, 0)], 129)]
            .into_iter()
            .enumerate()
    {
        let Some(mut rig) = Rig::new(members, [3, 10], n, n) else { return };
        rig.device.order = ORDERS[index];
        check(&mut rig, n);
    }
}

#[test]
fn a_missing_barrier_and_a_row_too_many_are_noticed() {
    for (from, to) in [("__syncthreads();", ""), ("first_sample + sample < n", "first_sample + sample <= n")] {
        let mut noticed = 0;
        for order in ORDERS {
            let Some(mut device) = Emulator::broken("capture.cu", from, to) else { return };
            device.order = order;
            let mut rig = Rig::on(device, &[(70, 0)], [3, 10], 20, 20);
            noticed += usize::from(catch_unwind(AssertUnwindSafe(|| check(&mut rig, 20))).is_err());
        }
        assert!(noticed > 0, "{from:?} replaced by {to:?} was not noticed");
    }
}
