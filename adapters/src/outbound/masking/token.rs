//! A text as a row of names, values and signs, whichever lexer read it.

use sqlparser::tokenizer::Token as Lexeme;

use super::super::lexer::Lexed;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Kind {
    /// A word that may be a keyword.
    Word,
    /// A name in quotes.
    Quoted,
    Text,
    Number,
    Parameter,
    Sign,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Token {
    pub(in super::super) kind: Kind,
    /// A name in lower case and without its quotes; else as it is written.
    pub(in super::super) text: String,
}

impl Token {
    pub(in super::super) fn new(kind: Kind, text: &str) -> Self {
        Self {
            kind,
            text: text.to_lowercase(),
        }
    }

    pub(in super::super) fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }

    pub(in super::super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    pub(in super::super) fn is_one_of(&self, words: &[&str]) -> bool {
        self.kind == Kind::Word && words.contains(&self.text.as_str())
    }

    pub(in super::super) fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Quoted)
    }
}

/// The significant tokens of a text, one for one.
pub(in super::super) fn of_lexed(lexed: &Lexed) -> Vec<Token> {
    lexed
        .significant()
        .map(|token| match &token.token {
            Lexeme::Word(word) if word.quote_style.is_none() => Token::new(Kind::Word, &word.value),
            Lexeme::Word(word) => {
                let quote = word.quote_style.unwrap_or('"');
                let twice = format!("{quote}{quote}");
                Token::new(
                    Kind::Quoted,
                    &word.value.replace(&twice, &quote.to_string()),
                )
            }
            Lexeme::SingleQuotedString(text) => Token::new(Kind::Text, &text.replace("''", "'")),
            Lexeme::DoubleQuotedString(text) => Token::new(Kind::Text, &text.replace("\"\"", "\"")),
            Lexeme::Number(text, _) => Token::new(Kind::Number, text),
            Lexeme::Placeholder(text) => Token::new(Kind::Parameter, text),
            other => Token::new(Kind::Sign, &other.to_string()),
        })
        .collect()
}
