//! Reading the files of a gold set line by line. Every fault is tied to its file and line here, and nowhere else.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{DatasetError, ExpectedAnswer, GoldQuery, GoldSet, LineFault, Question, default_split};
use crate::evaluate::metrics::Judgements;

const QUERIES: &str = "queries.jsonl";
const QRELS: &str = "qrels.tsv";
const UNANSWERABLE: &str = "queries_unanswerable.jsonl";
const ANSWERS: &str = "answers.jsonl";

/// All of them.
pub(super) const ALL: [&str; 4] = [QUERIES, QRELS, UNANSWERABLE, ANSWERS];

/// The most bytes of one file. The largest public set (MS MARCO, all its queries) has 50 MB.
const FILE_LIMIT: u64 = 256 << 20;

/// Where the files of a set are.
pub(super) enum Files<'a> {
    /// In a folder.
    Folder(&'a Path),
    /// In memory, by name; the path stands in messages.
    Texts(&'a Path, &'a BTreeMap<String, String>),
}

impl Files<'_> {
    fn path(&self, file: &str) -> PathBuf {
        match self {
            Self::Folder(dir) | Self::Texts(dir, _) => dir.join(file),
        }
    }

    /// A dangling link counts as present, so that it is reported and not taken for a set without that file.
    fn has(&self, file: &str) -> bool {
        match self {
            Self::Folder(dir) => dir.join(file).symlink_metadata().is_ok(),
            Self::Texts(_, texts) => texts.contains_key(file),
        }
    }

    fn read(&self, file: &str) -> Result<Cow<'_, [u8]>, DatasetError> {
        match self {
            Self::Folder(dir) => read(&dir.join(file)).map(Cow::Owned),
            Self::Texts(_, texts) => match texts.get(file) {
                Some(text) => Ok(Cow::Borrowed(text.as_bytes())),
                None => Err(DatasetError::Missing(self.path(file))),
            },
        }
    }
}

pub(super) fn load_folder(dir: &Path) -> Result<GoldSet, DatasetError> {
    if !dir.is_dir() {
        return Err(DatasetError::Missing(dir.to_owned()));
    }
    load(&Files::Folder(dir), name_of(dir))
}

pub(super) fn load(files: &Files<'_>, name: String) -> Result<GoldSet, DatasetError> {
    let mut ids = Ids::new();
    let mut queries = Vec::new();
    read_queries(files, QUERIES, &mut ids, &mut queries)?;
    if queries.is_empty() {
        return Err(DatasetError::Empty(files.path(QUERIES)));
    }
    let places = queries.iter().enumerate().map(|(index, query)| (query.id.clone(), index)).collect();
    let asked = queries.len();
    let mut queries: Vec<GoldQuery> = queries.into_iter().map(unjudged).collect();
    read_judgements(files, &places, &mut queries)?;
    if files.has(ANSWERS) {
        read_answers(files, &places, &mut queries)?;
    }
    queries.retain(|query| query.judgements.relevant().next().is_some());
    if queries.is_empty() {
        return Err(DatasetError::NothingRelevant(files.path(QRELS)));
    }
    let mut unanswerable = Vec::new();
    if files.has(UNANSWERABLE) {
        read_queries(files, UNANSWERABLE, &mut ids, &mut unanswerable)?;
    }
    Ok(GoldSet { name, unjudged: asked - queries.len(), queries, unanswerable })
}

