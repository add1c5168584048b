//! Sharing a number between owners by size, to the last unit.

use crate::ledger::SubLedger;
use crate::money::Quantity;

/// Shares `total` by non-negative `sizes`: each part rounded down to `step`, the remainder to the
/// largest size, ties to the first. Empty when nothing can be shared.
pub(super) fn by_size(
    total: i128,
    step: i128,
    sizes: &[(SubLedger, Quantity)],
) -> Vec<(SubLedger, i128)> {
    let sum: i128 = sizes.iter().map(|(_, size)| i128::from(size.0.abs())).sum();
    if sum == 0 {
        return Vec::new();
    }
    let mut parts: Vec<_> = sizes
        .iter()
        .map(|(owner, size)| {
            let exact = total * i128::from(size.0.abs()) / sum;
            (*owner, exact / step * step)
        })
        .collect();
    let rest = total - parts.iter().map(|(_, part)| part).sum::<i128>();
    let mut largest = 0;
    for (index, (_, size)) in sizes.iter().enumerate() {
        if size.0.abs() > sizes[largest].1.0.abs() {
            largest = index;
        }
    }
    parts[largest].1 += rest;
    parts
}

/// Shares `total` by `sizes` like `by_size`, but no part is larger than its size: what the largest
/// cannot take goes to the next. `total` is at most the sum of the sizes.
pub(super) fn within_sizes(
    total: i128,
    step: i128,
    sizes: &[(SubLedger, Quantity)],
) -> Vec<(SubLedger, i128)> {
    let sum: i128 = sizes.iter().map(|(_, size)| i128::from(size.0)).sum();
    if sum == 0 {
        return Vec::new();
    }
    let part = |size: &Quantity| total * i128::from(size.0) / sum / step * step;
    let mut parts: Vec<_> = sizes.iter().map(|(owner, size)| (*owner, part(size))).collect();
    let mut rest = total - parts.iter().map(|(_, part)| part).sum::<i128>();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(sizes[*index].1));
    for index in order {
        let more = rest.min(i128::from(sizes[index].1.0) - parts[index].1);
        parts[index].1 += more;
        rest -= more;
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::WorkerId;

    fn owner(n: u128) -> SubLedger {
        SubLedger::Worker(WorkerId::from_u128(n))
    }

    #[test]
    fn the_remainder_goes_to_the_largest_and_ties_to_the_first() {
        let sizes = [(owner(1), Quantity(1)), (owner(2), Quantity(3)), (owner(3), Quantity(-3))];
        let parts = by_size(10, 1, &sizes);
        assert_eq!(parts, [(owner(1), 1), (owner(2), 5), (owner(3), 4)]);
        assert!(by_size(10, 1, &[(owner(1), Quantity(0))]).is_empty());
    }

    #[test]
    fn nobody_gets_more_than_its_size() {
        let sizes = [(owner(1), Quantity(3)), (owner(2), Quantity(3)), (owner(3), Quantity(3))];
        let parts = within_sizes(8, 1, &sizes);
        assert_eq!(parts, [(owner(1), 3), (owner(2), 3), (owner(3), 2)]);
    }

    proptest! {
        #[test]
        fn parts_within_sizes_add_up(
            sizes in prop::collection::vec(1_i64..1000, 1..6),
            step in 1_i128..50,
            share in 0_i128..=1000,
        ) {
            let sizes: Vec<_> =
                sizes.into_iter().zip(1..).map(|(size, n)| (owner(n), Quantity(size))).collect();
            let sum: i128 = sizes.iter().map(|(_, size)| i128::from(size.0)).sum();
            let total = sum * share / 1000;
            let parts = within_sizes(total, step, &sizes);
            prop_assert_eq!(parts.iter().map(|(_, part)| part).sum::<i128>(), total);
            for ((_, part), (_, size)) in parts.iter().zip(&sizes) {
                prop_assert!((0..=i128::from(size.0)).contains(part));
            }
        }

        #[test]
        fn nothing_is_lost(
            total in -1_000_000_i128..1_000_000,
            sizes in prop::collection::vec(0_i64..1000, 1..6),
        ) {
            let sizes: Vec<_> =
                sizes.into_iter().zip(1..).map(|(size, n)| (owner(n), Quantity(size))).collect();
            let parts = by_size(total, 1, &sizes);
            if !parts.is_empty() {
                prop_assert_eq!(parts.iter().map(|(_, part)| part).sum::<i128>(), total);
            }
        }
    }
}
