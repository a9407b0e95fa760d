//! Ends a command that works in the foreground when a signal asks it to: what runs is told, and the signal is remembered
//! for the exit code. A second signal ends the process at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::progress::Cancel;

const SIGINT: u8 = 2;
const SIGTERM: u8 = 15;

/// Whether a signal has asked the process to stop.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    cancel: Cancel,
    /// 0 before there was one.
    signal: Arc<AtomicU8>,
}

impl Stop {
    /// Listens for SIGINT (Ctrl-C) and SIGTERM from now on, on a thread of its own.
    pub fn on_signal() -> io::Result<Self> {
        let stop = Self::default();
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let (mut interrupt, mut terminate) = {
            let _entered = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        let told = stop.clone();
        let listen = async move {
            loop {
                let signal = tokio::select! {
                    _ = interrupt.recv() => SIGINT,
                    _ = terminate.recv() => SIGTERM,
                };
                if told.signal().is_some() {
                    std::process::exit(128 + i32::from(signal));
                }
                told.signal.store(signal, Ordering::Relaxed);
                told.cancel.cancel();
            }
        };
        thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(listen))?;
        Ok(stop)
    }

    /// What the work asks whether it is to end.
    pub fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// The number of the signal that came first.
    pub fn signal(&self) -> Option<u8> {
        Some(self.signal.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
    }
}

/// A signal as people know it.
pub fn name_of(signal: u8) -> &'static str {
    if signal == SIGINT { "Ctrl-C (SIGINT)" } else { "SIGTERM" }
}
