//! `optimize devices`, and what the hardware draws, again and again.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use console::{Term, truncate_str};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::args::DevicesArgs;
use super::failure::Failure;
use super::print::{print, print_data};
use super::terminal::Terminal;
use crate::app::devices::{Look, line, table, watched};
use crate::energy::Session;
use crate::guard::text::lines as harmless;

pub(super) fn devices(args: &DevicesArgs) -> Result<(), Failure> {
    if args.watch {
        return watch(args.interval, args.json);
    }
    let diagnosis = Session::builder().diagnose();
    if args.json {
        return print_data(serde_json::to_string_pretty(&diagnosis).map_err(Failure::other)?);
    }
    print(diagnosis.to_string())
}

/// Shows the power until a signal ends it, or until nobody reads any more.
fn watch(interval: f64, json: bool) -> Result<(), Failure> {
    let interval = Duration::try_from_secs_f64(interval).map_err(Failure::usage)?;
    let mut watch = watched(&mut Terminal::Talkative)?;
    let signals = signals().map_err(Failure::other)?;
    let mut out = Output::new(json);
    out.greet().map_err(Failure::other)?;
    while let Err(RecvTimeoutError::Timeout) = signals.recv_timeout(interval) {
        match watch.look().iter().try_for_each(|look| out.show(look)) {
            Ok(()) => {}
            // Who reads no more, such as `head`, has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
            Err(error) => return Err(Failure::other(error)),
        }
    }
    Ok(())
}

/// Tells of the first signal that asks for an end.
fn signals() -> std::io::Result<Receiver<()>> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for _ in signals.forever() {
            // The receiver may be gone already.
            let _ = sender.send(());
        }
    });
    Ok(receiver)
}

/// Where looks are shown.
enum Output {
    /// In place; with the number of lines that stand there.
    Screen(Term, usize),
    Lines,
    Json,
}

impl Output {
    fn new(json: bool) -> Self {
        match (json, std::io::stdout().is_terminal()) {
            (true, _) => Self::Json,
            (false, true) => Self::Screen(Term::stdout(), 0),
            (false, false) => Self::Lines,
        }
    }

    /// So that nobody who looks at an empty screen wonders.
    fn greet(&mut self) -> std::io::Result<()> {
        match self {
            Self::Screen(screen, lines) => {
                *lines = 1;
                screen.write_line("looking; Ctrl-C ends")
            }
            Self::Lines | Self::Json => Ok(()),
        }
    }

    fn show(&mut self, look: &Look) -> std::io::Result<()> {
        let text = match self {
            Self::Screen(screen, lines) => {
                let text = harmless(&table(look)).into_owned();
                let (height, width) = screen.size();
                // A line that wraps, or scrolls away, could not be taken back.
                let shown: Vec<_> = text.lines().take(usize::from(height.max(2)) - 1).collect();
                let shown: Vec<_> = shown.iter().map(|line| truncate_str(line, usize::from(width), "…")).collect();
                screen.clear_last_lines(*lines)?;
                *lines = shown.len();
                return screen.write_line(&shown.join("\n"));
            }
            Self::Lines => harmless(&line(look)).into_owned(),
            Self::Json => serde_json::to_string(look).map_err(std::io::Error::other)? + "\n",
        };
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}
