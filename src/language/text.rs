//! Localized messages: written in English, with named values.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use super::{Language, Translations};

/// The Indonesian of each text.
static INDONESIAN: LazyLock<Translations> =
    LazyLock::new(|| Translations::read(include_str!("id.toml")).unwrap_or_default());

/// A localizable message: an English template with named values. Made by [`say!`](crate::say), or from a literal without values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text {
    /// The written text, with names in braces for the values.
    template: Cow<'static, str>,
    values: Vec<(&'static str, Text)>,
    /// The English of a text written in Indonesian.
    english: Option<String>,
}

impl Text {
    /// A text with values in it.
    pub fn with(template: &'static str, values: Vec<(&'static str, Self)>) -> Self {
        Self { template: Cow::Borrowed(template), values, english: None }
    }

    /// A label of an SOP with its English translation.
    pub fn label(indonesian: String, english: String) -> Self {
        Self { template: Cow::Owned(indonesian), values: Vec::new(), english: Some(english) }
    }

    /// Appends an explanation.
    pub fn with_explanation(self, explanation: Self) -> Self {
        Self::with("{fault}: {explanation}", vec![("fault", self), ("explanation", explanation)])
    }

    /// Renders the message in a language; without a translation as written.
    pub fn in_language(&self, language: Option<Language>) -> String {
        let template = match (language, &self.english) {
            (Some(Language::English), Some(english)) => english,
            (Some(Language::Indonesian), None) => INDONESIAN.translate(&self.template),
            _ => &self.template,
        };
        if self.values.is_empty() {
            return template.to_owned();
        }
        let mut rendered = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, name, after)) = next_name(rest) {
            rendered.push_str(before);
            match self.values.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => rendered.push_str(&value.in_language(language)),
                None => rendered.extend(["{", name, "}"]),
            }
            rest = after;
        }
        rendered + rest
    }
}

/// Splits a template at its next name in braces: before, name, after.
pub(super) fn next_name(template: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = template.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_language(None))
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self { template: Cow::Borrowed(text), values: Vec::new(), english: None }
    }
}

/// User data (a name, a number, a key), the same in every language.
impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { template: Cow::Owned(text), values: Vec::new(), english: None }
    }
}

/// A value for a localized message.
pub trait ToText {
    /// Converts the value.
    fn to_text(&self) -> Text;
}

impl ToText for Text {
    fn to_text(&self) -> Text {
        self.clone()
    }
}

macro_rules! to_text {
    ($($ty:ty),*) => {
        $(impl ToText for $ty {
            fn to_text(&self) -> Text {
                Text::from(self.to_string())
            }
        })*
    };
}

to_text!(String, &String, &str, i32, i64, u32, u64, usize, serde_json::Number, serde_json::Value);

/// A text with values: `say!("You have {most} keys.", most = MOST)`; a name alone is the value of that name.
#[macro_export]
macro_rules! say {
    ($template:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        $crate::language::Text::with(
            $template,
            vec![$((stringify!($name), $crate::language::ToText::to_text(&$crate::say!(@ $name $(= $value)?)))),*],
        )
    };
    (@ $name:ident) => { $name };
    (@ $name:ident = $value:expr) => { $value };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_replace_their_names() {
        let what = Text::from("a note");
        let text = say!("{what}, {count} times: {what} and {unknown}", what, count = 3);
        assert_eq!(text.to_string(), "a note, 3 times: a note and {unknown}");
        let given = "{count} } {";
        assert_eq!(say!("{given}!", given).to_string(), "{count} } {!", "values are no templates");
        assert_eq!(Text::from("{count".to_owned()).to_string(), "{count");
    }

    #[test]
    fn every_translation_has_the_names_of_its_template() {
        let read = Translations::read(include_str!("id.toml")).expect("it reads");
        let names = |text: &str| {
            let (mut found, mut rest) = (Vec::new(), text.to_owned());
            while let Some((_, name, after)) = next_name(&rest) {
                found.push(name.to_owned());
                rest = after.to_owned();
            }
            found.sort();
            found.dedup();
            found
        };
        for (written, translated) in read.all() {
            assert_eq!(names(written), names(translated), "{written}");
            assert_ne!(written, translated);
        }
    }
}
