//! Log lines on standard error: text for people, JSON for collectors.

use std::io::{self, IsTerminal, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::progress::above_bars;
use crate::settings::{LogFormat, Settings};

/// What is logged cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error(
    "the log filter `{filter}` is not valid: {reason}; use a level (error, warn, info, debug, trace) or directives such as info,ragops_server=debug"
)]
pub struct LogFilterError {
    filter: String,
    reason: String,
}

/// Starts logging. `default` holds where neither flag nor environment says anything.
pub fn start(settings: &Settings, default: &str) -> Result<(), LogFilterError> {
    let filter = settings.log.as_deref().unwrap_or(default);
    let refused = |reason: String| LogFilterError { filter: filter.to_owned(), reason };
    if let Some(word) = misspelt_level(filter) {
        return Err(refused(format!("`{word}` is no level")));
    }
    let parsed = EnvFilter::try_new(quieted(filter)).map_err(|e| refused(e.to_string()))?;
    let is_terminal = io::stderr().is_terminal();
    let format = settings.log_format.unwrap_or(if is_terminal { LogFormat::Text } else { LogFormat::Json });
    let builder = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(AboveBars);
    // Only tests start logging twice in one process; the first start holds.
    match format {
        LogFormat::Text => builder.with_ansi(is_terminal).with_target(false).try_init().ok(),
        LogFormat::Json => {
            builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init().ok()
        }
    };
    Ok(())
}

/// A word that is nearly a level, or one of other programs: `inof`, which a filter takes for the name of a part that logs nothing.
fn misspelt_level(filter: &str) -> Option<&str> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    const OF_OTHERS: [&str; 8] = ["warning", "verbose", "notice", "fatal", "critical", "quiet", "silent", "all"];
    let is_level = |word: &str| LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level));
    let is_near = |word: &str| {
        let word = word.to_lowercase();
        OF_OTHERS.contains(&word.as_str()) || LEVELS[1..].iter().any(|level| is_nearly(&word, level))
    };
    let mut words = filter.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.find(|word| !is_level(word) && !word.contains([':', '=', '[', '_']) && is_near(word))
}

/// Whether a word has the letters of another but for one, or in another order.
fn is_nearly(word: &str, other: &str) -> bool {
    let sorted = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    let (word, mut other) = (sorted(word), sorted(other));
    let mut odd = 0;
    for letter in &word {
        match other.iter().position(|one| one == letter) {
            Some(at) => drop(other.remove(at)),
            None => odd += 1,
        }
    }
    odd.max(other.len()) <= 1
}

/// A filter that does not show what the library that watches files says to itself (that a watch ended with its folder),
/// unless it asks for that.
fn quieted(filter: &str) -> String {
    if filter.contains("notify") { filter.to_owned() } else { format!("{filter},notify=error") }
}

/// Standard error, without tearing the progress bars there.
struct AboveBars;

impl<'a> MakeWriter<'a> for AboveBars {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for AboveBars {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        above_bars(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_level_is_no_part_of_the_program() {
        for filter in ["inof", "info,debgu", "verbose", "warning", "eror", "tracee"] {
            assert!(misspelt_level(filter).is_some(), "{filter}");
        }
        for filter in [
            "info",
            "WARN",
            "off",
            "3",
            "ragops_server",
            "info,ragops_server=debug",
            "hyper::client",
            "[span]=debug",
            "",
        ] {
            assert_eq!(misspelt_level(filter), None, "{filter}");
        }
    }
}
