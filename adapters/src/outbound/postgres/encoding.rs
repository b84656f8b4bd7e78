//! The encoding of a database: which letters it has, and what its server makes of them in a name.

use sqlx::PgConnection;

use super::{super::stand_ins::WESTERN, session::run, text_of};

/// Letters that the encodings have which lack some of [`WESTERN`]: small ones, so that no server reads them as others.
const ALPHABETS: [(&str, &[&str]); 12] = [
    (
        "яюэьыъщшчцхфутсрпонмлкйизжедгвба",
        &[
            "EUC_CN",
            "EUC_JIS_2004",
            "EUC_JP",
            "EUC_KR",
            "ISO_8859_5",
            "KOI8R",
            "KOI8U",
            "WIN1251",
            "WIN866",
        ],
    ),
    (
        "ýüúöôóîíëéçäâáđšžčćěřťůűőňńľĺďęąłśźż",
        &["LATIN2", "WIN1250"],
    ),
    (
        "žšüöäåæøõéēīūģķļņāčęėįų",
        &["LATIN4", "LATIN6", "LATIN7", "WIN1257"],
    ),
    ("ŭùûüúöôóòñïîíìëêéèçäâáàħĥĉċĝġĵŝ", &["LATIN3"]),
    ("ÿûúùøõôóòñïîíìëêéèçæåãâáàğış", &["LATIN5", "WIN1254"]),
    ("ÿýûúùøõôóòñïîíìëêéèçæåãâáàŵŷẁ", &["LATIN8"]),
    ("šúöôóîíëéçäâáàèêìïòùûüăąćđęłńőśșțűźżž", &["LATIN10"]),
    ("ÿûúùøóôñïîíëêéèçæåâáàơưăđ", &["WIN1258"]),
    (
        "ωψχφυτσρποξνμλκιθηζεδγβα",
        &["EUC_TW", "ISO_8859_7", "WIN1253"],
    ),
    ("תשרקצפעסנמלכיטחזוהדגבא", &["ISO_8859_8", "WIN1255"]),
    ("يوهنملكقفغعظطضصشسزرذدخحجثتبا", &["ISO_8859_6", "WIN1256"]),
    ("ฮอฬหสษศวลรยมภฟพฝผปบนธทถตดฐฎฌฉจฆคขก", &["WIN874"]),
];

/// The database does not know the encoding of its text.
pub(super) const PLAIN_BYTES: &str = "SQL_ASCII";

/// Letters that its server reads as others in a name without quotes. In an encoding of several bytes a letter there are none.
const FOLDED: &str = "SELECT letter, folded FROM (\
     SELECT pg_catalog.chr(n) AS letter, (pg_catalog.parse_ident(pg_catalog.chr(n)))[1] AS folded \
     FROM pg_catalog.generate_series(128, 255) AS n) AS letters \
     WHERE letter OPERATOR(pg_catalog.<>) folded COLLATE pg_catalog.\"C\"";

#[derive(Debug)]
pub(super) struct Encoding {
    /// What a stand-in may begin with.
    pub(super) letters: &'static str,
    /// A name comes back as it went there, but for its length.
    pub(super) is_ours: bool,
    /// Places in a text are told in bytes, where others tell them in characters.
    counts_bytes: bool,
    /// A letter, and which it is read as.
    folded: Vec<(char, char)>,
}

impl Default for Encoding {
    fn default() -> Self {
        Self::of("UTF8")
    }
}

impl Encoding {
    /// Of that name.
    fn of(name: &str) -> Self {
        let alphabet = ALPHABETS
            .iter()
            .find(|(_, encodings)| encodings.contains(&name));
        Self {
            letters: alphabet.map_or(WESTERN, |(letters, _)| *letters),
            is_ours: matches!(name, "UTF8" | PLAIN_BYTES | ""),
            counts_bytes: name == PLAIN_BYTES,
            folded: Vec::new(),
        }
    }

    /// Of that name, with what the server makes of its letters.
    pub(super) async fn learn(name: &str, connection: &mut PgConnection) -> Self {
        let mut encoding = Self::of(name);
        if encoding.is_ours || name.starts_with("EUC_") {
            return encoding;
        }
        // A relative that lacks the question folds what it likes, as all of them do.
        let rows = run(connection, FOLDED.to_owned()).await.unwrap_or_default();
        let letter = |row, column| text_of(row, column).and_then(|text| text.chars().next());
        encoding.folded = rows
            .iter()
            .filter_map(|row| Some((letter(row, 0)?, letter(row, 1)?)))
            .collect();
        encoding
    }

    /// The character of a text that the server means by a place in it.
    pub(super) fn character(&self, place: usize, text: &str) -> usize {
        let before = place.checked_sub(1).filter(|_| self.counts_bytes);
        match before.and_then(|before| text.get(..before)) {
            Some(before) => before.chars().count() + 1,
            None => place,
        }
    }

    /// A name without quotes, as the server reads it.
    pub(super) fn fold(&self, word: &str) -> String {
        word.chars()
            .map(|letter| {
                let known = self.folded.iter().find(|(from, _)| *from == letter);
                known.map_or_else(|| letter.to_ascii_lowercase(), |(_, to)| *to)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_stands_in_once_and_is_a_small_one() {
        let alphabets = ALPHABETS.iter().map(|(letters, _)| *letters);
        for letters in alphabets.chain([WESTERN]) {
            let mut seen = Vec::new();
            for letter in letters.chars() {
                assert!(!seen.contains(&letter), "{letter} in {letters}");
                assert!(!letter.is_uppercase() && !letter.is_ascii(), "{letter}");
                seen.push(letter);
            }
            assert!(seen.len() > 20, "{letters}");
        }
    }

    #[test]
    fn a_name_is_folded_as_the_server_does() {
        let plain = Encoding::of("LATIN2");
        let polish = Encoding {
            folded: vec![('Ż', 'ż'), ('Ó', 'ó')],
            ..Encoding::of("LATIN2")
        };

        assert_eq!(plain.fold("ŻÓLW_A"), "ŻÓlw_a");
        assert_eq!(polish.fold("ŻÓLW_A"), "żólw_a");
    }

    #[test]
    fn a_place_is_told_in_characters() {
        let text = "SELECT 'é', b";
        for (encoding, place) in [("UTF8", 13), ("LATIN2", 13), (PLAIN_BYTES, 14)] {
            assert_eq!(
                Encoding::of(encoding).character(place, text),
                13,
                "{encoding}"
            );
        }
    }
}
