//! Text that stays text.

/// The text for an element or a quoted attribute: markup characters as entities, control characters (which HTML forbids)
/// and the marks that reverse the direction of the text after them as U+FFFD.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if is_forbidden(c) => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Characters that have no place in a page: controls but for white space, non-characters, overrides of direction.
pub fn is_forbidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fdd0}'..='\u{fdef}')
        || (c as u32) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_becomes_markup() {
        let hostile = "<script>alert('x')</script> & \"onload\"";
        assert_eq!(escape(hostile), "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;onload&quot;");
        assert_eq!(escape("a\0b\u{1b}\u{202e}\u{ffff}\n"), "a\u{fffd}b\u{fffd}\u{fffd}\u{fffd}\n");
        assert_eq!(escape("λ₁ ≈ 0.5 [0.2, 0.7]"), "λ₁ ≈ 0.5 [0.2, 0.7]");
    }
}
