//! The command lines explain themselves: help with unit, default and example, completions that shells accept, man pages.

use clap::{Arg, Command, CommandFactory};
use layerscope::analyze::AnalyzeArgs;
use layerscope::record::args::Cli;
use std::io::Write;
use std::process::{self, Stdio};

const RECORD: &str = env!("CARGO_BIN_EXE_record");
const ANALYZE: &str = env!("CARGO_BIN_EXE_analyze");

/// Both programs and all their subcommands, each with its full name.
fn commands() -> Vec<(String, Command)> {
    fn walk(name: String, command: &Command, found: &mut Vec<(String, Command)>) {
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            walk(format!("{name} {}", sub.get_name()), sub, found);
        }
        found.push((name, command.clone()));
    }
    let mut found = Vec::new();
    for mut command in [Cli::command(), AnalyzeArgs::command()] {
        command.build();
        walk(command.get_name().to_owned(), &command, &mut found);
    }
    found
}

fn help(arg: &Arg) -> String {
    arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default()
}

/// What is missing from the help of an argument.
fn lacks(arg: &Arg) -> Option<&'static str> {
    let text = help(arg);
    if text.is_empty() {
        return Some("help");
    }
    if !arg.get_action().takes_values() {
        return None;
    }
    if !text.to_lowercase().contains("e.g.") {
        return Some("an example (e.g. ...)");
    }
    let stated = !arg.get_default_values().is_empty() || text.contains("[default: ");
    (!stated && !arg.is_required_set()).then_some("its default, or what happens without it ([default: ...])")
}

#[test]
fn every_argument_states_default_and_example() {
    let commands = commands();
    let mut problems = Vec::new();
    let mut n_arguments = 0;
    for (name, command) in &commands {
        if command.get_about().is_none_or(|about| about.to_string().is_empty()) {
            problems.push(format!("{name} has no text"));
        }
        for arg in command.get_arguments() {
            n_arguments += 1;
            problems.extend(lacks(arg).map(|what| format!("{name} {arg}: lacks {what}")));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    // The walk must have reached the subcommands, and their arguments.
    assert!(commands.iter().any(|(name, _)| name == "analyze mixture"), "{} commands", commands.len());
    assert!(n_arguments > 100, "{n_arguments} arguments");
}

#[test]
fn a_bare_argument_is_noticed() {
    let help = |text: &'static str| Arg::new("x").long("x").help(text);
    assert_eq!(lacks(&Arg::new("x").long("x")), Some("help"));
    assert_eq!(lacks(&help("A number [default: 1]")), Some("an example (e.g. ...)"));
    assert!(lacks(&help("A number, e.g. 2")).is_some_and(|what| what.contains("default")));
    assert_eq!(lacks(&help("A number [default: all]. E.g. 2")), None);
    assert_eq!(lacks(&help("A number, e.g. 2").required(true)), None);
}

fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = process::Command::new(program).args(arguments).output().unwrap();
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && messages.is_empty(), "{program} {arguments:?}: {messages}");
    output.stdout
}

#[test]
fn shells_accept_their_completions() {
    // What only reads a script and says whether it is one.
    let checks: [(&str, &[&str]); 3] = [("bash", &["-n"]), ("zsh", &["-n"]), ("fish", &["--no-execute"])];
    for program in [RECORD, ANALYZE] {
        for (shell, check) in checks {
            let script = run(program, &["completions", shell]);
            let text = String::from_utf8(script.clone()).unwrap();
            for word in if program == RECORD { ["sizes", "fetch"] } else { ["per-neuron", "mixture"] } {
                assert!(text.contains(word), "{shell}: nothing completes to {word}");
            }
            let child = process::Command::new(shell)
                .args(check)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn();
            let Ok(mut child) = child else {
                eprintln!("SKIPPED: there is no {shell} here to check its completions");
                continue;
            };
            child.stdin.take().unwrap().write_all(&script).unwrap();
            let output = child.wait_with_output().unwrap();
            let messages = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && messages.is_empty(), "{shell} refuses it: {messages}");
        }
        for shell in ["powershell", "elvish"] {
            assert!(run(program, &["completions", shell]).len() > 1000, "{shell}");
        }
    }
}

/// The script does what it is for: `analyze mix<TAB>` is `mixture`.
#[test]
fn bash_completes_a_subcommand() {
    let script = String::from_utf8(run(ANALYZE, &["completions", "bash"])).unwrap();
    let typed = "\nCOMP_WORDS=(analyze mix); COMP_CWORD=1; _analyze analyze mix analyze; echo \"${COMPREPLY[@]}\"\n";
    let output = process::Command::new("bash").args(["--norc", "-c", &(script + typed)]).output();
    let Ok(output) = output else { return eprintln!("SKIPPED: there is no bash here") };
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "mixture");
}

#[test]
fn there_is_a_page_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man/man1");
    for program in [RECORD, ANALYZE] {
        let paths = String::from_utf8(run(program, &["man", "--out", out.to_str().unwrap()])).unwrap();
        assert!(paths.lines().all(|path| std::path::Path::new(path).is_file()), "{paths}");
    }
    for (name, command) in commands() {
        let page = std::fs::read_to_string(out.join(format!("{}.1", name.replace(' ', "-")))).unwrap();
        assert!(page.contains(".TH") && page.contains("SYNOPSIS"), "{name}");
        for flag in command.get_arguments().filter_map(Arg::get_long) {
            assert!(page.contains(&flag.replace('-', "\\-")), "the page of {name} has no --{flag}");
        }
    }
    let taken = process::Command::new(RECORD).args(["man", "--out", RECORD]).output().unwrap();
    assert_eq!(taken.status.code(), Some(2), "a file is no folder");
}
