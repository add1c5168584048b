//! Seeded generators and the few distributions drawn from them.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// The generator for one purpose: the same seed and words give the same numbers.
pub(super) fn generator(seed: u64, words: &[u64]) -> Pcg64Mcg {
    Pcg64Mcg::seed_from_u64(words.iter().fold(mix(seed), |state, word| mix(state ^ mix(*word))))
}

/// The finalizer of `SplitMix64` (Steele, Lea, Flood 2014).
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// Uniform in [0, 1).
pub(super) fn uniform(random: &mut Pcg64Mcg) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Uniform among `0..count`; the bias of the remainder is below 2^-32 for small counts.
pub(super) fn below(random: &mut Pcg64Mcg, count: u32) -> u32 {
    ((u64::from(random.next_u32()) * u64::from(count)) >> 32) as u32
}

/// Nearly normal with mean 0 and variance 1: the sum of four uniforms, never beyond 3.47.
pub(super) fn normal(random: &mut Pcg64Mcg) -> f64 {
    const SQUARE_ROOT_OF_THREE: f64 = 1.732_050_807_568_877_2;
    let bits = random.next_u64();
    let sum: u64 = (0..4).map(|lane| (bits >> (16 * lane)) & 0xFFFF).sum();
    (sum as f64 / 65_536.0 - 2.0 + 2.0 / 65_536.0) * SQUARE_ROOT_OF_THREE
}

/// At least 1, with a tail of exponent 4/3 (infinite variance) cut off at 200: sizes of trades.
pub(super) fn heavy_tailed(random: &mut Pcg64Mcg) -> f64 {
    let root = (1.0 - uniform(random)).sqrt();
    (1.0 / (root * root.sqrt())).min(200.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_have_their_own_numbers() {
        let first = |words: &[u64]| generator(1, words).next_u64();
        assert_eq!(first(&[1, 2]), first(&[1, 2]));
        assert_ne!(first(&[1, 2]), first(&[2, 1]));
        assert_ne!(first(&[1]), generator(2, &[1]).next_u64());
    }

    #[test]
    fn the_normal_has_mean_zero_and_variance_one() {
        let mut random = generator(7, &[]);
        let draws: Vec<f64> = (0..100_000).map(|_| normal(&mut random)).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|draw| draw * draw).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        assert!(draws.iter().all(|draw| draw.abs() < 3.47));
    }

    #[test]
    fn the_heavy_tail_is_heavy() {
        let mut random = generator(7, &[]);
        let draws: Vec<f64> = (0..100_000).map(|_| heavy_tailed(&mut random)).collect();
        let above = |limit: f64| draws.iter().filter(|draw| **draw > limit).count();
        assert!(draws.iter().all(|draw| (1.0..=200.0).contains(draw)));
        assert!((4_000..5_500).contains(&above(10.0)), "{}", above(10.0));
        assert!((150..300).contains(&above(100.0)), "{}", above(100.0));
    }
}
