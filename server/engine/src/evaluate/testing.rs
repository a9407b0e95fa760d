//! Made gold sets and the shared test data, for the tests of this module.

use std::path::{Path, PathBuf};

use super::dataset::{GoldQuery, GoldSet, Question, REPORT};
use crate::skip::{Unavailable, skip, this_test};

/// The folder `name` of the shared test data, or `None` after a skip when the data is not there.
pub(super) fn shared_data(name: &str) -> Option<PathBuf> {
    let beside_the_repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    #[allow(clippy::disallowed_methods)] // Tests find their data by the environment; the engine never reads it.
    let root = std::env::var("RAGOPS_SHARED").map_or(beside_the_repository, PathBuf::from);
    let dir = root.join("data").join(name);
    if !dir.is_dir() {
        let reason = format!("{} is absent; set RAGOPS_SHARED to the folder of shared test data", dir.display());
        skip(&this_test(), &Unavailable::Missing(reason));
        return None;
    }
    Some(dir)
}

/// A question whose text is `text of ID`; an id that starts with `ko-` is Korean, with `en-` English.
pub(super) fn question(id: &str) -> Question {
    let language = ["ko", "en"].into_iter().find(|tag| id.starts_with(&format!("{tag}-")));
    let (id, text) = (id.to_owned(), format!("text of {id}"));
    Question { id, text, language: language.map(str::to_owned), split: REPORT.to_owned() }
}

/// A set named `made`, where the document `page of ID` answers each question of `ids`.
pub(super) fn gold(ids: &[&str], unanswerable: &[&str]) -> GoldSet {
    let query = |&id: &&str| GoldQuery {
        question: question(id),
        judgements: [(format!("page of {id}"), 1)].into_iter().collect(),
        answer: None,
    };
    GoldSet {
        name: "made".to_owned(),
        queries: ids.iter().map(query).collect(),
        unanswerable: unanswerable.iter().copied().map(question).collect(),
        unjudged: 0,
    }
}