/// Where each id stood first: the file and the line.
type Ids = HashMap<String, (&'static str, usize)>;
/// The index of each query of `queries.jsonl`.
type Places = HashMap<String, usize>;

fn unjudged(question: Question) -> GoldQuery {
    GoldQuery { question, judgements: Judgements::default(), answer: None }
}

fn name_of(dir: &Path) -> String {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    dir.file_name().map_or_else(|| dir.display().to_string(), |name| name.to_string_lossy().into_owned())
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(serde_json::Number),
}

impl Id {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

#[derive(Deserialize)]
struct QueryLine {
    id: Option<Id>,
    _id: Option<Id>,
    #[serde(default)]
    text: String,
    language: Option<String>,
    lang: Option<String>,
    split: Option<String>,
}

#[derive(Deserialize)]
struct AnswerLine {
    id: Option<Id>,
    _id: Option<Id>,
    #[serde(default)]
    must_contain: Vec<String>,
    document: Option<String>,
}

fn id_of(id: Option<Id>, underscored: Option<Id>) -> Result<String, LineFault> {
    let id = id.or(underscored).map(Id::into_text).filter(|id| !id.trim().is_empty());
    id.ok_or(LineFault::EmptyField("id"))
}

fn read_queries(
    files: &Files<'_>,
    file: &'static str,
    ids: &mut Ids,
    questions: &mut Vec<Question>,
) -> Result<(), DatasetError> {
    each_line(files, file, |number, line| {
        let line: QueryLine = json(line)?;
        let id = id_of(line.id, line._id)?;
        if line.text.trim().is_empty() {
            return Err(LineFault::EmptyField("text"));
        }
        if let Some(&(file, first)) = ids.get(&id) {
            return Err(LineFault::DuplicateQuery { id, first, file });
        }
        ids.insert(id.clone(), (file, number));
        let language = line.language.or(line.lang).filter(|tag| !tag.is_empty());
        questions.push(Question {
            text: line.text,
            language: language.map(|tag| tag.to_lowercase()),
            split: line.split.unwrap_or_else(|| default_split(&id).to_owned()),
            id,
        });
        Ok(())
    })
}

fn read_judgements(files: &Files<'_>, places: &Places, queries: &mut [GoldQuery]) -> Result<(), DatasetError> {
    each_line(files, QRELS, |number, line| {
        let (query, document, score) = columns(line)?;
        if number == 1 && query.eq_ignore_ascii_case("query-id") {
            return Ok(());
        }
        let &place = places.get(query).ok_or_else(|| LineFault::UnknownQuery(query.to_owned()))?;
        if document.is_empty() {
            return Err(LineFault::EmptyField("corpus-id"));
        }
        let grade: i32 = score.parse().map_err(|_| LineFault::Score(score.to_owned()))?;
        match queries[place].judgements.insert(document.to_owned(), grade) {
            Some(first) if first != grade => {
                let (query, document) = (query.to_owned(), document.to_owned());
                Err(LineFault::Conflict { query, document, first, second: grade })
            }
            _ => Ok(()),
        }
    })
}

/// Query, document and score. A line with tabs is split at tabs (ids may then hold spaces), another at white space.
fn columns(line: &str) -> Result<(&str, &str, &str), LineFault> {
    let columns: Vec<&str> = match line.contains('\t') {
        true => line.split('\t').map(str::trim).collect(),
        false => line.split_whitespace().collect(),
    };
    match columns[..] {
        [query, document, score] | [query, _, document, score] => Ok((query, document, score)),
        _ => Err(LineFault::Columns(columns.len())),
    }
}

fn read_answers(files: &Files<'_>, places: &Places, queries: &mut [GoldQuery]) -> Result<(), DatasetError> {
    each_line(files, ANSWERS, |_, line| {
        let line: AnswerLine = json(line)?;
        let id = id_of(line.id, line._id)?;
        if line.must_contain.is_empty() || line.must_contain.iter().any(|part| part.trim().is_empty()) {
            return Err(LineFault::EmptyField("must_contain"));
        }
        let Some(&place) = places.get(&id) else { return Err(LineFault::UnknownQuery(id)) };
        let expected = ExpectedAnswer { must_contain: line.must_contain, document: line.document };
        match queries[place].answer.replace(expected) {
            Some(_) => Err(LineFault::DuplicateAnswer(id)),
            None => Ok(()),
        }
    })
}

/// The parser's own position is dropped: its "line 1" would contradict the line of the file.
fn json<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, LineFault> {
    serde_json::from_str(line).map_err(|error| {
        let message = error.to_string();
        let reason = message.split(" at line ").next().unwrap_or(&message);
        LineFault::Json { column: error.column(), reason: reason.to_owned() }
    })
}

/// Hands every line that is not blank, with its number from 1, to `take`. A byte order mark is dropped.
fn each_line(
    files: &Files<'_>,
    file: &str,
    mut take: impl FnMut(usize, &str) -> Result<(), LineFault>,
) -> Result<(), DatasetError> {
    let bytes = files.read(file)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let taken = match std::str::from_utf8(line) {
            Err(_) => Err(LineFault::NotUtf8),
            Ok(text) if text.trim().is_empty() => Ok(()),
            Ok(text) => take(index + 1, text.trim_end_matches('\r')),
        };
        taken.map_err(|fault| DatasetError::Line { path: files.path(file), line: index + 1, fault })?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => DatasetError::Missing(path.to_owned()),
        _ => DatasetError::Read { path: path.to_owned(), source },
    };
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(DatasetError::TooLarge { path: path.to_owned(), limit: FILE_LIMIT });
    }
    Ok(bytes)
}
