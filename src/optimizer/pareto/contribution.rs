//! What single vectors add to the hypervolume of a set.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::hypervolume;

/// The volume that `vector` adds to that of `others`: its box, less the part of it that they dominate already.
fn gain<V: AsRef<[f64]>>(vector: &[f64], others: &[V], reference: &[f64]) -> f64 {
    let alone = hypervolume(&[vector], reference);
    if alone == 0.0 {
        return 0.0;
    }
    let limit = |other: &V| other.as_ref().iter().zip(vector).map(|(a, b)| a.max(*b)).collect::<Vec<f64>>();
    let limited: Vec<Vec<f64>> = others.iter().map(limit).collect();
    (alone - hypervolume(&limited, reference)).max(0.0)
}

/// For each vector, by how much the hypervolume would shrink without it. Dominated vectors, copies and those beyond the
/// reference contribute 0.
#[must_use]
pub fn contributions<V: AsRef<[f64]>>(losses: &[V], reference: &[f64]) -> Vec<f64> {
    let contribution = |i: usize| {
        let others: Vec<&[f64]> = (0..losses.len()).filter(|j| *j != i).map(|j| losses[j].as_ref()).collect();
        gain(losses[i].as_ref(), &others, reference)
    };
    (0..losses.len()).map(contribution).collect()
}

/// A vector with what it would have added at its last inspection; the largest gain first, then the smallest index.
#[derive(Debug, PartialEq)]
struct Offer {
    gain: f64,
    index: usize,
}

impl Eq for Offer {}

impl PartialOrd for Offer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Offer {
    fn cmp(&self, other: &Self) -> Ordering {
        self.gain.total_cmp(&other.gain).then(other.index.cmp(&self.index))
    }
}

/// Indices of `count` vectors (of all, if there are fewer) whose hypervolume together is large, in the order of choice.
///
/// Greedy: each choice adds the most to those before it. That reaches at least the share `1 - 1/e` of the largest
/// volume possible (Guerreiro, Fonseca and Paquete, "Greedy hypervolume subset selection in low dimensions", Evol.
/// Comput. 24(3), 2016). Gains only shrink as the set grows, so old ones are bounds, and few need to be computed anew.
#[must_use]
pub fn select_by_hypervolume<V: AsRef<[f64]>>(losses: &[V], reference: &[f64], count: usize) -> Vec<usize> {
    let mut offers: BinaryHeap<Offer> = losses
        .iter()
        .enumerate()
        .map(|(index, v)| Offer { gain: hypervolume(&[v.as_ref()], reference), index })
        .collect();
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < count {
        let Some(best) = offers.pop() else { break };
        let members: Vec<&[f64]> = chosen.iter().map(|&i| losses[i].as_ref()).collect();
        let offer = Offer { gain: gain(losses[best.index].as_ref(), &members, reference), index: best.index };
        if offers.peek().is_some_and(|next| *next > offer) {
            offers.push(offer);
        } else {
            chosen.push(offer.index);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sets() -> impl Strategy<Value = Vec<Vec<f64>>> {
        (1usize..5).prop_flat_map(|m| proptest::collection::vec(proptest::collection::vec(-0.2..1.2f64, m), 1..9))
    }

    proptest! {
        #[test]
        fn a_contribution_is_the_difference_that_leaving_out_makes(losses in sets()) {
            let reference = vec![1.0; losses[0].len()];
            let all = hypervolume(&losses, &reference);
            for (i, contribution) in contributions(&losses, &reference).into_iter().enumerate() {
                let mut others = losses.clone();
                others.remove(i);
                prop_assert!((all - hypervolume(&others, &reference) - contribution).abs() < 1e-9);
            }
        }

        #[test]
        fn every_choice_is_the_best_at_its_turn(losses in sets(), count in 0usize..10) {
            let reference = vec![1.0; losses[0].len()];
            let chosen = select_by_hypervolume(&losses, &reference, count);
            prop_assert_eq!(chosen.len(), count.min(losses.len()));
            let volume = |set: &[usize]| hypervolume(&set.iter().map(|&i| &losses[i]).collect::<Vec<_>>(), &reference);
            for n in 1..=chosen.len() {
                let reached = volume(&chosen[..n]);
                for i in (0..losses.len()).filter(|i| !chosen[..n].contains(i)) {
                    let mut other = chosen[..n - 1].to_vec();
                    other.push(i);
                    prop_assert!(volume(&other) <= reached + 1e-9);
                }
            }
        }
    }
}
