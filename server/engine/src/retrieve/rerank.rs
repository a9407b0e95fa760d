//! Reranking: a model that reads question and passage together puts the first passages into its own order. What it gives is an
//! order and no evidence: scores of the channels stay as they are, and confidence is judged from those (ADR 0022).

use std::fmt;

use super::{Candidate, Degraded, DegradedReason, Retrieved};
use crate::index::IndexError;
use crate::revision::Revision;

/// A model that reads a question and a passage together (a cross-encoder, most of the time).
pub trait Reranker: Send + Sync + fmt::Debug {
    /// A score for each passage, in their order: the higher, the better. Scores are compared with each other only. Fewer or
    /// more than passages are an error of the implementation, and none of them is used.
    fn rerank(&self, question: &str, passages: &[String]) -> Result<Vec<f64>, RerankError>;
}

/// A reranker does not answer, or not with what can be used. The passages stay in the order in which they were found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("passages are not reranked: {reason}")]
pub struct RerankError {
    /// Who was asked, and what came of it.
    pub reason: String,
}

/// Puts the first `depth` passages into the order of a reranker; without one, or where it fails, leaves them as they are.
pub(crate) fn reranked(
    revision: &Revision,
    question: &str,
    found: Retrieved,
    reranker: Option<&dyn Reranker>,
    depth: usize,
) -> Result<Retrieved, IndexError> {
    let Some(reranker) = reranker else { return Ok(found) };
    let depth = depth.min(found.candidates.len());
    // One passage has no order.
    if depth < 2 {
        return Ok(found);
    }
    let first = &found.candidates[..depth];
    let passages: Vec<String> =
        first.iter().map(|candidate| revision.passages.whole_text(candidate.chunk)).collect::<Result<_, _>>()?;
    let scores = reranker.rerank(question, &passages).and_then(|scores| match scores.len() == depth {
        true => Ok(scores),
        false => Err(RerankError { reason: format!("there are {} scores for {depth} passages", scores.len()) }),
    });
    let mut found = found;
    match scores {
        Ok(scores) => in_order_of(&mut found.candidates[..depth], &scores),
        Err(error) => {
            let reason = DegradedReason::RerankerUnavailable;
            found.degraded.push(Degraded { reason, detail: error.reason });
        }
    }
    Ok(found)
}

/// Sorts by relevance; equal ones stay as they are. The fused scores stay with the ranks: what weighs passages by them
/// (`answer::extract`) was tuned on how they fall off, and relevances fall off differently with each model.
fn in_order_of(candidates: &mut [Candidate], scores: &[f64]) {
    let fused: Vec<f32> = candidates.iter().map(|candidate| candidate.fused).collect();
    for (candidate, score) in candidates.iter_mut().zip(scores) {
        // Without the sign of a zero, which `total_cmp` would heed.
        candidate.relevance = Some(*score + 0.0);
    }
    let relevance = |candidate: &Candidate| candidate.relevance.unwrap_or(f64::NEG_INFINITY);
    candidates.sort_by(|a, b| relevance(b).total_cmp(&relevance(a)));
    for (candidate, fused) in candidates.iter_mut().zip(fused) {
        candidate.fused = fused;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::ChunkNumber;

    fn candidate(chunk: u32, fused: f32) -> Candidate {
        let chunk = ChunkNumber(chunk);
        Candidate { chunk, document: 0, fused, text_score: Some(fused), cosine: None, closeness: None, relevance: None }
    }

    #[test]
    fn what_a_reranker_put_behind_has_no_part_in_the_answer() {
        let found = |relevance| Retrieved {
            candidates: (0..5).map(|chunk| Candidate { relevance, ..candidate(chunk, 0.5) }).collect(),
            channels: super::super::Channels::Hybrid,
            question_vector: None,
            degraded: Vec::new(),
        };
        assert_eq!(found(Some(1.0)).judged(2).candidates.len(), 2);
        assert_eq!(found(None).judged(2).candidates.len(), 5, "without one all that was found counts, as it was tuned");
    }

    #[test]
    fn zeros_are_equal() {
        let mut candidates = [candidate(1, 0.9), candidate(2, 0.5)];
        in_order_of(&mut candidates, &[-0.0, 0.0]);
        assert_eq!(candidates[0].chunk.0, 1);
    }

    #[test]
    fn the_order_is_the_rerankers_and_the_weights_stay_with_the_ranks() {
        let mut candidates = [candidate(1, 0.9), candidate(2, 0.5), candidate(3, 0.1)];
        in_order_of(&mut candidates, &[-7.0, 2.5, 2.5]);
        let seen: Vec<_> = candidates.iter().map(|it| (it.chunk.0, it.fused, it.relevance, it.text_score)).collect();
        assert_eq!(
            seen,
            [(2, 0.9, Some(2.5), Some(0.5)), (3, 0.5, Some(2.5), Some(0.1)), (1, 0.1, Some(-7.0), Some(0.9))]
        );
    }
}
