//! Pictures inside the page.

use super::escape::{escape, is_forbidden};

/// The element with identifiers that occur once in the page, a description, and no text that a page cannot hold.
///
/// Clip paths are numbered by the plotting crate over the life of the program; here they are named after the figure, so
/// that the same recording gives the same page.
pub fn inline(svg: &str, id: &str, description: &str) -> String {
    let svg: String = svg.chars().map(|c| if is_forbidden(c) { '\u{fffd}' } else { c }).collect();
    let svg = renamed(svg.trim(), id);
    let opening = format!("<svg role=\"img\" aria-labelledby=\"{id}-text\" ");
    let svg = svg.replacen("<svg ", &opening, 1);
    let (head, body) = svg.split_once('>').unwrap_or((&svg, ""));
    format!("{head}><desc id=\"{id}-text\">{}</desc>{body}", escape(description))
}

/// Each `id="x"` and its uses as `url(#x)`, numbered in the order of their definition.
fn renamed(svg: &str, id: &str) -> String {
    let mut renamed = svg.to_string();
    let names: Vec<&str> = svg.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for (number, name) in names.into_iter().enumerate() {
        renamed = renamed.replace(&format!(" id=\"{name}\""), &format!(" id=\"{id}-part-{number}\""));
        renamed = renamed.replace(&format!("url(#{name})"), &format!("url(#{id}-part-{number})"));
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_the_figures_own_and_the_description_is_text() {
        let svg = "<svg viewBox=\"0 0 1 1\"><defs><clipPath id=\"kuva-clip-7\"/></defs><g clip-path=\"url(#kuva-clip-7)\">\
                   <text>a\u{1}</text></g></svg>";
        let text = inline(svg, "dead-1", "dead <neurons>");
        assert!(text.starts_with("<svg role=\"img\" aria-labelledby=\"dead-1-text\" viewBox=\"0 0 1 1\"><desc id=\"dead-1-text\">dead &lt;neurons&gt;</desc><defs>"), "{text}");
        assert!(text.contains(" id=\"dead-1-part-0\"") && text.contains("url(#dead-1-part-0)"), "{text}");
        assert!(!text.contains("kuva") && text.contains("a\u{fffd}"), "{text}");
    }
}
