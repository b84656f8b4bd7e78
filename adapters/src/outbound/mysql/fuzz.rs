//! No bytes make the decoder fail other than by saying that they are malformed.

use domain::query::Cell;
use proptest::{
    collection::vec,
    prelude::{any, prop_assert, prop_oneof},
    sample::select,
    strategy::Strategy,
};

use super::{
    super::fuzz::holds,
    column::Kind,
    value::{Malformed, cell},
};

const KINDS: [Kind; 15] = [
    Kind::Null,
    Kind::Boolean { unsigned: false },
    Kind::Boolean { unsigned: true },
    Kind::Integer {
        bytes: 1,
        unsigned: false,
    },
    Kind::Integer {
        bytes: 2,
        unsigned: true,
    },
    Kind::Integer {
        bytes: 4,
        unsigned: false,
    },
    Kind::Integer {
        bytes: 8,
        unsigned: true,
    },
    Kind::Float,
    Kind::Double,
    Kind::Date,
    Kind::DateTime { digits: 6 },
    Kind::Time { digits: 3 },
    Kind::Text,
    Kind::Json,
    Kind::Bytes,
];

/// Half of them begin with their length, as values of time do.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let any_bytes = || vec(any::<u8>(), 0..14);
    prop_oneof![
        any_bytes(),
        any_bytes().prop_map(|mut bytes| {
            bytes.insert(0, u8::try_from(bytes.len()).unwrap_or(u8::MAX));
            bytes
        }),
    ]
}

#[test]
fn bytes_are_decoded_or_malformed() {
    holds(5000, &(select(&KINDS[..]), bytes()), |(kind, bytes)| {
        let mut text = String::new();
        let decoded = cell(kind, Some(&bytes), &mut text);
        let expected = match kind {
            Kind::Text | Kind::Json => matches!(
                decoded,
                Ok(Cell::Text(_) | Cell::Json(_) | Cell::InvalidText(_))
            ),
            Kind::Bytes => decoded == Ok(Cell::Bytes(&bytes)),
            Kind::Null => decoded == Err(Malformed),
            Kind::Date | Kind::DateTime { .. } | Kind::Time { .. } => {
                matches!(decoded, Ok(Cell::Text(_)) | Err(Malformed))
            }
            _ => matches!(
                decoded,
                Ok(Cell::Bool(_)
                    | Cell::Int(_)
                    | Cell::UInt(_)
                    | Cell::Float32(_)
                    | Cell::Float64(_))
                    | Err(Malformed)
            ),
        };
        prop_assert!(expected, "{decoded:?}");
        Ok(())
    });
}
