//! `report`: one file, whole, self-contained, whatever the recording holds or lacks.

use crate::setup::{Setup, add_history, key, sweep, two_level};
use layerscope_recorder::recording::{Companions, Stage, UnitKey};
use std::fs;

const SECTIONS: [&str; 8] = ["spread", "normality", "mixture", "dead", "pca", "growth", "accuracy", "comparison"];

fn page(setup: &Setup) -> String {
    fs::read_to_string(setup.folder.path().join("out.report.html")).unwrap()
}

/// Text of one section.
fn section<'a>(html: &'a str, id: &str) -> &'a str {
    let start = html.find(&format!("<section id=\"{id}\">")).unwrap_or_else(|| panic!("no section {id}"));
    let end = html[start..].find("</section>").unwrap();
    &html[start..start + end]
}

#[test]
fn the_page_has_every_section_and_needs_no_other_file() {
    let setup = sweep();
    add_history(&setup.recording);
    let answer = setup.analyze("report");
    assert_eq!((answer.code, answer.stdout.as_str()), (0, "out.report.html\n"), "{}", answer.stderr);
    assert!(answer.stderr.lines().any(|line| line.starts_with("report: reading: ")), "{}", answer.stderr);
    let html = page(&setup);
    assert!(html.len() < 5_000_000, "{} bytes", html.len());
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">") && html.ends_with("</html>\n"));
    for id in SECTIONS {
        assert!(section(&html, id).contains("<p class=\"verdict\">"), "{id}");
        assert!(html.contains(&format!("<a href=\"#{id}\">")), "{id}");
    }
    for part in ["<script", "<img", "<iframe", "@import", "url(http", "src=", "srcset", "href=\"http", "NaN", ">inf"] {
        assert!(!html.contains(part), "{part}");
    }
    let addresses = html.match_indices("http").map(|(at, _)| &html[at..(at + 26).min(html.len())]);
    let unexpected: Vec<&str> = addresses
        .filter(|text| !text.starts_with("http://www.w3.org/2000/svg") && !text.starts_with("http-equiv"))
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    assert!(html.matches("<svg ").count() >= 8 && html.matches("<svg ").count() == html.matches("</svg>").count());
}

#[test]
fn the_numbers_are_those_of_the_statistics() {
    let setup = sweep();
    add_history(&setup.recording);
    setup.analyze("report --out page.html");
    let html = fs::read_to_string(setup.folder.path().join("page.html")).unwrap();
    // One dead neuron in both networks of size 6; sums of std 12 and 13, 18 and 19; test accuracy 0.75 and 0.6875.
    assert!(section(&html, "dead").contains("At 6 neurons 1 [1, 1] are dead on average in a network, 16.67"));
    assert!(section(&html, "growth").contains("<td>4</td><td>1</td><td>13.00</td>"));
    assert!(section(&html, "accuracy").contains("71.88"));
    for fact in
        ["<dd>out.parquet</dd>", "<dd>mnist_h1</dd>", "<dd>mnist-5k (train)</dd>", "<dd>4, 6</dd>", "<dd>7</dd>"]
    {
        assert!(html.contains(fact), "{fact}");
    }
}

#[test]
fn two_runs_write_the_same_bytes() {
    let setup = sweep();
    setup.analyze("report --out a.html --threads 1");
    setup.analyze("report --out b.html --threads 4");
    let read = |name: &str| fs::read(setup.folder.path().join(name)).unwrap();
    assert!(read("a.html") == read("b.html"), "pages differ");
}

#[test]
fn names_from_the_recording_stay_text() {
    let hostile = "<script>alert(1)</script>\"'&\u{1}";
    let named = |size: i32| UnitKey {
        dataset: hostile.into(),
        model: hostile.into(),
        layer: hostile.into(),
        ..key(size, 0, 1)
    };
    let units = [(named(4), 4, two_level(&[1.0, 2.0, 4.0, 5.0])), (named(5), 5, two_level(&[1.0, 2.0, 3.0, 4.0, 5.0]))];
    let setup = Setup::new(&[Stage::Post], &units);
    let answer = setup.analyze("report");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let html = page(&setup);
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;alert(1)"));
    assert!(!html.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "a control character");
}

#[test]
fn what_is_missing_is_said_in_its_section() {
    let units = [(key(4, 0, 1), 4, two_level(&[1.0, 2.0, 4.0, 5.0])), (key(6, 0, 1), 6, two_level(&[1.0; 6]))];
    let setup = Setup::new(&[Stage::Post], &units);
    let answer = setup.analyze("report");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let html = page(&setup);
    let history = Companions::of(&setup.recording).history;
    let name = history.file_name().unwrap().to_string_lossy().into_owned();
    assert!(
        section(&html, "accuracy").contains("no history beside the recording")
            && section(&html, "accuracy").contains(&name)
    );
    assert!(section(&html, "comparison").contains("Without the recording"));
    assert!(html.contains("one network per size: no interval over replicates"));
}

#[test]
fn constant_and_tiny_layers_still_give_a_page() {
    let zeros = [(key(4, 0, 1), 4, two_level(&[0.0; 4])), (key(1, 0, 1), 1, two_level(&[2.0]))];
    let not_finite = [(key(2, 0, 1), 2, vec![f32::NAN; 8])];
    for units in [&zeros[..], &not_finite[..]] {
        let setup = Setup::new(&Stage::ALL, units);
        let answer = setup.analyze("report");
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let html = page(&setup);
        SECTIONS.iter().for_each(|id| assert!(!section(&html, id).contains(">NaN"), "{id}"));
    }
}

#[test]
fn several_layers_are_not_mixed() {
    let layer = |name: &str, size| UnitKey { layer: name.into(), ..key(size, 0, 1) };
    let values = || two_level(&[1.0, 2.0, 4.0, 5.0]);
    let units = [(layer("hidden.0", 4), 4, values()), (layer("hidden.1", 4), 4, values())];
    let setup = Setup::new(&[Stage::Post], &units);
    let answer = setup.analyze("report");
    assert!(answer.stderr.contains("this page is about") && answer.stderr.contains("hidden.1"), "{}", answer.stderr);
    setup.analyze("report --layer hidden.1");
    assert!(page(&setup).contains("<dd>hidden.1</dd>"));
}

#[test]
fn a_page_that_cannot_be_written_is_one_line_and_leaves_nothing() {
    let setup = sweep();
    setup.analyze("report --out nowhere/page.html").assert_fails(&["nowhere"]);
    setup.analyze("report --out out.parquet").assert_fails(&["out.parquet", "refusing"]);
    setup.analyze("report --size 5").assert_fails(&["no size 5"]);
    assert_eq!(setup.files(), ["out.manifest.json", "out.parquet"]);
}
