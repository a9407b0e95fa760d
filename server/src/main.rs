//! `ragops-server`: checks the CPU, reads the command line, runs one command, and turns its end into an exit code.

use std::process::ExitCode;

use clap::Parser;
use ragops_formats::pool::{WORKER_ARGUMENT, run_worker};
use ragops_server::cli::Cli;
use ragops_server::settings::Environment;
use ragops_server::{commands, cpu};

fn main() -> ExitCode {
    let missing = cpu::missing_features();
    if !missing.is_empty() {
        eprintln!("error: {}", cpu::message(&missing));
        return ExitCode::from(2);
    }
    // Before anything is started: a worker confines itself first.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == WORKER_ARGUMENT) && arguments.next().is_none() {
        return run_worker();
    }
    commands::run(Cli::parse(), &Environment::of_process()).into()
}
