//! `model add` and `model list`: embedding models on this machine.

use std::cell::Cell;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use ragops_embed::store::Stage;
use ragops_embed::{AddOutcome, ModelSource, ModelStore};

use super::{CommandError, Exit};
use crate::cli::{ModelArgs, ModelCommand};
use crate::output;
use crate::progress::Display;
use crate::settings::Settings;

pub(super) fn run(args: ModelArgs, settings: &Settings) -> Result<Exit, CommandError> {
    let store = ModelStore::new(settings.models_dir.clone());
    match args.command {
        ModelCommand::Add { name, from } => add(&store, &name, &ModelSource::parse(&from)),
        ModelCommand::List { json: true } => list_json(&store),
        ModelCommand::List { json: false } => list(&store),
    }
}

fn add(store: &ModelStore, name: &str, source: &ModelSource) -> Result<Exit, CommandError> {
    let display = Display::bar_or(Display::Lines);
    let bar = new_bar();
    let last = Cell::new(None);
    let progress = |stage: Stage, done: u64, total: Option<u64>| match display {
        Display::Bar => {
            bar.set_message(stage_name(stage));
            bar.set_length(total.unwrap_or(done));
            bar.set_position(done);
        }
        _ if last.replace(Some(stage)) != Some(stage) => eprintln!("{name}: {}", stage_name(stage)),
        _ => {}
    };
    let outcome = store.add(name, source, &progress);
    bar.finish_and_clear();
    let outcome = outcome?;
    let what = match &outcome {
        AddOutcome::Installed(_) => "installed",
        AddOutcome::AlreadyInstalled(_) => "already installed",
    };
    let model = outcome.model();
    let (size, dimension, digest) = (HumanBytes(model.size), model.dimension, model.digest);
    output::line(&format!("{what}: {} ({size}, {dimension} dimensions, digest {digest})", model.name))?;
    Ok(Exit::Done)
}

fn new_bar() -> ProgressBar {
    let template = "{msg} {bar:24} {bytes}/{total_bytes}, {eta} left";
    ProgressBar::new(0).with_style(ProgressStyle::with_template(template).expect("the template is valid"))
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Download => "downloading",
        Stage::Copy => "checking",
        Stage::Write => "converting",
        Stage::Publish => "installing",
    }
}

fn list(store: &ModelStore) -> Result<Exit, CommandError> {
    let models = store.list()?;
    if models.is_empty() {
        let known: Vec<&str> = store.known().iter().map(|known| known.name.as_str()).collect();
        let (dir, known) = (store.dir().display(), known.join(", "));
        output::line(&format!(
            "no model is installed under {dir}; `ragops-server model add NAME --from FILE|URL` installs one of: {known}"
        ))?;
    }
    let mut exit = Exit::Done;
    for listed in models {
        match listed.model {
            Ok(model) => {
                let (size, dimension) = (HumanBytes(model.size), model.dimension);
                output::line(&format!("{}  {size}, {dimension} dimensions, digest {}", listed.name, model.digest))?;
            }
            Err(error) => {
                exit = Exit::BadInput;
                output::line(&format!("{}  NOT USABLE: {error}", listed.name))?;
            }
        }
    }
    Ok(exit)
}

fn list_json(store: &ModelStore) -> Result<Exit, CommandError> {
    let mut exit = Exit::Done;
    for listed in store.list()? {
        match listed.model {
            Ok(model) => output::json(&model)?,
            Err(error) => {
                exit = Exit::BadInput;
                output::json(&serde_json::json!({"name": listed.name, "error": error.to_string()}))?;
            }
        }
    }
    Ok(exit)
}
