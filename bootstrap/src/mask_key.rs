//! What masked values are hashed with: read from a file, or made up for this process.

use std::sync::Arc;

use domain::{
    Failure,
    connection::{KnownConfiguration, parameters::Parameter},
    masking::MaskKey,
};

/// Gives the key to each configuration that masks columns. Whether any does, a broken one included.
pub(crate) fn give(known: &mut [KnownConfiguration], file: &str) -> Result<bool, Failure> {
    let masks = |one: &KnownConfiguration| one.exported.get(Parameter::Mask).is_some();
    if !known.iter().any(masks) {
        return Ok(false);
    }
    let key = if file.is_empty() {
        made_up()?
    } else {
        read(file)?
    };
    for one in known {
        if let Ok(config) = &mut one.outcome
            && let Some(masking) = &mut Arc::make_mut(config).masking
        {
            masking.key = Some(key.clone());
        }
    }
    Ok(true)
}

fn made_up() -> Result<MaskKey, Failure> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::internal("No key for masks can be made up.").with_source(error)
    })?;
    MaskKey::new(&bytes).ok_or_else(|| Failure::internal("No key for masks can be made up."))
}

fn read(file: &str) -> Result<MaskKey, Failure> {
    let bytes = std::fs::read(file).map_err(|error| {
        Failure::invalid_argument("MCP_MASK_KEY_FILE names a file that cannot be read.")
            .with_hint("Name a file that this process may read.")
            .with_source(error)
    })?;
    // An editor ends a file with a line of its own.
    MaskKey::new(bytes.trim_ascii()).ok_or_else(|| {
        Failure::invalid_argument("MCP_MASK_KEY_FILE names a file that holds no key.").with_hint(
            format!(
                "Put at least {} random bytes into it.",
                MaskKey::FEWEST_BYTES
            ),
        )
    })
}
