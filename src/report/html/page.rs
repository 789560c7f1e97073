//! The page as HTML 5.

use super::escape::escape;
use super::{Figure, Page, Section, Table, figure};
use std::io::{self, Write};

/// Forbids scripts and every request, whatever the page may hold.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

impl Page {
    /// Writes one HTML file that needs no other.
    ///
    /// # Errors
    /// What `out` answers.
    pub fn write(&self, out: &mut (dyn Write + Send)) -> io::Result<()> {
        let title = escape(&self.title);
        writeln!(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
        writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">")?;
        writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
        writeln!(out, "<meta name=\"color-scheme\" content=\"light\">\n<link rel=\"icon\" href=\"data:,\">")?;
        writeln!(out, "<title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>", include_str!("style.css"))?;
        writeln!(out, "<header>\n<h1>{title}</h1>\n<p>{}</p>", escape(&self.introduction))?;
        definitions(out, "facts", self.facts.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
        writeln!(out, "</header>\n<main>")?;
        self.write_summary(out)?;
        for section in &self.sections {
            section.write(out)?;
        }
        writeln!(out, "<section id=\"terms\">\n<h2>Terms</h2>")?;
        definitions(out, "terms", self.glossary.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
        writeln!(out, "</section>\n</main>\n</body>\n</html>")
    }

    /// One line per question, and what warns of the whole.
    fn write_summary(&self, out: &mut (dyn Write + Send)) -> io::Result<()> {
        writeln!(out, "<section id=\"summary\">\n<h2>In short</h2>")?;
        warnings(out, &self.warnings)?;
        writeln!(out, "<ol class=\"verdicts\">")?;
        for Section { id, question, verdict, .. } in &self.sections {
            writeln!(out, "<li><a href=\"#{id}\">{}</a> {}</li>", escape(question), escape(verdict))?;
        }
        writeln!(out, "</ol>\n</section>")
    }
}

impl Section {
    fn write(&self, out: &mut (dyn Write + Send)) -> io::Result<()> {
        writeln!(out, "<section id=\"{}\">\n<h2>{}</h2>", self.id, escape(self.question))?;
        writeln!(out, "<p class=\"verdict\">{}</p>", escape(&self.verdict))?;
        for sentence in &self.sentences {
            writeln!(out, "<p>{}</p>", escape(sentence))?;
        }
        warnings(out, &self.warnings)?;
        for (at, figure) in self.figures.iter().enumerate() {
            figure.write(&format!("{}-{}", self.id, at + 1), out)?;
        }
        if !self.definitions.is_empty() {
            writeln!(out, "<details>\n<summary>What the numbers mean</summary>")?;
            definitions(out, "terms", self.definitions.iter().copied())?;
            writeln!(out, "</details>")?;
        }
        if !self.command.is_empty() {
            writeln!(out, "<p class=\"command\">All of these numbers: <code>{}</code></p>", escape(&self.command))?;
        }
        writeln!(out, "</section>")
    }
}

impl Figure {
    fn write(&self, id: &str, out: &mut (dyn Write + Send)) -> io::Result<()> {
        writeln!(out, "<figure id=\"{id}\">")?;
        if !self.svg.is_empty() {
            writeln!(out, "<div class=\"plot\">{}</div>", figure::inline(&self.svg, id, &self.description))?;
        }
        writeln!(out, "<figcaption>{}</figcaption>", escape(&self.description))?;
        if let Some(table) = &self.table {
            writeln!(out, "<details>\n<summary>The numbers</summary>")?;
            table.write(out)?;
            writeln!(out, "</details>")?;
        }
        writeln!(out, "</figure>")
    }
}

impl Table {
    fn write(&self, out: &mut (dyn Write + Send)) -> io::Result<()> {
        writeln!(out, "<div class=\"numbers\"><table>\n<caption>{}</caption>\n<thead><tr>", escape(&self.caption))?;
        for name in &self.header {
            write!(out, "<th scope=\"col\">{}</th>", escape(name))?;
        }
        writeln!(out, "</tr></thead>\n<tbody>")?;
        for row in &self.rows {
            let cells: String = row.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect();
            writeln!(out, "<tr>{cells}</tr>")?;
        }
        writeln!(out, "</tbody>\n</table></div>")
    }
}

/// A list of terms; none when there are no terms.
fn definitions<'a>(
    out: &mut (dyn Write + Send),
    class: &str,
    terms: impl Iterator<Item = (&'a str, &'a str)>,
) -> io::Result<()> {
    let items: String =
        terms.map(|(name, text)| format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(text))).collect();
    if items.is_empty() { Ok(()) } else { writeln!(out, "<dl class=\"{class}\">\n{items}</dl>") }
}

/// A few warnings in sight, many behind their number.
fn warnings(out: &mut (dyn Write + Send), lines: &[String]) -> io::Result<()> {
    const FEW: usize = 4;
    const MOST: usize = 100;
    if lines.is_empty() {
        return Ok(());
    }
    let items: String = lines.iter().take(MOST).map(|line| format!("<li>{}</li>\n", escape(line))).collect();
    let more = if lines.len() > MOST { format!("<li>and {} more</li>\n", lines.len() - MOST) } else { String::new() };
    if lines.len() <= FEW {
        writeln!(out, "<div class=\"warnings\"><p>Warnings</p>\n<ul>\n{items}</ul></div>")
    } else {
        let summary = format!("<summary>{} warnings</summary>", lines.len());
        writeln!(out, "<details class=\"warnings\">{summary}\n<ul>\n{items}{more}</ul></details>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_escaped_wherever_it_stands() {
        let bad = "</title><img src=x onerror=\"a\">";
        let table = Table { caption: bad.into(), header: vec![bad.into()], rows: vec![vec![bad.into()]] };
        let figure =
            Figure { svg: "<svg viewBox=\"0 0 1 1\"></svg>".into(), description: bad.into(), table: Some(table) };
        let section = Section {
            id: "dead",
            question: "How many?",
            verdict: bad.into(),
            sentences: vec![bad.into()],
            figures: vec![figure],
            definitions: vec![("n", "a number")],
            warnings: vec![bad.into()],
            command: bad.into(),
        };
        let page = Page {
            title: bad.into(),
            introduction: bad.into(),
            facts: vec![(bad.into(), bad.into())],
            warnings: vec![bad.into(); 108],
            sections: vec![section],
            glossary: vec![("W".into(), bad.into())],
        };
        let mut bytes = Vec::new();
        page.write(&mut bytes).unwrap();
        let html = String::from_utf8(bytes).unwrap();
        assert!(!html.contains("<img") && html.contains("&lt;img src=x onerror=&quot;a&quot;&gt;"));
        assert_eq!((html.matches("<title>").count(), html.matches("</title>").count()), (1, 1));
        for part in
            ["<h2>How many?</h2>", "id=\"dead-1-text\"", "and 8 more", "<dt>n</dt><dd>a number</dd>", "href=\"#dead\""]
        {
            assert!(html.contains(part), "{part}");
        }
    }
}
