//! Completions for shells and pages for `man`, made from the definition of the command line itself.

use crate::report::{is_broken_pipe, write_whole_file};
use anyhow::{Context, Result};
use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Arguments of `completions`.
#[derive(Args, Clone, Debug)]
pub struct CompletionsArgs {
    /// Shell to complete in, e.g. bash: `eval "$(record completions bash)"`
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Args, Clone, Debug)]
pub struct ManArgs {
    /// Folder for the pages, made if need be [default: the current folder]. E.g. ~/.local/share/man/man1
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Prints the completions of `command` for a shell to stdout.
///
/// # Errors
/// When stdout cannot be written to.
pub fn completions(mut command: Command, args: &CompletionsArgs) -> Result<()> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    print(&script)
}

/// Writes a page for `command` and one for each of its subcommands, `NAME.1` and `NAME-SUBCOMMAND.1`; prints their paths.
///
/// # Errors
/// When the folder cannot be made or a page cannot be written.
pub fn man(mut command: Command, args: &ManArgs) -> Result<()> {
    let folder = args.out.as_deref().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("{}: cannot create", folder.display()))?;
    // Arguments that subcommands inherit are there only once the command is built.
    command.build();
    let mut paths = String::new();
    for (name, command) in pages(&command) {
        let path = folder.join(format!("{name}.1"));
        let man = Man::new(command).title(name.to_uppercase());
        write_whole_file(&path, |out| man.render(out)).with_context(|| format!("{}: cannot write", path.display()))?;
        paths += &format!("{}\n", path.display());
    }
    print(paths.as_bytes())
}

/// The command and its subcommands, each under the name of its page. `help` prints what the pages say.
fn pages(command: &Command) -> Vec<(String, Command)> {
    let subcommands = command.get_subcommands().filter(|sub| sub.get_name() != "help");
    let page =
        |command: &Command| (command.get_display_name().unwrap_or(command.get_name()).to_owned(), command.clone());
    [command].into_iter().chain(subcommands).map(page).collect()
}

/// A reader that has seen enough and closed the pipe is no failure.
fn print(text: &[u8]) -> Result<()> {
    match io::stdout().write_all(text) {
        Err(error) if !is_broken_pipe(&error) => Err(error).context("cannot write to stdout"),
        _ => Ok(()),
    }
}
