//! What FAISS finds under each level is the same, and the table is what each says.

use std::sync::{Mutex, MutexGuard};

use faiss::index::autotune::ParameterSpace;
use faiss::{Index, MetricType, index_factory};

use super::{Level, choose, use_best};

/// The level is the process's.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Numbers in -1..1 that are the same each time (SplitMix64).
fn numbers(count: usize, mut state: u64) -> Vec<f32> {
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn every_level_finds_the_same() {
    let _alone = alone();
    // 40: no multiple of 16, so that what is left over behind the wide registers counts too.
    for dimension in [40_usize, 64] {
        let (passages, questions) = (numbers(1_200 * dimension, 1), numbers(30 * dimension, 2));
        for metric in [MetricType::L2, MetricType::InnerProduct] {
            for factory in ["Flat", "SQ8", "SQ4", "SQfp16", "HNSW16,SQ8", "IVF8,SQ8", "IVF8,PQ20x4fs", "PQ20x4fs"] {
                choose(Level::Compiled);
                let factory = if dimension == 64 { factory.replace("20", "16") } else { factory.to_owned() };
                let mut index = index_factory(dimension as u32, &factory, metric).unwrap();
                index.train(&passages).unwrap();
                index.add(&passages).unwrap();
                if factory.starts_with("IVF") {
                    ParameterSpace::new().unwrap().set_index_parameter(&index, "nprobe", 8).unwrap();
                }
                let narrow = index.search(&questions, 10).unwrap();
                choose(Level::Avx512);
                let wide = index.search(&questions, 10).unwrap();
                // The order of sums differs, and with it the last digits; near equals may change places.
                let far = |(a, b): &(&f32, &f32)| (**a - **b).abs() > 1e-3 * a.abs().max(1.0);
                let apart = narrow.distances.iter().zip(&wide.distances).filter(far).count();
                let other = narrow.labels.iter().zip(&wide.labels).filter(|(a, b)| a != b).count();
                assert!(
                    apart == 0 && other <= 10,
                    "{factory} of {dimension}, {metric:?}: {apart} apart, {other} others"
                );
            }
        }
    }
}

#[test]
fn no_level_above_what_the_cpu_has_is_chosen() {
    let _alone = alone();
    assert_eq!(use_best(), Level::best());
    assert_eq!(choose(Level::Avx512), Level::best());
    assert_eq!(choose(Level::Compiled), Level::Compiled);
}

#[cfg(kernels)]
#[test]
fn the_table_holds_what_is_chosen() {
    let _alone = alone();
    choose(Level::Compiled);
    let (chosen, narrow, wide) = super::kernels::tables();
    assert_eq!(chosen, narrow);
    assert!(narrow.len() > 20 && narrow.iter().zip(&wide).all(|(a, b)| a != b), "each level has code of its own");
    choose(Level::Avx512);
    let chosen = super::kernels::tables().0;
    assert_eq!(chosen, if Level::best() == Level::Avx512 { wide } else { narrow });
}
