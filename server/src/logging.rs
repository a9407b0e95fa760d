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
    let parsed = EnvFilter::try_new(quieted(filter))
        .map_err(|e| LogFilterError { filter: filter.to_owned(), reason: e.to_string() })?;
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
