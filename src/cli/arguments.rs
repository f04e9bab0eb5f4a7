//! The command line of the program, as clap reads it; the manual page and the completions of shells are made from it.

use super::Task as CliTask;
use crate::app::desktop::instance::Target;
use crate::practice::KeySet;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// 证书助手 – certificates and PINs of USB keys. Without a command the window opens.
#[derive(Parser)]
#[command(version, about)]
pub struct Arguments {
    /// Practice with virtual keys and a CA in this program; `renewal` and `unlock`
    /// have a key for each way a renewal and an unlock can go
    #[arg(long, value_name = "KEYS", num_args = 0..=1, require_equals = true, default_missing_value = "standard")]
    pub practice: Option<KeySet>,
    /// Language of messages on the command line
    #[arg(long, global = true, value_parser = ["zh", "en"])]
    pub lang: Option<String>,
    /// What to show: `window`, `renew`, `unlock`, `check`, `orders`, or a link such as
    /// `cert-assistant:renew?serial=12ab`
    #[arg(long, value_name = "WHAT", num_args = 0..=1, default_missing_value = "window", value_parser = target)]
    pub open: Option<Target>,
    /// Start into the tray
    #[arg(long)]
    pub background: bool,
    /// Ask the program that is running to end, and wait until it has; 1 when it stays, because it is in the middle of
    /// something
    #[arg(long, conflicts_with_all = ["open", "background", "practice"])]
    pub quit: bool,
    /// Draw by Direct3D: OpenGL did not work (Windows)
    #[arg(long, hide = true)]
    pub without_opengl: bool,
    /// Started again after a fault
    #[arg(long, hide = true)]
    pub after_crash: bool,
    /// What to do without a window.
    #[command(subcommand)]
    pub task: Option<Task>,
}

/// What to do instead of showing the window.
#[derive(Subcommand)]
pub enum Task {
    /// A task for a person.
    #[command(flatten)]
    Cli(CliTask),
    /// What the environment check does in a child: load a library
    #[command(hide = true)]
    ProbeDriver {
        /// The library.
        path: PathBuf,
    },
    /// What the environment check does in a child: greet the smart-card service
    #[command(hide = true)]
    ProbeService,
    /// What the packages do for each person: put the icon on the desktop, or take it away
    #[command(hide = true)]
    DesktopIcon {
        /// From now on.
        #[arg(value_parser = ["on", "off"])]
        state: String,
    },
}

fn target(text: &str) -> Result<Target, &'static str> {
    Target::parse(text).ok_or("nothing that can be shown")
}
