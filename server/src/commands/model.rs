//! `model add`, `list`, `verify` and `remove`: embedding models on this machine.

use std::cell::Cell;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use ragops_embed::store::Stage;
use ragops_embed::{AddOptions, AddOutcome, Arithmetic, InstalledModel, ModelSource, ModelStore};
use ragops_engine::revision::{RevisionError, RevisionStore};

use super::{CommandError, Exit};
use crate::cli::{ArithmeticArg, ModelAddArgs, ModelArgs, ModelCommand, ModelRemoveArgs};
use crate::output;
use crate::progress::Display;
use crate::settings::Settings;

pub(super) fn run(args: ModelArgs, settings: &Settings) -> Result<Exit, CommandError> {
    let store = ModelStore::new(settings.models_dir.clone());
    match args.command {
        ModelCommand::Add(args) => add(&store, args),
        ModelCommand::List { json: true } => list_json(&store),
        ModelCommand::List { json: false } => list(&store),
        ModelCommand::Verify { name } => verify(&store, &name),
        ModelCommand::Remove(args) => remove(&store, &args, settings),
    }
}

fn add(store: &ModelStore, args: ModelAddArgs) -> Result<Exit, CommandError> {
    let ModelAddArgs { name, from, query_prefix, passage_prefix, arithmetic } = args;
    let arithmetic = arithmetic.map(|arithmetic| match arithmetic {
        ArithmeticArg::Int8 => Arithmetic::Int8,
        ArithmeticArg::Float32 => Arithmetic::Float32,
    });
    let options = AddOptions { query_prefix, passage_prefix, arithmetic };
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
    let outcome = store.add_with(&name, &ModelSource::parse(&from), &options, &progress);
    bar.finish_and_clear();
    let outcome = outcome?;
    let what = match &outcome {
        AddOutcome::Installed(_) => "installed",
        AddOutcome::AlreadyInstalled(_) => "already installed",
    };
    output::line(&format!("{what}: {} ({})", outcome.model().name, description(outcome.model())))?;
    Ok(Exit::Done)
}

/// What there is to say of a model, for people.
fn description(model: &InstalledModel) -> String {
    let InstalledModel { digest, architecture, layers, dimension, window, arithmetic, .. } = model;
    let size = HumanBytes(model.size);
    let measured =
        model.int8_cosine.map(|cosine| format!(" (int8 measured at cosine {cosine:.4})")).unwrap_or_default();
    format!(
        "{size}, {architecture}, {layers} layers, {dimension} dimensions, windows of {window} tokens, \
         {arithmetic}{measured}, digest {digest}"
    )
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
        Stage::Measure => "measuring",
        Stage::Publish => "installing",
    }
}

fn list(store: &ModelStore) -> Result<Exit, CommandError> {
    let models = store.list()?;
    if models.is_empty() {
        let known: Vec<&str> = store.known().iter().map(|known| known.name.as_str()).collect();
        let (dir, known) = (store.dir().display(), known.join(", "));
        output::line(&format!(
            "no model is installed under {dir}; `ragops-server model add NAME --from FOLDER|FILE|URL` installs one of: \
             {known}; or a model of your own"
        ))?;
    }
    let mut exit = Exit::Done;
    for listed in models {
        match listed.model {
            Ok(model) => output::line(&format!("{}  {}", listed.name, description(&model)))?,
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

fn verify(store: &ModelStore, name: &str) -> Result<Exit, CommandError> {
    let model = store.verify(name)?;
    output::line(&format!("whole: {} ({})", model.name, description(&model)))?;
    Ok(Exit::Done)
}

fn remove(store: &ModelStore, args: &ModelRemoveArgs, settings: &Settings) -> Result<Exit, CommandError> {
    let indexes = indexes_with(&args.name, settings)?;
    if !indexes.is_empty() && !args.force {
        let (name, data) = (args.name.clone(), settings.data.clone());
        return Err(CommandError::ModelInUse { name, data, indexes: indexes.join(", ") });
    }
    store.remove(&args.name)?;
    output::line(&format!("removed: {}", args.name))?;
    Ok(Exit::Done)
}

/// Indexes whose active revision was made with the model.
fn indexes_with(model: &str, settings: &Settings) -> Result<Vec<String>, RevisionError> {
    let mut indexes = Vec::new();
    for name in RevisionStore::list_indexes(&settings.data)? {
        let store = RevisionStore::of_index(&settings.data, &name);
        let active = store.active()?;
        let is_made_with = |manifest: &ragops_engine::revision::Manifest| manifest.model.name == model;
        let mut listed = store.list()?.into_iter();
        if listed.any(|(name, manifest)| Some(name) == active && manifest.as_ref().is_ok_and(is_made_with)) {
            indexes.push(name);
        }
    }
    Ok(indexes)
}
